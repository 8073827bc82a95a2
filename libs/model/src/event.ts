/**
 * @module model/event
 *
 * Decision events: the code path that decides emits the event, so an explanation can't disagree
 * with what happened (architecture section 6). Field names are API: they are stored and served.
 */
import type { WallMs } from '@tocsin/kernel';
import type { Tenant } from './alert.ts';
import type { AlertHash, Fingerprint, LabelPair } from './label-set.ts';

export interface EventHead {
  /** Unique; the store and the stream deduplicate by it. */
  readonly id: string;
  readonly at: WallMs;
  readonly tenant: Tenant;
  /** The replica that decided. */
  readonly replica: string;
  /** 32 hex digits, or '' when nothing traces. */
  readonly traceId: string;
}

export interface ReceiverRef {
  /** Receiver name. */
  readonly groupName: string;
  /** `webhook`, `slack` … */
  readonly integration: string;
  /** Index within that type's list in that receiver. */
  readonly index: number;
}

export type NotificationReason =
  | 'first notification'
  | 'new alerts added'
  | 'some alerts resolved'
  | 'all alerts resolved'
  | 'repeat interval elapsed'
  | 'none'
  | 'unknown';

/** About one group of one route. */
interface AboutGroup {
  readonly groupKey: string;
  readonly routeId: string;
}
/** About one integration's share of one flush. */
interface AboutNotification extends AboutGroup {
  readonly receiver: ReceiverRef;
  readonly notificationId: string;
}
/** The alerts a message was about; shared with the message, so they cost nothing. */
interface Batch {
  readonly firing?: readonly AlertHash[];
  readonly resolved?: readonly AlertHash[];
}

export type Decision =
  | {
      readonly type: 'rule-state-changed';
      readonly rule: string;
      readonly group: string;
      readonly fingerprint: Fingerprint;
      readonly from: string;
      readonly to: string;
      readonly value: string;
    }
  | {
      readonly type: 'rule-evaluation-failed';
      readonly rule: string;
      readonly group: string;
      readonly error: string;
    }
  | {
      readonly type: 'alert-received';
      readonly fingerprint: Fingerprint;
      readonly change: 'new' | 'resolved' | 'refired' | 'changed';
      readonly startsAt: string;
      readonly endsAt: string;
      /** No end was given: `endsAt` is when the sender's silence would end it. */
      readonly isTimeout?: boolean;
      readonly labels?: readonly LabelPair[];
    }
  | {
      readonly type: 'alert-rejected';
      readonly error: string;
      /** Absent when the labels themselves could not be read. */
      readonly fingerprint?: Fingerprint;
    }
  | {
      readonly type: 'alert-routed';
      readonly fingerprint: Fingerprint;
      readonly routes: readonly {
        readonly routeId: string;
        readonly receiver: string;
        readonly groupKey: string;
      }[];
      /** Siblings that were tried before the match and the matcher on which each refused. */
      readonly refused: readonly { readonly routeId: string; readonly matcher: string }[];
    }
  | ({
      readonly type: 'group-created';
      readonly labels: readonly LabelPair[];
      /** Of its first flush. */
      readonly flushAt: WallMs;
    } & AboutGroup)
  | ({ readonly type: 'group-gone' } & AboutGroup)
  /** Notifications start: the join was answered and merged, or nobody could be reached. */
  | { readonly type: 'gate-opened' }
  | ({
      readonly type: 'flush-due';
      readonly flush: number;
      readonly alerts: readonly Fingerprint[];
    } & AboutGroup)
  | ({
      readonly type: 'inhibited';
      readonly fingerprint: Fingerprint;
      readonly by: Fingerprint;
      readonly rule: string;
    } & AboutGroup)
  | ({
      readonly type: 'silenced';
      readonly fingerprint: Fingerprint;
      readonly by: readonly string[];
    } & AboutGroup)
  | ({
      readonly type: 'muted';
      readonly by: readonly string[];
      readonly isOutsideActive: boolean;
    } & AboutGroup)
  | ({ readonly type: 'waited-for-turn'; readonly position: number; readonly waitMs: number } & AboutGroup)
  | ({
      readonly type: 'deduplicated';
      readonly reason: string;
      /** The log entry that decided, when there is one. */
      readonly entry?: {
        readonly at: WallMs;
        readonly ageMs: number;
        readonly isOwn: boolean;
        /** The replica that wrote it, when it said so itself. */
        readonly by?: string;
      };
      readonly firing: readonly AlertHash[];
      readonly resolved: readonly AlertHash[];
    } & AboutNotification)
  | ({
      readonly type: 'attempted';
      readonly reason: NotificationReason;
      readonly attempt: number;
      readonly status: 'delivered' | 'retry' | 'failed';
      readonly statusCode: number;
      readonly latencyMs: number;
      /** Alertmanager's failure reason (`clientError` …), '' when delivered. */
      readonly failure: string;
      readonly error: string;
    } & AboutNotification &
      Batch)
  | ({
      readonly type: 'delivered';
      readonly reason: NotificationReason;
      readonly attempts: number;
    } & AboutNotification &
      Batch)
  | ({
      readonly type: 'gave-up';
      readonly reason: NotificationReason;
      readonly attempts: number;
      readonly failure: string;
      readonly error: string;
    } & AboutNotification &
      Batch)
  /** Only resolved alerts are left and the integration does not want them: logged, nobody is told. */
  | ({ readonly type: 'resolved-not-sent' } & AboutNotification & Batch)
  /** A flush ended before it was done: its deadline, a reload or the stop. */
  | ({ readonly type: 'flush-ended-early'; readonly error: string } & AboutGroup)
  /** A peer's log entry was merged: another replica has told the receiver. */
  | ({
      readonly type: 'notified-elsewhere';
      readonly groupKey: string;
      readonly receiver: ReceiverRef;
      readonly entryAt: WallMs;
      /** The replica that wrote it, when it said so itself. */
      readonly by?: string;
    } & Batch)
  | {
      readonly type: 'silence-changed';
      readonly silence: string;
      readonly change: 'created' | 'updated' | 'expired' | 'merged';
    }
  | {
      readonly type: 'dropped-at-limit';
      readonly limit: string;
      readonly value: number;
      readonly what: string;
    }
  | { readonly type: 'configuration-loaded'; readonly hash: string }
  | { readonly type: 'configuration-refused'; readonly error: string };

