import { EventEmitter } from 'node:events';
import { InvariantError, Lifecycle } from '@tocsin/kernel';
import { captureLogger } from '@tocsin/kernel/testing';
import { describe, expect, it } from 'vitest';
import { superviseProcess } from './supervise.ts';
import type { ProcessLike } from './supervise.ts';
import { nodeClock, nodeTimers } from './time.ts';

function setUp(onReload?: () => void) {
  const emitter = new EventEmitter();
  const exits: number[] = [];
  const host: ProcessLike = {
    on: (event, listener) => emitter.on(event, listener),
    off: (event, listener) => emitter.off(event, listener),
    exit: (code) => exits.push(code),
  };
  const log = captureLogger();
  const lifecycle = new Lifecycle({ clock: nodeClock(), timers: nodeTimers(), logger: log });
  const stops: string[] = [];
  lifecycle.onStop('store', 1_000, async () => void stops.push('store'));
  lifecycle.onStop('server', 1_000, async () => void stops.push('server'));
  const supervision = superviseProcess({
    lifecycle,
    logger: log,
    process: host,
    ...(onReload === undefined ? {} : { onReload }),
  });
  return { emitter, exits, log, stops, supervision };
}
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe('superviseProcess', () => {
  it('stops once and in order on SIGTERM, however many signals come, then exits with 0', async () => {
    const { emitter, exits, stops } = setUp();
    emitter.emit('SIGTERM');
    emitter.emit('SIGINT');
    emitter.emit('SIGTERM');
    await settled();
    expect(stops).toEqual(['server', 'store']);
    expect(exits).toEqual([0]);
  });

  it('reloads on SIGHUP and survives a reload that fails', async () => {
    let reloads = 0;
    const { emitter, exits, log } = setUp(() => {
      reloads += 1;
      throw new Error('line 3: unknown receiver');
    });
    emitter.emit('SIGHUP');
    await settled();
    expect([reloads, exits]).toEqual([1, []]);
    expect(log.lines.find(({ level }) => level === 'error')?.facts['err']).toEqual(
      new Error('line 3: unknown receiver'),
    );
  });

  it('ends the process with 1 on an error that nobody caught, without stopping in order', async () => {
    for (const event of ['uncaughtException', 'unhandledRejection']) {
      const { emitter, exits, stops, log } = setUp();
      emitter.emit(event, new InvariantError('a row without a key'));
      await settled();
      expect([exits, stops]).toEqual([[1], []]);
      expect(log.lines.at(-1)).toMatchObject({ level: 'error', facts: { err: 'a row without a key' } });
    }
  });

  it('takes a wish to stop from the program itself, with its exit code', async () => {
    const { exits, supervision } = setUp();
    const reports = await supervision.stop('the main thread stalled', 70);
    expect(reports.map(({ outcome }) => outcome)).toEqual(['done', 'done']);
    expect(exits).toEqual([70]);
  });

  it('leaves no handler behind when disposed', () => {
    const { emitter, supervision } = setUp();
    supervision.dispose();
    expect(emitter.eventNames()).toEqual([]);
  });
});
