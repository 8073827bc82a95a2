/**
 * What the operating system and our own mistakes ask of the process: SIGTERM and SIGINT stop it once and in
 * order, SIGHUP reloads, and an error that nobody caught ends it at once, so that a supervisor starts a
 * replica that is whole in place of one that may be wrong.
 */
import { messageOf } from '@tocsin/kernel';
import type { Lifecycle, Logger, StopReport } from '@tocsin/kernel';

export interface ProcessLike {
  on(event: string, listener: (...args: readonly unknown[]) => void): unknown;
  off(event: string, listener: (...args: readonly unknown[]) => void): unknown;
  exit(code: number): void;
}

export interface SuperviseOptions {
  readonly lifecycle: Pick<Lifecycle, 'stop'>;
  readonly logger: Logger;
  /** On SIGHUP. What it throws is logged, and the process goes on with what it had. */
  readonly onReload?: () => Promise<void> | void;
  /** Default: this process. */
  readonly process?: ProcessLike;
}

export interface Supervision {
  /** Stops as a signal would, and ends the process with this code. */
  stop(reason: string, exitCode?: number): Promise<readonly StopReport[]>;
  /** Takes the handlers off again. */
  dispose(): void;
}

export function superviseProcess({
  lifecycle,
  logger,
  onReload,
  process: host = nodeProcess(),
}: SuperviseOptions): Supervision {
  let stopping: Promise<readonly StopReport[]> | undefined;
  const stop = (reason: string, exitCode = 0): Promise<readonly StopReport[]> => {
    if (stopping !== undefined) logger.info('Already stopping', { reason });
    stopping ??= stopThenExit(reason, exitCode);
    return stopping;
  };
  const stopThenExit = async (reason: string, exitCode: number): Promise<readonly StopReport[]> => {
    logger.info('Stopping', { reason });
    const reports = await lifecycle.stop();
    logger.info('Stopped', {
      steps: reports.length,
      incomplete: reports.filter(({ outcome }) => outcome !== 'done').length,
    });
    host.exit(exitCode);
    return reports;
  };
  const reload = async (): Promise<void> => {
    try {
      await onReload?.();
    } catch (cause) {
      logger.error('Reload failed; the configuration stays as it was', { err: cause });
    }
  };
  const crash = (thrown: unknown): void => {
    logger.error('A mistake in the program ends it; please report this line', {
      err: messageOf(thrown),
      stack: thrown instanceof Error ? thrown.stack : undefined,
    });
    host.exit(1);
  };
  const handlers: readonly (readonly [event: string, run: (...args: readonly unknown[]) => void])[] = [
    ['SIGTERM', () => void stop('SIGTERM')],
    ['SIGINT', () => void stop('SIGINT')],
    ['SIGHUP', () => void reload()],
    ['uncaughtException', crash],
    ['unhandledRejection', crash],
  ];
  for (const [event, run] of handlers) host.on(event, run);
  return {
    stop,
    dispose: () => {
      for (const [event, run] of handlers) host.off(event, run);
    },
  };
}

function nodeProcess(): ProcessLike {
  return {
    on: (event, listener) => process.on(event, listener),
    off: (event, listener) => process.off(event, listener),
    exit: (code) => process.exit(code),
  };
}
