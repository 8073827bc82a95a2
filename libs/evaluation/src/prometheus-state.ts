/**
 * @module evaluation/prometheus-state
 *
 * The state machine of Prometheus' alerting rules (spec/scheduler.md 4.8), as a pure function of
 * the instances before, the alerts that are active now, and the evaluation time.
 *
 *            seen                 seen, `for` over            gone
 *   (none) ───────▶ pending ─────────────────────▶ firing ─────────┬─▶ resolved ─ 15m ─▶ (none)
 *                      │ gone                     seen ▲ │ gone     │       │ seen
 *                      ▼                               │ ▼ (keep_   │       ▼
 *                   (none)                           keeping firing_for) pending
 *
 * Invariants
 *  - Time stamps are evaluation times: they are the same on every replica.
 *  - An evaluation that fails changes nothing; only a limit that is exceeded drops the instances.
 *  - An alert is resolved only after it fired; what is sent is never pending.
 */
import { assert, unreachable } from '@tocsin/kernel';
import type { WallMs } from '@tocsin/kernel';
import type { Fingerprint, LabelSet } from '@tocsin/model';
import type { ActiveAlert } from './expand.ts';

export type InstanceState =
  | { readonly kind: 'pending'; readonly activeAt: WallMs }
  | { readonly kind: 'firing'; readonly activeAt: WallMs; readonly firedAt: WallMs }
  /** Firing, though its condition is gone since `since`. */
  | { readonly kind: 'keeping'; readonly activeAt: WallMs; readonly firedAt: WallMs; readonly since: WallMs }
  /** Kept so that it can be sent again. */
  | {
      readonly kind: 'resolved';
      readonly activeAt: WallMs;
      readonly firedAt: WallMs;
      readonly resolvedAt: WallMs;
    };

/** One label set that a rule made. Immutable. */
export interface Instance {
  readonly labels: LabelSet;
  readonly annotations: LabelSet;
  readonly value: number;
  readonly state: InstanceState;
  /** Evaluation time at which it was last handed over for sending; undefined: not since it became pending, or since the start. */
  readonly lastSentAt: WallMs | undefined;
  /** End announced with the last send of a firing alert; 0 before it. */
  readonly validUntil: WallMs;
  /** W3C trace context of the evaluation that last changed its state, '' when nothing traces. */
  readonly traceparent: string;
}

export type Instances = ReadonlyMap<Fingerprint, Instance>;

export interface RuleTiming {
  readonly forMs: number;
  readonly keepFiringForMs: number;
  readonly intervalMs: number;
  /** A firing alert is sent again when more than this has passed. */
  readonly resendDelayMs: number;
  /** Alerts the rule may have, pending ones included; not above 0: no limit. */
  readonly limit: number;
}

/** How long a resolved alert is kept and sent again. */
export const RESOLVED_RETENTION_MS: number = 15 * 60_000;
/** A sent alert holds for this many intervals or resend delays, whichever is longer. */
const VALIDITY_FACTOR = 4;

/** What people call the states: `keeping` is firing, and what is resolved or not there is inactive. */
export type AlertState = 'inactive' | 'pending' | 'firing';

export function alertStateOf(state: InstanceState | undefined): AlertState {
  switch (state?.kind) {
    case undefined:
    case 'resolved':
      return 'inactive';
    case 'pending':
      return 'pending';
    case 'firing':
    case 'keeping':
      return 'firing';
  }
}

export interface InstanceChange {
  readonly fingerprint: Fingerprint;
  readonly before: Instance | undefined;
  /** Undefined: forgotten. */
  readonly after: Instance | undefined;
}

export interface RuleEvaluation {
  readonly instances: Instances;
  /** To be sent now, firing or resolved. */
  readonly due: readonly Instance[];
  /** Instances whose state is another one than before; a new value or annotation alone is no change. */
  readonly changes: readonly InstanceChange[];
  /** The evaluation failed: `instances` is what it was, or empty when the limit was exceeded. */
  readonly error: string | undefined;
}

/** One evaluation at `now`. `traceparent`: of this evaluation. */
export function evaluateRule(
  before: Instances,
  active: readonly ActiveAlert[],
  timing: RuleTiming,
  now: WallMs,
  traceparent = '',
): RuleEvaluation {
  const seen = new Map<Fingerprint, ActiveAlert>();
  for (const alert of active) {
    const { fingerprint } = alert.labels;
    if (seen.has(fingerprint)) return unchanged(before, DUPLICATE_LABELS);
    seen.set(fingerprint, alert);
  }
  const instances = new Map<Fingerprint, Instance>();
  const due: Instance[] = [];
  const changes: InstanceChange[] = [];
  let holding = 0;
  const visit = (
    fingerprint: Fingerprint,
    known: Instance | undefined,
    alert: ActiveAlert | undefined,
  ): void => {
    const state = stepInstance(known?.state, alert !== undefined, timing, now);
    const after = state === undefined ? undefined : advance(known, alert, state, timing, now, traceparent);
    if (state !== known?.state) changes.push({ fingerprint, before: known, after });
    if (after === undefined) return;
    instances.set(fingerprint, after);
    if (after.state.kind !== 'resolved') holding++;
    if (after.lastSentAt === now && known?.lastSentAt !== now) due.push(after);
  };
  for (const [fingerprint, known] of before) visit(fingerprint, known, seen.get(fingerprint));
  for (const [fingerprint, alert] of seen) if (!before.has(fingerprint)) visit(fingerprint, undefined, alert);
  if (timing.limit > 0 && holding > timing.limit) {
    return dropAll(before, `exceeded limit of ${timing.limit} with ${holding} alerts`);
  }
  return { instances, due, changes, error: undefined };
}

