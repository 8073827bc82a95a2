/**
 * @module alertmanager-service/notify
 *
 * One integration's share of one flush: wait for our turn, look at the log, send, retry, write the
 * log. This is where two replicas could page somebody twice, so the order is strict:
 *
 *   turn -> barrier -> decide -> send      (the last three in one synchronous turn)
 *
 * The barrier hands over what peers have already told us; in Node a timer that is due would
 * otherwise run before a message that has already arrived. Before each retry the log is looked at
 * again: another replica may have delivered meanwhile.
 */
import {
  decide,
  nflogEntryFor,
  notificationId,
  turnDelayMs,
  type DedupAnswer,
  type FlushAlert,
  type IntegrationConfig,
  type NflogEntry,
  type ReceiverConfig,
  type ReceiverData,
} from '@tocsin/alerting';
import type { ClusterPort } from '@tocsin/cluster';
import type { NotifyOutcome, NotifyRequest } from '@tocsin/contracts';
import {
  AppError,
  type Clock,
  type Logger,
  type Meter,
  type Random,
  type Span,
  type Timers,
  type Tracer,
} from '@tocsin/kernel';
import { msOf, type AlertHash, type ReceiverRef, type Tenant } from '@tocsin/model';
import { sleep } from './cancel.ts';
import type { Emit } from './emit.ts';
import type { FeatureMeter } from './feature-meter.ts';
import { alertmanagerMetrics as metrics } from './metrics.ts';
import { about, type FlushContext } from './flush-context.ts';
import type { Observer } from './recorder/observer.ts';
import type { IntegrationSettings, ReceiversClient } from './receivers-client.ts';
import type { ReplicatedLog } from './replicated-log.ts';
import type { RouteLabels } from './route-labels.ts';
import { inSpan } from './traced-http.ts';

/** Back-off between attempts (spec/alertmanager.md 6.3): 500 ms x 1.5^n, each +-50 %, capped. */
const RETRY_FIRST_MS = 500;
const RETRY_FACTOR = 1.5;
const RETRY_MAX_MS = 60_000;

export interface NotifyDeps {
  readonly tenant: Tenant;
  readonly replica: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly figures: FeatureMeter;
  readonly tracer: Tracer;
  readonly emit: Emit;
  readonly observer: Observer;
  readonly cluster: ClusterPort;
  readonly log: ReplicatedLog;
  readonly receivers: ReceiversClient;
  readonly peerTimeoutMs: number;
  readonly retentionMs: number;
  readonly externalUrl: string;
  readonly routeLabels: RouteLabels;
  /** The settings of an integration as a receivers replica takes them; made once per configuration. */
  readonly settingsOf: (integration: IntegrationConfig) => IntegrationSettings;
  /** Whether this replica wrote the entry; for explanations. */
  readonly isOwnEntry: (entry: NflogEntry) => boolean;
  readonly onRecorded: (entry: NflogEntry) => void;
}

/** What one integration looks at and sends. */
interface Job {
  readonly context: FlushContext;
  readonly integration: IntegrationConfig;
  readonly receiver: ReceiverRef;
  readonly alerts: readonly FlushAlert[];
  readonly firing: readonly AlertHash[];
  readonly resolved: readonly AlertHash[];
}

interface Verdict {
  readonly job: Job;
  readonly decision: DedupAnswer;
  readonly entry: NflogEntry | undefined;
  readonly id: string;
}

/** True: done, whether something was sent or nothing had to be. Rejects only when the flush is cancelled. */
export async function notifyIntegration(
  deps: NotifyDeps,
  context: FlushContext,
  receiver: ReceiverConfig,
  integration: IntegrationConfig,
): Promise<boolean> {
  await waitForTurn(deps, context);
  await settleBarrier(deps);
  const ref = { groupName: receiver.name, integration: integration.integration, index: integration.index };
  // What has changed since belongs to the next flush, in which we wait our turn for it: told now, it
  // would be told twice when another replica's turn, or flush, falls on this moment.
  const due = look(deps, jobWith(context, ref, integration, context.due()));
  if (!due.decision.send) {
    explainNotSent(deps, due);
    return true;
  }
  const job = jobOf(deps, context, ref, integration);
  if (isMutedMeanwhile(job)) return true;
  const verdict = look(deps, job);
  if (!verdict.decision.send) {
    explainNotSent(deps, verdict);
    return true;
  }
  return send(deps, verdict);
}

