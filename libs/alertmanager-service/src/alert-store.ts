/**
 * @module alertmanager-service/alert-store
 *
 * A tenant's alerts by fingerprint. Subscribers (inhibitor, dispatcher) hear every stored alert in
 * the turn in which it is stored. Rows go to the state store in batches, at most a second late.
 */
import { intakeAlert, mergeAlert, type IntakeOptions, type RawAlert } from '@tocsin/alerting';
import {
  AppError,
  groupCommitLimits,
  isWellFormed,
  messageOf,
  type Cancel,
  type Clock,
  type GroupCommitter,
  type Logger,
  type Meter,
  type Timers,
  type WallMs,
} from '@tocsin/kernel';
import {
  LabelSet,
  formatNanos,
  isResolvedAt,
  msOf,
  type Alert,
  type Fingerprint,
  type Matcher,
  type Tenant,
} from '@tocsin/model';
import { AlertIndex } from './alert-index.ts';
import { AlertRow, afterDowntime, isWorthStoring, type RestoredAlert } from './alert-state.ts';
import type { AlertnameLimit } from './alertname-limit.ts';
import { AlertTexts, type KnownText } from './alert-texts.ts';
import type { Routing } from './dispatcher.ts';
import type { Emit } from './emit.ts';
import { alertmanagerMetrics as metrics } from './metrics.ts';
import type { Observer } from './recorder/observer.ts';

/** Alerts of one tenant; more are refused. */
export const alertsMax = 5_000_000;
/** Changes are written after this long, together. */
const WRITE_DELAY_MS = 250;
/** Alerts being written at once: what the committer takes in one batch. */
const WRITE_PIECE = groupCommitLimits.batchRowsMax;

export interface Rejection {
  readonly index: number;
  readonly reason: string;
}

/** An alert as it was read from a sender's text, which is then recognised when it comes again. */
export interface PostedAlert extends RawAlert {
  readonly known?: KnownText;
}

/** An alert that is held; `alert` is replaced when it is sent again. */
export interface HeldAlert {
  readonly alert: Alert;
  /** As a listing found it last; good as long as its dispatcher is the one that runs. */
  routing: Routing | undefined;
}

class Held implements HeldAlert {
  alert: Alert;
  /** As of the last write. */
  stored: Alert | undefined;
  resendMs = 0;
  isSuppressed: boolean | undefined = undefined;
  /** The text by which a sender names it. */
  known: KnownText | undefined = undefined;
  routing: Routing | undefined = undefined;

  constructor(alert: Alert, stored: Alert | undefined) {
    this.alert = alert;
    this.stored = stored;
  }
}

interface Deps {
  readonly tenant: Tenant;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly emit: Emit;
  readonly observer: Observer;
  readonly limit: AlertnameLimit;
  readonly committer: GroupCommitter;
  readonly mode: IntakeOptions['mode'];
  readonly resolveTimeoutMs: () => number;
  /** Hears each stored alert. */
  readonly onAlert: (alert: Alert) => void;
}