const DUPLICATE_LABELS = 'vector contains metrics with the same labelset after applying alert labels';

const unchanged = (instances: Instances, error: string): RuleEvaluation => ({
  instances,
  due: [],
  changes: [],
  error,
});

// As Prometheus: what was firing is not resolved but ends by its announced end.
const dropAll = (before: Instances, error: string): RuleEvaluation => ({
  instances: new Map(),
  due: [],
  changes: [...before].map(([fingerprint, known]) => ({ fingerprint, before: known, after: undefined })),
  error,
});

/** The same object when nothing changes; undefined when the instance is to be forgotten. */
export function stepInstance(
  state: InstanceState | undefined,
  isSeen: boolean,
  timing: Pick<RuleTiming, 'forMs' | 'keepFiringForMs'>,
  now: WallMs,
): InstanceState | undefined {
  const next = isSeen ? whenSeen(state, now) : whenGone(state, timing.keepFiringForMs, now);
  switch (next?.kind) {
    case undefined:
    case 'resolved':
      return next;
    case 'pending':
      return now - next.activeAt >= timing.forMs
        ? { kind: 'firing', activeAt: next.activeAt, firedAt: now }
        : next;
    case 'firing':
    case 'keeping':
      // The rule's `for` was raised.
      return now - next.activeAt < timing.forMs ? { kind: 'pending', activeAt: next.activeAt } : next;
  }
}

function whenSeen(state: InstanceState | undefined, now: WallMs): InstanceState {
  switch (state?.kind) {
    case undefined:
    case 'resolved':
      return { kind: 'pending', activeAt: now };
    case 'pending':
    case 'firing':
      return state;
    case 'keeping':
      return { kind: 'firing', activeAt: state.activeAt, firedAt: state.firedAt };
    default:
      return unreachable(state);
  }
}

function whenGone(
  state: InstanceState | undefined,
  keepFiringForMs: number,
  now: WallMs,
): InstanceState | undefined {
  switch (state?.kind) {
    case undefined:
    case 'pending':
      return undefined;
    case 'resolved':
      return now - state.resolvedAt > RESOLVED_RETENTION_MS ? undefined : state;
    case 'firing':
    case 'keeping': {
      const { activeAt, firedAt } = state;
      const since = state.kind === 'keeping' ? state.since : now;
      if (now - since >= keepFiringForMs) return { kind: 'resolved', activeAt, firedAt, resolvedAt: now };
      return state.kind === 'keeping' ? state : { kind: 'keeping', activeAt, firedAt, since };
    }
    default:
      return unreachable(state);
  }
}

function advance(
  known: Instance | undefined,
  alert: ActiveAlert | undefined,
  state: InstanceState,
  timing: RuleTiming,
  now: WallMs,
  traceparent: string,
): Instance {
  const source = alert ?? known;
  const labels = known?.labels ?? alert?.labels;
  assert(source !== undefined && labels !== undefined, 'an instance comes from an alert or from itself');
  const isChanged = state !== known?.state;
  // A pending alert starts over, whatever was sent of the one before it.
  const wasSent =
    isChanged && (state.kind === 'pending' || startedOver(known?.state)) ? undefined : known?.lastSentAt;
  const isDue = isDueAt(state, wasSent, timing.resendDelayMs, now);
  return {
    labels,
    annotations: source.annotations,
    value: source.value,
    state,
    lastSentAt: isDue ? now : wasSent,
    validUntil: isDue
      ? now + VALIDITY_FACTOR * Math.max(timing.intervalMs, timing.resendDelayMs)
      : (known?.validUntil ?? 0),
    traceparent: isChanged ? traceparent : (known?.traceparent ?? ''),
  };
}

// With `for: 0` it goes from resolved to firing in one evaluation.
const startedOver = (before: InstanceState | undefined): boolean =>
  before === undefined || before.kind === 'resolved';

/** Whether an alert is to be sent at `now`. */
export function isDueAt(
  state: InstanceState,
  lastSentAt: WallMs | undefined,
  resendDelayMs: number,
  now: WallMs,
): boolean {
  if (state.kind === 'pending') return false;
  if (lastSentAt === undefined) return true;
  if (state.kind === 'resolved' && state.resolvedAt > lastSentAt) return true;
  return lastSentAt + resendDelayMs < now;
}

/** End of a sent alert, milliseconds: when it was resolved, else how long it holds without another send. */
export const endOf = (instance: Instance): WallMs =>
  instance.state.kind === 'resolved' ? instance.state.resolvedAt : instance.validUntil;
