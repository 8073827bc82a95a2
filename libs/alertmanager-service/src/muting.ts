/**
 * @module alertmanager-service/muting
 *
 * What a flush must not tell: alerts that are inhibited, of a group that is muted now, or silenced
 * (spec/alertmanager.md 6.1, stages 2 to 5). Asked several times in a flush, because what is true may
 * change while it waits; each finding is told, recorded and counted once.
 */
import { timeMute, type Configuration, type FlushAlert, type Inhibitor } from '@tocsin/alerting';
import type { Clock, Meter, Span, Tracer, WallMs } from '@tocsin/kernel';
import type { Decision, Fingerprint, NamedTimeInterval, Tenant } from '@tocsin/model';
import type { Group } from './dispatcher.ts';
import type { Emit } from './emit.ts';
import { about } from './flush-context.ts';
import { alertmanagerMetrics as metrics } from './metrics.ts';
import type { Observer } from './recorder/observer.ts';
import type { ReplicatedLog } from './replicated-log.ts';
import { inSpan } from './traced-http.ts';

type SuppressionReason = 'inhibition' | 'active_time_interval' | 'mute_time_interval' | 'silence';

interface Deps {
  readonly tenant: Tenant;
  readonly clock: Clock;
  readonly meter: Meter;
  readonly tracer: Tracer;
  readonly emit: Emit;
  readonly observer: Observer;
  readonly log: ReplicatedLog;
  readonly intervalsOf: (configuration: Configuration) => ReadonlyMap<string, NamedTimeInterval>;
  readonly onSuppressed: (fingerprint: Fingerprint, isSuppressed: boolean) => void;
  readonly configuration: Configuration;
  readonly inhibitor: Inhibitor;
  readonly group: Group;
  /** Of the flush. */
  readonly span: Span;
}

/** Of one flush of one group. */
export class Muting {
  readonly #deps: Deps;
  /** Findings that were told. */
  readonly #found = new Set<string>();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** What is left of the alerts now. */
  left(alerts: readonly FlushAlert[]): readonly FlushAlert[] {
    const now = this.#deps.clock.wall();
    const { route, key } = this.#deps.group;
    const timeStage =
      route.activeTimeIntervals.length > 0 ? 'notify.TimeActiveStage.Exec' : 'notify.TimeMuteStage.Exec';
    const ofGroup = { 'alerting.route.id': route.id, 'alerting.group.key': key };
    const fired = this.#stage(MUTE, because('inhibition'), alerts, () => this.#uninhibited(alerts, now));
    const timely = this.#stage(timeStage, ofGroup, fired, () => this.#inTime(fired, now));
    return this.#stage(MUTE, because('silence'), timely, () => this.#unsilenced(timely, now));
  }

  #uninhibited(alerts: readonly FlushAlert[], now: WallMs): readonly FlushAlert[] {
    const { inhibitor, onSuppressed, observer, configuration, group } = this.#deps;
    return alerts.filter(({ alert: { labels } }) => {
      const { fingerprint } = labels;
      const found = inhibitor.mutes(labels, now);
      onSuppressed(fingerprint, found !== undefined);
      if (found === undefined) return true;
      const { by, rule } = found;
      const isNews = this.#tell('inhibition', [fingerprint], {
        type: 'inhibited',
        ...about(group),
        fingerprint,
        by,
        rule,
      });
      if (isNews) observer.inhibited(configuration, rule, labels, fingerprint, by);
      return false;
    });
  }

  #inTime(alerts: readonly FlushAlert[], now: WallMs): readonly FlushAlert[] {
    const { group, configuration, intervalsOf } = this.#deps;
    const muted = timeMute(group.route, intervalsOf(configuration), now);
    group.mutedBy = muted?.by ?? [];
    if (muted === undefined) return alerts;
    const { by, isOutsideActive } = muted;
    const reason = isOutsideActive ? 'active_time_interval' : 'mute_time_interval';
    const fingerprints = alerts.map(({ alert }) => alert.labels.fingerprint);
    this.#tell(reason, fingerprints, { type: 'muted', ...about(group), by, isOutsideActive });
    return [];
  }

  #unsilenced(alerts: readonly FlushAlert[], now: WallMs): readonly FlushAlert[] {
    const { log, onSuppressed, observer, group } = this.#deps;
    return alerts.filter(({ alert: { labels } }) => {
      const { fingerprint } = labels;
      const by = log.silences.mutedBy(labels, fingerprint, now);
      if (by.length === 0) return true;
      onSuppressed(fingerprint, true);
      const isNews = this.#tell('silence', [fingerprint], {
        type: 'silenced',
        ...about(group),
        fingerprint,
        by,
      });
      if (isNews) observer.silenced(log.silences, by, labels, fingerprint);
      return false;
    });
  }

  /** True when some of it was not told before in this flush. */
  #tell(reason: SuppressionReason, fingerprints: readonly Fingerprint[], decision: Decision): boolean {
    const { meter, emit, tenant, span } = this.#deps;
    const news = fingerprints.filter((fingerprint) => !this.#found.has(`${reason} ${fingerprint}`));
    if (news.length === 0) return false;
    for (const fingerprint of news) this.#found.add(`${reason} ${fingerprint}`);
    meter.add(metrics.suppressed, news.length, { reason });
    emit(tenant, decision, span.traceparent);
    return true;
  }

  #stage(
    name: string,
    attributes: Readonly<Record<string, string>>,
    alerts: readonly FlushAlert[],
    mute: () => readonly FlushAlert[],
  ): readonly FlushAlert[] {
    const { tracer, span } = this.#deps;
    if (!tracer.isOn) return mute();
    return inSpan(tracer, name, { parent: span.traceparent, attributes }, (own) => {
      const left = mute();
      own.set({
        'alerting.alerts.muted.count': alerts.length - left.length,
        'alerting.alerts.filtered.count': left.length,
      });
      return left;
    });
  }
}

const MUTE = 'notify.MuteStage.Exec';
const because = (reason: SuppressionReason): Readonly<Record<string, string>> => ({
  'alerting.suppressed.reason': reason,
});