export class AlertStore {
  /** By which alerts are recognised that are sent again. */
  readonly texts: AlertTexts = new AlertTexts();
  readonly #deps: Deps;
  readonly #held = new Map<Fingerprint, Held>();
  readonly #index = new AlertIndex<Held>();
  readonly #dirty = new Set<Held>();
  #cancelWrite: Cancel | undefined;
  #writing: Promise<void> | undefined;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#held.size;
  }

  *alerts(): IterableIterator<Alert> {
    for (const { alert } of this.#held.values()) yield alert;
  }

  /** By fingerprint; at least those that match all of `matchers`, and few others. */
  candidates(matchers: readonly Matcher[]): readonly HeldAlert[] {
    return this.#index.candidates(matchers);
  }

  get(fingerprint: Fingerprint): Alert | undefined {
    return this.#held.get(fingerprint)?.alert;
  }

  restore(rows: readonly RestoredAlert[]): void {
    const now = this.#deps.clock.wall();
    for (const restored of rows) {
      const alert = afterDowntime(restored, this.#deps.resolveTimeoutMs(), now);
      this.#deps.limit.admits(alert, true, now);
      const before = this.#held.get(alert.labels.fingerprint);
      if (before !== undefined) this.#index.remove([before]);
      const held = new Held(alert, restored.alert);
      held.resendMs = restored.resendMs;
      this.#hold(held);
    }
  }

  /** Takes what is good of a batch; the rest comes back with its index and the reason. */
  put(batch: Iterable<PostedAlert>, now: WallMs = this.#deps.clock.wall()): readonly Rejection[] {
    const options: IntakeOptions = {
      now,
      resolveTimeoutMs: this.#deps.resolveTimeoutMs(),
      mode: this.#deps.mode,
    };
    const rejections: Rejection[] = [];
    let firing = 0;
    let resolved = 0;
    let index = -1;
    for (const raw of batch) {
      index++;
      try {
        const alert = this.#store(intakeAlert(raw, options), raw.known, now);
        if (isResolvedAt(alert, now)) resolved++;
        else firing++;
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        rejections.push({ index, reason: error.message });
        this.#explainRejected(raw, error.message);
      }
    }
    const { meter } = this.#deps;
    if (firing > 0) meter.add(metrics.received, firing, { status: 'firing', version: 'v2' });
    if (resolved > 0) meter.add(metrics.received, resolved, { status: 'resolved', version: 'v2' });
    if (rejections.length > 0) meter.add(metrics.invalid, rejections.length, { version: 'v2' });
    return rejections;
  }

  #hold(held: Held): void {
    this.#held.set(held.alert.labels.fingerprint, held);
    this.#index.add(held);
  }

  #store(incoming: Alert, known: KnownText | undefined, now: WallMs): Alert {
    let held = known?.held instanceof Held ? known.held : this.#held.get(incoming.labels.fingerprint);
    // Who sent it is not told: to him it is as if it had been taken.
    if (!this.#deps.limit.admits(incoming, held !== undefined, now)) return incoming;
    if (held === undefined) {
      if (this.#held.size >= alertsMax) throw new AppError('limit', `${alertsMax} alerts are held already`);
      incoming.labels.share();
      incoming.annotations.compact();
      held = new Held(incoming, undefined);
      this.#hold(held);
      this.#explain(incoming, 'new');
      this.#deps.observer.created(incoming);
    } else {
      const before = held.alert;
      held.alert = mergeAlert(before, incoming, now);
      held.resendMs = Math.max(0, now - msOf(before.updatedAt));
      const wasResolved = isResolvedAt(before, now);
      const isResolved = isResolvedAt(held.alert, now);
      if (wasResolved !== isResolved) this.#explain(held.alert, isResolved ? 'resolved' : 'refired');
      else if (!before.annotations.equals(held.alert.annotations)) this.#explain(held.alert, 'changed');
    }
    if (known !== undefined && held.known === undefined) {
      held.known = known;
      this.texts.keep(known, held);
    }
    if (isWorthStoring(held.stored, held.alert, now)) this.#writeSoon(held);
    this.#deps.onAlert(held.alert);
    return held.alert;
  }

  #explain(alert: Alert, change: 'new' | 'resolved' | 'refired' | 'changed'): void {
    this.#deps.emit(
      this.#deps.tenant,
      {
        type: 'alert-received',
        fingerprint: alert.labels.fingerprint,
        change,
        startsAt: formatNanos(alert.startsAt),
        endsAt: formatNanos(alert.endsAt),
        isTimeout: alert.isTimeout,
        labels: alert.labels.pairs,
      },
      alert.traceparent,
    );
  }

  // Labels that nobody could look for (none, or not text) are left out.
  #explainRejected({ labels, traceparent }: RawAlert, error: string): void {
    const pairs = labels instanceof LabelSet ? labels.pairs : [...labels];
    const isNamed =
      pairs.length > 0 && pairs.every(([name, value]) => isWellFormed(name) && isWellFormed(value));
    const fingerprint = isNamed
      ? { fingerprint: LabelSet.of(pairs.filter(([, value]) => value !== '')).fingerprint }
      : {};
    this.#deps.emit(this.#deps.tenant, { type: 'alert-rejected', error, ...fingerprint }, traceparent);
  }

  #writeSoon(held: Held): void {
    this.#dirty.add(held);
    if (this.#writing !== undefined) return;
    this.#cancelWrite ??= this.#deps.timers.after(WRITE_DELAY_MS, () => {
      this.#cancelWrite = undefined;
      void this.flush();
    });
  }

  /** Resolves when everything changed so far is stored, or has been refused. */
  async flush(): Promise<void> {
    this.#cancelWrite?.();
    this.#cancelWrite = undefined;
    await (this.#writing ??= this.#writeDirty().finally(() => (this.#writing = undefined)));
  }

  // In pieces, each after the one before: a hundred thousand new alerts are not all under way at once.
  async #writeDirty(): Promise<void> {
    while (this.#dirty.size > 0) {
      const piece: Promise<void>[] = [];
      for (const held of this.#dirty) {
        if (piece.length === WRITE_PIECE) break;
        this.#dirty.delete(held);
        piece.push(this.#write(held));
      }
      await Promise.all(piece);
    }
  }

  #write(held: Held): Promise<void> {
    held.stored = held.alert;
    return this.#deps.committer
      .write('alert', new AlertRow(this.#deps.tenant, held.alert, held.resendMs))
      .catch((error: unknown) => {
        this.#deps.logger.warn('An alert was not stored; it will be with its next change', {
          alert: held.alert.labels.toString(),
          err: messageOf(error),
        });
        held.stored = undefined;
      });
  }

  /** What the last flush found about an alert; for `alertmanager_alerts`. */
  mark(fingerprint: Fingerprint, isSuppressed: boolean): void {
    const held = this.#held.get(fingerprint);
    if (held !== undefined) held.isSuppressed = isSuppressed;
  }

  /** Whether the last flush of an alert muted it; undefined before its first. */
  isSuppressed(fingerprint: Fingerprint): boolean | undefined {
    return this.#held.get(fingerprint)?.isSuppressed;
  }

  /** Alerts that are not resolved, by what the last flush found. */
  countByState(now: WallMs): {
    readonly active: number;
    readonly suppressed: number;
    readonly unprocessed: number;
  } {
    const counts = { active: 0, suppressed: 0, unprocessed: 0 };
    for (const { alert, isSuppressed } of this.#held.values()) {
      if (isResolvedAt(alert, now)) continue;
      if (isSuppressed === undefined) counts.unprocessed++;
      else if (isSuppressed) counts.suppressed++;
      else counts.active++;
    }
    return counts;
  }

  /** Forgets resolved alerts, except those that somebody still needs. */
  collectGarbage(isNeeded: (fingerprint: Fingerprint) => boolean): readonly Alert[] {
    const now = this.#deps.clock.wall();
    const gone: Held[] = [];
    for (const [fingerprint, held] of this.#held) {
      if (!isResolvedAt(held.alert, now) || isNeeded(fingerprint)) continue;
      this.#held.delete(fingerprint);
      this.#dirty.delete(held);
      this.#deps.limit.forget(held.alert);
      if (held.known !== undefined) this.texts.forget(held.known);
      gone.push(held);
    }
    this.#index.remove(gone);
    return gone.map(({ alert }) => alert);
  }
}
