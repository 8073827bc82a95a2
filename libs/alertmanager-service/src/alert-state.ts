/** How an alert is kept in the store, and when a change of it is worth a write (architecture 4.5). */
import { AppError, decodeUtf8, encodeUtf8, type StateRow, type WallMs } from '@tocsin/kernel';
import {
  LabelSet,
  addMs,
  compareInstants,
  instantOf,
  msOf,
  type Alert,
  type Instant,
  type LabelPair,
} from '@tocsin/model';

interface Stored {
  readonly labels: StoredLabels;
  readonly annotations: StoredLabels;
  readonly startsAt: Instant;
  readonly endsAt: Instant;
  readonly isTimeout: boolean;
  readonly updatedAt: Instant;
  readonly generatorUrl: string;
  readonly traceparent: string;
  /** Observed time between the last two re-sends, milliseconds; 0 when there was none. */
  readonly resendMs: number;
}

/** A list of pairs in rows of older releases. */
type StoredLabels = Readonly<Record<string, string>> | readonly LabelPair[];

/** Rows of alerts that ended are kept this long, so that a resolve still unsent at a crash is not lost. */
const KEPT_AFTER_END_MS = 24 * 3_600_000;

/**
 * The row of an alert. Its bytes are made when they are asked for and not kept: a store that holds its
 * rows in memory holds the alert, which is there anyway, and not its text beside it.
 */
export class AlertRow implements StateRow {
  readonly tenant: string;
  readonly #alert: Alert;
  readonly #resendMs: number;

  constructor(tenant: string, alert: Alert, resendMs: number) {
    this.tenant = tenant;
    this.#alert = alert;
    this.#resendMs = resendMs;
  }

  get key(): string {
    return this.#alert.labels.fingerprint;
  }

  get seconds(): number {
    return this.#alert.updatedAt.seconds;
  }

  get nanos(): number {
    return this.#alert.updatedAt.nanos;
  }

  get expiresAtMs(): number {
    const { endsAt, updatedAt } = this.#alert;
    return Math.max(msOf(endsAt), msOf(updatedAt)) + KEPT_AFTER_END_MS;
  }

  get bytes(): Uint8Array {
    const alert = this.#alert;
    return encodeUtf8(
      `{"labels":${alert.labels.toJsonText()},"annotations":${alert.annotations.toJsonText()},` +
        `"startsAt":${instantJson(alert.startsAt)},"endsAt":${instantJson(alert.endsAt)},` +
        `"isTimeout":${alert.isTimeout},"updatedAt":${instantJson(alert.updatedAt)},` +
        `"generatorUrl":${JSON.stringify(alert.generatorUrl)},` +
        `"traceparent":${JSON.stringify(alert.traceparent)},"resendMs":${this.#resendMs}}`,
    );
  }
}

const instantJson = ({ seconds, nanos, offsetMinutes }: Instant): string =>
  `{"seconds":${seconds},"nanos":${nanos},"offsetMinutes":${offsetMinutes}}`;

const labelSetOf = (stored: StoredLabels): LabelSet =>
  isPairs(stored) ? LabelSet.of(stored) : LabelSet.fromObject(stored);
const isPairs = (stored: StoredLabels): stored is readonly LabelPair[] => Array.isArray(stored);

export interface RestoredAlert {
  readonly alert: Alert;
  readonly resendMs: number;
}

/** Throws AppError `invalid` when the row holds no alert. */
export function alertOfRow(row: StateRow): RestoredAlert {
  try {
    const stored = JSON.parse(decodeUtf8(row.bytes)) as Stored;
    const { resendMs, labels, annotations, ...rest } = stored;
    return {
      alert: {
        labels: labelSetOf(labels).share(),
        annotations: labelSetOf(annotations).compact(),
        startsAt: rest.startsAt,
        endsAt: rest.endsAt,
        isTimeout: rest.isTimeout,
        updatedAt: rest.updatedAt,
        generatorUrl: rest.generatorUrl,
        traceparent: rest.traceparent,
      },
      resendMs,
    };
  } catch (cause) {
    throw new AppError('invalid', `the stored alert ${row.key} can't be read`, { cause });
  }
}

/**
 * An alert whose end passed while we were down stays firing for max(resolve_timeout, 4 x its re-send
 * interval) more, or every planned stop would send false resolves. An explicit resolve (end no later
 * than its receipt) stays resolved.
 */
export function afterDowntime(
  { alert, resendMs }: RestoredAlert,
  resolveTimeoutMs: number,
  now: WallMs,
): Alert {
  const isExplicitResolve = compareInstants(alert.endsAt, alert.updatedAt) <= 0;
  const hasEnded = compareInstants(alert.endsAt, instantOf(now)) <= 0;
  if (isExplicitResolve || !hasEnded) return alert;
  return {
    ...alert,
    endsAt: addMs(instantOf(now), Math.max(resolveTimeoutMs, 4 * resendMs)),
    isTimeout: true,
  };
}

/**
 * True when `next` must be written over `stored`: anything changed but the end, it was resolved, or
 * the stored end is older than half its lead. 100,000 re-sent alerts must not become 100,000 row
 * updates a minute.
 */
export function isWorthStoring(stored: Alert | undefined, next: Alert, now: WallMs): boolean {
  if (stored === undefined) return true;
  const isResolved = compareInstants(next.endsAt, instantOf(now)) <= 0;
  if (isResolved) return compareInstants(stored.endsAt, next.endsAt) !== 0;
  if (
    compareInstants(stored.startsAt, next.startsAt) !== 0 ||
    stored.isTimeout !== next.isTimeout ||
    stored.generatorUrl !== next.generatorUrl ||
    !stored.annotations.equals(next.annotations)
  ) {
    return true;
  }
  const leadMs = msOf(stored.endsAt) - msOf(stored.updatedAt);
  return msOf(stored.endsAt) - now < leadMs / 2;
}
