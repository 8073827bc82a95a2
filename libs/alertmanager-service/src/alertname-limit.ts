/**
 * @module alertmanager-service/alertname-limit
 *
 * `--alerts.per-alertname-limit` (spec/alertmanager.md 3.4): at most so many alerts of one name are taken
 * in. When they are as many, one that has ended makes room, the oldest end first; otherwise the new alert
 * is dropped. The client is not told, the operator is: counted each time, logged and on record once a
 * minute for each name. Alerts that are known always pass.
 *
 * What is evicted only loses its place here: the store keeps it until it is collected.
 */
import type { Logger, WallMs } from '@tocsin/kernel';
import { msOf, type Alert, type Fingerprint, type Tenant } from '@tocsin/model';
import type { Emit } from './emit.ts';
import type { FeatureMeter } from './feature-meter.ts';

const TOLD_EVERY_MS = 60_000;

interface Bucket {
  /** Ends of the alerts that have a place. */
  readonly ends: Map<Fingerprint, WallMs>;
  /** No alert here ends earlier; it may be out of date, but only too early. */
  soonestEnd: WallMs;
  /** Those that had ended when last looked, the oldest end last. */
  ended: Fingerprint[];
  toldAt: WallMs | undefined;
  droppedSinceTold: number;
}

interface Deps {
  readonly tenant: Tenant;
  /** 0: no limit. */
  readonly limit: number;
  readonly logger: Logger;
  readonly figures: FeatureMeter;
  readonly emit: Emit;
}

export class AlertnameLimit {
  readonly #deps: Deps;
  readonly #buckets = new Map<string, Bucket>();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Whether the alert may be stored; one that may has a place from now on. */
  admits(alert: Alert, isKnown: boolean, now: WallMs): boolean {
    if (this.#deps.limit === 0) return true;
    const bucket = this.#bucketOf(alert);
    const { fingerprint } = alert.labels;
    const isFull = bucket.ends.size >= this.#deps.limit;
    if (isFull && !isKnown && !bucket.ends.has(fingerprint) && !evictEnded(bucket, now)) {
      this.#drop(alert, bucket, now);
      return false;
    }
    const end = msOf(alert.endsAt);
    // A known alert that lost its place gets none above the limit.
    if (bucket.ends.size < this.#deps.limit || bucket.ends.has(fingerprint)) {
      bucket.ends.set(fingerprint, end);
      bucket.soonestEnd = Math.min(bucket.soonestEnd, end);
    }
    return true;
  }

  /** The alert was collected. */
  forget({ labels }: Alert): void {
    const name = nameOf(labels.get('alertname'));
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) return;
    bucket.ends.delete(labels.fingerprint);
    if (bucket.ends.size === 0) this.#buckets.delete(name);
  }

  #bucketOf({ labels }: Alert): Bucket {
    const name = nameOf(labels.get('alertname'));
    let bucket = this.#buckets.get(name);
    if (bucket === undefined) {
      bucket = { ends: new Map(), soonestEnd: Infinity, ended: [], toldAt: undefined, droppedSinceTold: 0 };
      this.#buckets.set(name, bucket);
    }
    return bucket;
  }

  #drop(alert: Alert, bucket: Bucket, now: WallMs): void {
    const { tenant, limit, logger, figures, emit } = this.#deps;
    const alertname = nameOf(alert.labels.get('alertname'));
    figures.alertLimited(alertname);
    bucket.droppedSinceTold++;
    if (bucket.toldAt !== undefined && now - bucket.toldAt < TOLD_EVERY_MS) return;
    logger.warn('Alerts are dropped: their name has as many as --alerts.per-alertname-limit allows', {
      alertname,
      limit,
      dropped: bucket.droppedSinceTold,
      alert: alert.labels.toString(),
    });
    emit(
      tenant,
      {
        type: 'dropped-at-limit',
        limit: 'alerts.per-alertname-limit',
        value: limit,
        what: alert.labels.toString(),
      },
      alert.traceparent,
    );
    bucket.toldAt = now;
    bucket.droppedSinceTold = 0;
  }
}

const nameOf = (alertname: string | undefined): string => alertname ?? '';

/** True when a place was made. Looks at all of them only when one may have ended since the last look. */
function evictEnded(bucket: Bucket, now: WallMs): boolean {
  if (evictLast(bucket, now)) return true;
  if (bucket.soonestEnd > now) return false;
  const ended: [Fingerprint, WallMs][] = [];
  let soonest = Infinity;
  for (const [fingerprint, end] of bucket.ends) {
    if (end <= now) ended.push([fingerprint, end]);
    else soonest = Math.min(soonest, end);
  }
  bucket.ended = ended.sort(([, left], [, right]) => right - left).map(([fingerprint]) => fingerprint);
  bucket.soonestEnd = soonest;
  return evictLast(bucket, now);
}

/** One may have fired again, or been collected, since it was found ended. */
function evictLast({ ends, ended }: Bucket, now: WallMs): boolean {
  for (let fingerprint = ended.pop(); fingerprint !== undefined; fingerprint = ended.pop()) {
    if ((ends.get(fingerprint) ?? Infinity) <= now) return ends.delete(fingerprint);
  }
  return false;
}