export type DecisionEvent = EventHead & { readonly decision: Decision };

/** Where events go: a log and a ring buffer now; a database and a stream behind the same port later. Never throws, never waits. */
export interface EventSink {
  emit(event: DecisionEvent): void;
}
export const noEvents: EventSink = { emit: () => undefined };

export interface EventFilter {
  readonly tenant?: string;
  readonly type?: Decision['type'];
  readonly fingerprint?: string;
  readonly groupKey?: string;
  readonly notificationId?: string;
  /** Everything that explains one alert; together with the other fields all must hold. */
  readonly story?: StoryFilter;
  /** Only events not younger than this instant. */
  readonly until?: WallMs;
  /** Only events younger than this one; when it is no longer kept, all that are. */
  readonly afterId?: string;
  /** 1 to 1,000; default 100. */
  readonly limit?: number;
}

/** What concerns an alert itself, its groups (other alerts' own events left out), its silences, or everybody. */
export interface StoryFilter {
  readonly fingerprint: Fingerprint;
  readonly hash: AlertHash;
  readonly groupKeys: ReadonlySet<string>;
  readonly silences: ReadonlySet<string>;
}

export interface EventAnswer {
  /** Oldest first. With `afterId` the next ones after it, without it the newest. */
  readonly events: readonly DecisionEvent[];
  /** To be passed as `afterId` to go on from here; '' when there never was an event. */
  readonly lastId: string;
  /** `afterId` is no longer kept: events between may have been missed. */
  readonly isGap: boolean;
  /** Of the oldest event that is still kept; absent when there never was one. */
  readonly oldestAt?: WallMs;
}

/** A sink that can be asked for its newest events. */
export interface EventLog extends EventSink {
  query(filter: EventFilter): EventAnswer;
}
