/**
 * @module alertmanager-service/explain/explanation
 *
 * The answer of `GET /api/v2/tocsin/explain`. Field names are API (docs/reference/explain.md). Instants
 * are RFC 3339 in UTC with milliseconds, so that a program can show them in anybody's zone, sentences
 * included.
 */
import type { NotificationReason, ReceiverRef } from '@tocsin/model';

/**
 * `notified`: people were told of the state the alert is in. `partly-notified`: some integrations were.
 * `waiting`: its flush, a turn or the gate is still to come. `suppressed`: inhibited, silenced or muted.
 * `failed`: the receiver refused for good, or for too long. `retrying`: an attempt failed, another follows.
 * `not-wanted`: `send_resolved` is false, or the receiver has no integrations. `resolved-untold`: over
 * before anybody was told. `rejected`: the alert was not accepted. `no-group`: the limit of groups.
 * `not-received`: never seen here. `not-reached`: the receiver asked for is on none of its routes.
 * `unknown`: the decisions that would tell are no longer kept.
 */
export type Verdict =
  | 'notified'
  | 'partly-notified'
  | 'waiting'
  | 'suppressed'
  | 'failed'
  | 'retrying'
  | 'not-wanted'
  | 'resolved-untold'
  | 'rejected'
  | 'no-group'
  | 'not-received'
  | 'not-reached'
  | 'unknown';

export interface Explanation {
  /** Plain sentences; the first is the direct answer. */
  readonly summary: readonly string[];
  readonly verdict: Verdict;
  /** The instant that is explained. */
  readonly at: string;
  /** True: from kept events only; false: from the live state too. */
  readonly isPast: boolean;
  /** Who answers: it knows its own decisions and its peers' log entries. */
  readonly replica: string;
  readonly cluster: ClusterFacts;
  /** Of the oldest decision that is kept; null when there is none. */
  readonly decisionsSince: string | null;
  /** Decisions about this alert may have been forgotten. */
  readonly isIncomplete: boolean;
  readonly alert: AlertFacts;
  /** The routes as they were tried, in order; empty for the past. */
  readonly routing: readonly RouteFacts[];
  /** Only when one receiver was asked for. */
  readonly receiver?: ReceiverFacts;
  readonly groups: readonly GroupFacts[];
  readonly inhibition: InhibitionFacts | null;
  /** Matching silences: active, pending, and those that ended during the alert. */
  readonly silences: readonly SilenceFacts[];
  /** Oldest first; repeated ones are one item. */
  readonly story: readonly StoryItem[];
}

export interface ClusterFacts {
  readonly status: 'disabled' | 'settling' | 'ready';
  readonly position: number;
  readonly members: number;
  /** How long this replica waits in each flush for the earlier ones. */
  readonly turnWaitMs: number;
  /** False: notifications have not started yet. */
  readonly isGateOpen: boolean;
}

export interface AlertFacts {
  readonly fingerprint: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly state: 'firing' | 'resolved' | 'unknown';
  readonly startsAt: string | null;
  readonly endsAt: string | null;
  /** No end was given: it ends when its sender falls silent. Null when not known. */
  readonly isTimeout: boolean | null;
  /** When it last arrived. */
  readonly updatedAt: string | null;
}

export interface RouteFacts {
  readonly routeId: string;
  /** 0 is the root. */
  readonly depth: number;
  readonly receiver: string;
  readonly matchers: readonly string[];
  readonly continue: boolean;
  readonly outcome: 'matched' | 'passed-on' | 'refused' | 'not-tried';
  /** `refused`: the first matcher that did not match. */
  readonly refusedBy?: string;
  /** `not-tried`: id of the earlier sibling that took the alert and does not `continue`. */
  readonly takenBy?: string;
}

export interface ReceiverFacts {
  readonly name: string;
  readonly isReached: boolean;
  /** One sentence for each route to it that the alert did not take. */
  readonly reasons: readonly string[];
}

export interface TimingFacts {
  readonly ms: number;
  /** Id of the route that sets it; null: the default. */
  readonly setBy: string | null;
}

export interface GroupFacts {
  readonly groupKey: string;
  readonly routeId: string;
  readonly receiver: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Alerts in it now. */
  readonly alerts: number;
  readonly groupWait: TimingFacts;
  readonly groupInterval: TimingFacts;
  readonly repeatInterval: TimingFacts;
  readonly flushes: number;
  readonly lastFlushAt: string | null;
  readonly nextFlushAt: string | null;
  /** When the flush that runs began. */
  readonly flushingSince: string | null;
  readonly muted: MuteFacts | null;
  readonly integrations: readonly IntegrationFacts[];
}

export interface MuteFacts {
  readonly by: readonly string[];
  /** True: outside all active intervals. False: inside these mute intervals. */
  readonly isOutsideActive: boolean;
  /** When that changes; null when not within three days. */
  readonly until: string | null;
}

export interface IntegrationFacts {
  readonly receiver: ReceiverRef;
  readonly sendResolved: boolean;
  readonly verdict: Verdict;
  readonly answer: string;
  /** What the notification log says; null: nothing. */
  readonly entry: EntryFacts | null;
  /** Null when the alert is in no group. */
  readonly next: NextFacts | null;
}

export interface EntryFacts {
  readonly at: string;
  /** `own`: this process. `restored`: this replica's store, whoever wrote it. `peer`: another replica. */
  readonly writtenBy: 'own' | 'restored' | 'peer';
  /** The peer's name, when it sent the entry itself. */
  readonly peer: string | null;
  readonly firing: number;
  readonly resolved: number;
  /** As what the entry has the alert. */
  readonly alert: 'firing' | 'resolved' | 'absent';
}

export interface NextFacts {
  readonly flushAt: string;
  /** As things stand, that flush sends. */
  readonly wouldSend: boolean;
  /** The earliest message, in this flush or a later one; null: none in sight. */
  readonly sendsAt: string | null;
  readonly reason: NotificationReason;
  readonly text: string;
}

export interface InhibitionFacts {
  readonly rule: string;
  readonly source: string;
  readonly sourceLabels: Readonly<Record<string, string>>;
  readonly sourceStartsAt: string | null;
}

export interface SilenceFacts {
  readonly id: string;
  readonly state: 'active' | 'pending' | 'expired';
  readonly createdBy: string;
  readonly comment: string;
  readonly startsAt: string;
  readonly endsAt: string;
}

export interface StoryItem {
  readonly at: string;
  readonly replica: string;
  /** Type of the decision event; `silence-started` and `silence-ended` come from the silence itself. */
  readonly type: string;
  readonly text: string;
  /** How often in a row; `lastAt` is the last time. */
  readonly times: number;
  readonly lastAt: string;
  readonly traceId: string;
}