/**
 * Everything was silenced or inhibited while we waited. That is not "all resolved": a log that said so
 * would have the same alerts told again as new ones when the silence ends.
 */
const isMutedMeanwhile = (job: Job): boolean => job.alerts.length === 0;

/** What there is to say at this moment. */
function jobOf(
  deps: NotifyDeps,
  context: FlushContext,
  receiver: ReceiverRef,
  integration: IntegrationConfig,
): Job {
  const told = new Set(deps.log.nflog.get(context.group.key, receiver)?.firing);
  return jobWith(context, receiver, integration, context.batch(told));
}

function jobWith(
  context: FlushContext,
  receiver: ReceiverRef,
  integration: IntegrationConfig,
  alerts: readonly FlushAlert[],
): Job {
  return {
    context,
    integration,
    receiver,
    alerts,
    firing: alerts.filter((each) => !each.isResolved).map((each) => each.alert.labels.hash),
    resolved: alerts.filter((each) => each.isResolved).map((each) => each.alert.labels.hash),
  };
}

async function waitForTurn(deps: NotifyDeps, context: FlushContext): Promise<void> {
  const { position } = deps.cluster.view();
  const waitMs = turnDelayMs(position, deps.peerTimeoutMs);
  if (waitMs === 0) return;
  const span = deps.tracer.start('notify.WaitStage.Exec', {
    parent: context.span.traceparent,
    attributes: { position },
  });
  try {
    await sleep(deps.timers, waitMs, context.signal);
  } finally {
    span.end();
  }
  deps.emit(
    deps.tenant,
    { type: 'waited-for-turn', ...about(context.group), position, waitMs },
    context.span.traceparent,
  );
}

/** After it resolves the caller decides in the same turn: no `await` may stand between. */
async function settleBarrier(deps: NotifyDeps): Promise<void> {
  const stalled = deps.cluster.barrier();
  if (stalled === undefined) return;
  deps.meter.add(metrics.stalls, 1, {});
  await stalled;
  // Whatever comes: a replica that stalls again and again must still decide.
  void deps.cluster.barrier();
}

/** Looks at the log as it is now. */
function look(deps: NotifyDeps, job: Job): Verdict {
  const options = { parent: job.context.span.traceparent, attributes: countsOf(job) };
  return inSpan(deps.tracer, 'notify.DedupStage.Exec', options, () => verdictOf(deps, job));
}

const countsOf = ({ firing, resolved }: Job): Readonly<Record<string, number>> => ({
  'alerting.alerts.firing.count': firing.length,
  'alerting.alerts.resolved.count': resolved.length,
});

function verdictOf(deps: NotifyDeps, job: Job): Verdict {
  const { group, now } = job.context;
  const entry = deps.log.entryOf(group.key, job.receiver);
  const decision = decide({
    entry,
    firing: new Set(job.firing),
    resolved: new Set(job.resolved),
    sendResolved: job.integration.sendResolved,
    repeatIntervalMs: group.route.repeatIntervalMs,
    nowMs: now,
  });
  const id = notificationId({
    tenant: deps.tenant,
    groupKey: group.key,
    receiver: job.receiver,
    entry,
    firing: job.firing,
    resolved: job.resolved,
  });
  return { job, decision, entry, id };
}

function explainNotSent(deps: NotifyDeps, { job, decision, entry, id }: Verdict): void {
  const at = entry === undefined ? undefined : msOf(entry.at);
  deps.emit(
    deps.tenant,
    {
      type: 'deduplicated',
      ...about(job.context.group),
      receiver: job.receiver,
      notificationId: id,
      reason: decision.reason,
      ...(entry === undefined || at === undefined
        ? {}
        : {
            entry: {
              at,
              ageMs: deps.clock.wall() - at,
              isOwn: deps.isOwnEntry(entry),
              ...writerOf(deps, entry),
            },
          }),
      firing: job.firing,
      resolved: job.resolved,
    },
    job.context.span.traceparent,
  );
}

function writerOf(deps: NotifyDeps, entry: NflogEntry): { readonly by?: string } {
  const origin = deps.log.originOf(entry);
  return origin === undefined || origin.isRestored || origin.by === '' ? {} : { by: origin.by };
}

