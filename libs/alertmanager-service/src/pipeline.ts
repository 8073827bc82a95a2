/**
 * @module alertmanager-service/pipeline
 *
 * One flush of one group: drop what is inhibited, muted or silenced, then let
 * each integration of the receiver decide and send for itself (spec/alertmanager.md chapter 6).
 * Each stage says what it dropped and why.
 */
import {
  flushDeadlineMs,
  flushSnapshot,
  turnDelayMs,
  type Configuration,
  type FlushAlert,
  type Inhibitor,
  type ReceiverConfig,
} from '@tocsin/alerting';
import type { ClusterPort } from '@tocsin/cluster';
import {
  AppError,
  messageOf,
  type Clock,
  type Logger,
  type Meter,
  type Timers,
  type Tracer,
  type WallMs,
} from '@tocsin/kernel';
import type { AlertHash, Fingerprint, NamedTimeInterval, Tenant } from '@tocsin/model';
import { CancelSignal } from './cancel.ts';
import type { Group } from './dispatcher.ts';
import { about, type FlushContext } from './flush-context.ts';
import type { Emit } from './emit.ts';
import { notifyIntegration, type NotifyDeps } from './notify.ts';
import { Muting } from './muting.ts';
import type { ReplicatedLog } from './replicated-log.ts';

export interface PipelineDeps extends NotifyDeps {
  readonly tenant: Tenant;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly tracer: Tracer;
  readonly emit: Emit;
  readonly cluster: ClusterPort;
  readonly log: ReplicatedLog;
  readonly peerTimeoutMs: number;
  readonly intervalsOf: (configuration: Configuration) => ReadonlyMap<string, NamedTimeInterval>;
  /** Raised at reload and shutdown: waits end, attempts under way go on. */
  readonly stop: CancelSignal;
  /** Marks what the last flush found, for `alertmanager_alerts`. */
  readonly onSuppressed: (fingerprint: Fingerprint, isSuppressed: boolean) => void;
}

/** Runs one flush. True: everything that had to be sent was sent. Never rejects. */
export async function runPipeline(
  deps: PipelineDeps,
  configuration: Configuration,
  inhibitor: Inhibitor,
  group: Group,
  alerts: readonly FlushAlert[],
  now: WallMs,
): Promise<boolean> {
  const waitMs = turnDelayMs(deps.cluster.view().position, deps.peerTimeoutMs);
  const deadlineMs = flushDeadlineMs(group.route.groupIntervalMs, waitMs);
  const signal = new CancelSignal();
  const cancelDeadline = deps.timers.after(deadlineMs, () =>
    signal.raise(new AppError('deadline', `the flush was not done after ${deadlineMs} ms`)),
  );
  const unlisten = deps.stop.onRaise((reason) => signal.raise(reason));
  const span = deps.tracer.start('dispatch.AggregationGroup.flush', {
    links: deps.tracer.isOn ? linksOf(alerts) : [],
    attributes: { 'alerting.aggregation_group.key': group.key, 'alerting.alerts.count': alerts.length },
  });
  try {
    deps.emit(
      deps.tenant,
      { type: 'flush-due', ...about(group), flush: group.flushes, alerts: alerts.map(fingerprintOf) },
      span.traceparent,
    );
    const muting = new Muting({ ...deps, configuration, inhibitor, group, span });
    const muteNow = (left: readonly FlushAlert[]): readonly FlushAlert[] => muting.left(left);
    const context = {
      group,
      now,
      deadline: now + deadlineMs,
      signal,
      span,
      snapshot: alerts,
      due: () => muteNow(alerts),
      batch: (told: ReadonlySet<AlertHash>) => muteNow(currentAlerts(group, alerts, told, deps.clock.wall())),
    };
    const isDone = muteNow(alerts).length === 0 || (await fanOut(deps, configuration, context));
    span.end(isDone ? undefined : 'not everything was sent');
    return isDone;
  } catch (error) {
    const isOurs = error instanceof AppError && (error.code === 'cancelled' || error.code === 'deadline');
    deps.logger[isOurs ? 'debug' : 'error']('A flush ended early', {
      group_key: group.key,
      err: messageOf(error),
    });
    deps.emit(
      deps.tenant,
      { type: 'flush-ended-early', ...about(group), error: messageOf(error) },
      span.traceparent,
    );
    span.end(messageOf(error));
    if (!isOurs) throw error;
    return false;
  } finally {
    cancelDeadline();
    unlisten();
  }
}

/**
 * The alerts of a flush as they are now. One that has fired again since the snapshot has the next
 * flush, as has one that joined the group; unless people know of it already, by a peer: a batch without
 * it would say that it is resolved.
 */
function currentAlerts(
  group: Group,
  snapshot: readonly FlushAlert[],
  told: ReadonlySet<AlertHash>,
  at: WallMs,
): readonly FlushAlert[] {
  const seen = new Map(snapshot.map((each) => [each.alert.labels.fingerprint, each]));
  return flushSnapshot(group.alerts.values(), at).flatMap((current) => {
    const { fingerprint, hash } = current.alert.labels;
    const before = seen.get(fingerprint);
    if (told.has(hash)) return current;
    if (before === undefined) return [];
    return before.isResolved && !current.isResolved ? before : current;
  });
}

async function fanOut(
  deps: PipelineDeps,
  configuration: Configuration,
  context: FlushContext,
): Promise<boolean> {
  const receiver = receiverOf(configuration, context.group.route.receiver);
  const done = await Promise.all(
    receiver.integrations.map((integration) => notifyIntegration(deps, context, receiver, integration)),
  );
  return done.every(Boolean);
}

function receiverOf(configuration: Configuration, name: string): ReceiverConfig {
  const receiver = configuration.receivers.find((each) => each.name === name);
  if (receiver === undefined)
    throw new AppError('internal', `route names receiver ${name}, which is not configured`);
  return receiver;
}

const fingerprintOf = ({ alert }: FlushAlert): Fingerprint => alert.labels.fingerprint;
/** Links of one flush span; more would not be looked at, and cost. */
const linksMax = 64;
const linksOf = (alerts: readonly FlushAlert[]): string[] =>
  [...new Set(alerts.map(({ alert }) => alert.traceparent))]
    .filter((trace) => trace !== '')
    .slice(0, linksMax);