async function send(deps: NotifyDeps, first: Verdict): Promise<boolean> {
  const { context, integration, receiver } = first.job;
  deps.figures.notification(receiver);
  const span = deps.tracer.start('notify.RetryStage.Exec', {
    parent: context.span.traceparent,
    attributes: {
      'alerting.integration.name': receiver.integration,
      'alerting.group.name': receiver.groupName,
    },
  });
  let verdict = first;
  let backoffMs = RETRY_FIRST_MS;
  for (let attempt = 1; ; attempt++) {
    if (toSend(verdict.job).length === 0) {
      // Nothing is said to people, but the log must forget what fired (spec 6.3).
      deps.emit(
        deps.tenant,
        { type: 'resolved-not-sent', ...aboutNotification(verdict), ...batchOf(verdict) },
        span.traceparent,
      );
      record(deps, verdict, verdict.entry?.receiverData ?? new Map());
      span.end();
      return true;
    }
    const outcome = await attemptOnce(deps, verdict, attempt, span);
    if (outcome.status === 'delivered') {
      delivered(deps, verdict, outcome, attempt, span);
      return true;
    }
    const pauseMs = Math.max(outcome.retryAfterMs, backoffMs * (0.5 + deps.random.float()));
    backoffMs = Math.min(backoffMs * RETRY_FACTOR, RETRY_MAX_MS);
    if (outcome.status !== 'retry' || deps.clock.wall() + pauseMs >= context.deadline) {
      return giveUp(deps, verdict, outcome, attempt, span);
    }
    try {
      await sleep(deps.timers, pauseMs, context.signal);
    } catch (reason) {
      return giveUp(deps, verdict, cancelled(outcome, reason), attempt, span);
    }
    await settleBarrier(deps);
    const job = jobOf(deps, context, receiver, integration);
    if (isMutedMeanwhile(job)) {
      span.end();
      return true;
    }
    verdict = look(deps, job);
    if (!verdict.decision.send) {
      // Another replica has delivered it, or it is over, while we were waiting to try again.
      explainNotSent(deps, verdict);
      span.end();
      return true;
    }
  }
}

const toSend = ({ integration, alerts }: Job): readonly FlushAlert[] =>
  integration.sendResolved ? alerts : alerts.filter((each) => !each.isResolved);

function delivered(
  deps: NotifyDeps,
  verdict: Verdict,
  outcome: NotifyOutcome,
  attempts: number,
  span: Span,
): void {
  const { context, receiver } = verdict.job;
  record(deps, verdict, outcome.receiverData);
  deps.emit(
    deps.tenant,
    {
      type: 'delivered',
      ...aboutNotification(verdict),
      ...batchOf(verdict),
      reason: verdict.decision.reason,
      attempts,
    },
    span.traceparent,
  );
  deps.observer.notified({
    ...verdict.job,
    group: context.group,
    alerts: context.snapshot,
    reason: verdict.decision.reason,
  });
  deps.logger[attempts > 1 ? 'info' : 'debug']('Notify success', {
    group_key: context.group.key,
    receiver: receiver.groupName,
    integration: receiver.integration,
    attempts,
  });
  span.end();
}

async function attemptOnce(
  deps: NotifyDeps,
  verdict: Verdict,
  attempt: number,
  span: Span,
): Promise<NotifyOutcome> {
  const { job } = verdict;
  const startedAt = deps.clock.mono();
  const settings = deps.settingsOf(job.integration);
  const request = requestFor(deps, verdict, attempt, settings.hash, span);
  const outcome = await deps.receivers.notify(request, settings);
  const latencyMs = deps.clock.mono() - startedAt;
  const isDelivered = outcome.status === 'delivered';
  deps.figures.request(job.receiver, latencyMs / 1000, isDelivered);
  deps.emit(
    deps.tenant,
    {
      type: 'attempted',
      ...aboutNotification(verdict),
      ...batchOf(verdict),
      reason: verdict.decision.reason,
      attempt,
      status: isDelivered ? 'delivered' : outcome.status === 'retry' ? 'retry' : 'failed',
      statusCode: outcome.statusCode,
      latencyMs,
      failure: outcome.reason,
      error: outcome.error,
    },
    span.traceparent,
  );
  if (outcome.status === 'retry') {
    deps.logger.warn('Notify attempt failed, will retry later', {
      group_key: job.context.group.key,
      receiver: job.receiver.groupName,
      integration: `${job.receiver.integration}[${job.receiver.index}]`,
      attempts: attempt,
      err: outcome.error,
    });
  }
  return outcome;
}

function requestFor(
  deps: NotifyDeps,
  verdict: Verdict,
  attempt: number,
  configurationHash: string,
  span: Span,
): NotifyRequest {
  const { job } = verdict;
  const { group, deadline } = job.context;
  const startsAnew = verdict.decision.reason === 'first notification';
  return {
    notificationId: verdict.id,
    tenant: deps.tenant,
    configurationHash,
    receiver: job.receiver,
    groupKey: group.key,
    groupLabels: labelPairs(group.labels.pairs),
    routeLabels: labelPairs(deps.routeLabels.of(group, job.alerts, deps.clock.wall()).pairs),
    alerts: toSend(job).map(({ alert, isResolved }) => ({
      labels: labelPairs(alert.labels.pairs),
      annotations: labelPairs(alert.annotations.pairs),
      startsAt: alert.startsAt,
      ...(isResolved ? { endsAt: alert.endsAt } : {}),
      generatorUrl: alert.generatorUrl,
    })),
    reason: verdict.decision.reason,
    externalUrl: deps.externalUrl,
    timeoutMs: Math.max(1, Math.round(deadline - deps.clock.wall())),
    attempt,
    traceparent: span.traceparent,
    receiverData: startsAnew ? new Map() : (verdict.entry?.receiverData ?? new Map()),
  };
}

const labelPairs = (
  pairs: readonly (readonly [string, string])[],
): { readonly name: string; readonly value: string }[] => pairs.map(([name, value]) => ({ name, value }));

function giveUp(
  deps: NotifyDeps,
  verdict: Verdict,
  outcome: NotifyOutcome,
  attempts: number,
  span: Span,
): false {
  const { job } = verdict;
  const reason = outcome.reason === '' ? 'other' : outcome.reason;
  deps.figures.notificationFailed(job.receiver, reason);
  const place = `${job.receiver.groupName}/${job.receiver.integration}[${job.receiver.index}]`;
  const why = outcome.status === 'failed' ? ' due to unrecoverable error' : '';
  const error = `${place}: notify retry canceled${why} after ${attempts} attempts: ${outcome.error}`;
  deps.emit(
    deps.tenant,
    {
      type: 'gave-up',
      ...aboutNotification(verdict),
      ...batchOf(verdict),
      reason: verdict.decision.reason,
      attempts,
      failure: reason,
      error,
    },
    span.traceparent,
  );
  deps.logger[reason === 'contextCanceled' ? 'debug' : 'error']('Notify for alerts failed', {
    group_key: job.context.group.key,
    num_alerts: job.alerts.length,
    err: error,
  });
  span.end(error);
  return false;
}

function cancelled(last: NotifyOutcome, reason: unknown): NotifyOutcome {
  const isDeadline = reason instanceof AppError && reason.code === 'deadline';
  return { ...last, status: 'retry', reason: isDeadline ? last.reason : 'contextCanceled' };
}

function record(deps: NotifyDeps, { job }: Verdict, receiverData: ReceiverData): void {
  const options = { parent: job.context.span.traceparent, attributes: countsOf(job) };
  inSpan(deps.tracer, 'notify.SetNotifiesStage.Exec', options, () => log(deps, job, receiverData));
}

function log(deps: NotifyDeps, job: Job, receiverData: ReceiverData): void {
  const entry = nflogEntryFor({
    groupKey: job.context.group.key,
    receiver: job.receiver,
    now: deps.clock.wall(),
    firing: job.firing,
    resolved: job.resolved,
    receiverData,
    retentionMs: deps.retentionMs,
    repeatIntervalMs: job.context.group.route.repeatIntervalMs,
    replaces: deps.log.nflog.get(job.context.group.key, job.receiver),
  });
  deps.log.record(entry);
  deps.onRecorded(entry);
}

const aboutNotification = ({
  job,
  id,
}: Verdict): { groupKey: string; routeId: string; receiver: ReceiverRef; notificationId: string } => ({
  ...about(job.context.group),
  receiver: job.receiver,
  notificationId: id,
});

const batchOf = ({
  job: { firing, resolved },
}: Verdict): { readonly firing: readonly AlertHash[]; readonly resolved: readonly AlertHash[] } => ({
  firing,
  resolved,
});
