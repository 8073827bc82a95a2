/**
 * @module alerting/timeline
 *
 * What a group will say about one alert, and when: the rules of the flush played on a timeline of its
 * own. Nothing is decided here: `decide` says what is sent, the caller's `suppressedAt` asks inhibition,
 * time intervals and silences, and the ticks are those of the group.
 *
 * Taken for granted: the alert fires until `resolvesAt`, whatever else fires now goes on firing, every
 * message is delivered at its tick, and no other replica is earlier in turn.
 */
import type { WallMs } from '@tocsin/kernel';
import {
  instantOf,
  isAtOrBefore,
  type AlertHash,
  type NotificationReason,
  type ReceiverRef,
} from '@tocsin/model';
import type { RouteNode } from './configuration.ts';
import { decide } from './dedup.ts';
import { nflogLifetimeMs } from './nflog.ts';
import type { NflogEntry } from './nflog-entry.ts';

/** Items of one timeline. */
export const TIMELINE_ITEMS_MAX = 100;
/** Flushes looked at: with a group_interval of seconds a month would have too many. */
export const TIMELINE_FLUSHES_MAX = 20_000;
/** How far ahead a timeline may look. */
export const TIMELINE_SPAN_MAX_MS: number = 30 * 24 * 3_600_000;

/** Why a flush leaves the alert out. `isWholeGroup`: by a time interval, which mutes every alert of the group. */
export interface TimelineSuppression {
  readonly isWholeGroup: boolean;
}

export interface TimelineIntegration {
  readonly receiver: ReceiverRef;
  readonly sendResolved: boolean;
  /** What the log says now. */
  readonly entry: Pick<NflogEntry, 'at' | 'firing' | 'resolved' | 'expiresAt'> | undefined;
}

export interface TimelineQuestion<S extends TimelineSuppression> {
  readonly route: Pick<RouteNode, 'groupIntervalMs' | 'repeatIntervalMs'>;
  readonly alert: {
    readonly hash: AlertHash;
    /** From here on it is resolved; undefined: it fires on. */
    readonly resolvesAt: WallMs | undefined;
  };
  /** The other alerts of the group that nothing suppresses now. */
  readonly others: { readonly firing: readonly AlertHash[]; readonly resolved: readonly AlertHash[] };
  readonly integrations: readonly TimelineIntegration[];
  /** The group's next tick. */
  readonly firstFlushAt: WallMs;
  readonly suppressedAt: (at: WallMs) => S | undefined;
  /** No flush after it is looked at. */
  readonly until: WallMs;
  readonly retentionMs: number;
  /** An expired log entry still counts until it is collected: at most so long. */
  readonly collectedAfterMs: number;
  /** 1 to `TIMELINE_ITEMS_MAX`. */
  readonly itemsMax: number;
}

export type TimelineItem<S extends TimelineSuppression> =
  | {
      readonly kind: 'notification';
      readonly at: WallMs;
      readonly receiver: ReceiverRef;
      readonly reason: NotificationReason;
      /** As what the message shows the alert. */
      readonly isResolved: boolean;
      /** Alerts of the message. */
      readonly alerts: number;
    }
  /** From this flush on the alert is left out, or no longer. */
  | { readonly kind: 'suppressed'; readonly at: WallMs; readonly by: S }
  | { readonly kind: 'unsuppressed'; readonly at: WallMs };

export interface Timeline<S extends TimelineSuppression> {
  readonly items: readonly TimelineItem<S>[];
  /**
   * `resolved`: the group has forgotten the alert. `until`: the end of the time asked for. `limit`: there
   * is more than is shown; the timeline is whole up to `reachedAt`.
   */
  readonly end: 'resolved' | 'until' | 'limit';
  readonly reachedAt: WallMs;
}

// For `decide` it matters only whether the log has all of a set, so each set is one token.
const ALERT = 'alert';
const OTHERS = 'others';
const ENDED = 'others that ended';
const FORMER = 'former';

interface Told {
  readonly integration: TimelineIntegration;
  entry: TimelineIntegration['entry'];
}

export function timeline<S extends TimelineSuppression>(question: TimelineQuestion<S>): Timeline<S> {
  const { route, alert, until, itemsMax } = question;
  const items: TimelineItem<S>[] = [];
  const told = question.integrations.map((integration): Told => ({
    integration,
    entry: tokenEntry(integration.entry, question),
  }));
  let areOthersEnded = question.others.resolved.length > 0;
  let wasSuppressed = false;
  let at = question.firstFlushAt;
  for (let flushes = 0; ; flushes++, at += route.groupIntervalMs) {
    if (at > until) return { items, end: 'until', reachedAt: until };
    if (flushes >= TIMELINE_FLUSHES_MAX || items.length >= itemsMax)
      return { items: items.slice(0, itemsMax), end: 'limit', reachedAt: at - 1 };
    const by = question.suppressedAt(at);
    if (by !== undefined && !wasSuppressed) items.push({ kind: 'suppressed', at, by });
    if (by === undefined && wasSuppressed) items.push({ kind: 'unsuppressed', at });
    wasSuppressed = by !== undefined;
    const isResolved = alert.resolvesAt !== undefined && alert.resolvesAt <= at;
    const batch = batchOf(question, by, isResolved, areOthersEnded);
    for (const each of told) {
      const item = flushOne(question, each, batch, at);
      if (item !== undefined) items.push({ kind: 'notification', at, isResolved, ...item });
    }
    areOthersEnded = false;
    if (isResolved) return { items: items.slice(0, itemsMax), end: 'resolved', reachedAt: at };
  }
}

interface Batch {
  readonly firing: ReadonlySet<AlertHash>;
  readonly resolved: ReadonlySet<AlertHash>;
}

function batchOf<S extends TimelineSuppression>(
  { others }: TimelineQuestion<S>,
  by: S | undefined,
  isResolved: boolean,
  areOthersEnded: boolean,
): Batch {
  const firing = new Set<AlertHash>();
  const resolved = new Set<AlertHash>();
  if (by?.isWholeGroup === true) return { firing, resolved };
  if (others.firing.length > 0) firing.add(OTHERS);
  if (areOthersEnded) resolved.add(ENDED);
  if (by === undefined) (isResolved ? resolved : firing).add(ALERT);
  return { firing, resolved };
}

/** One integration's share of one flush; the message when it is about the alert. */
function flushOne<S extends TimelineSuppression>(
  { route, retentionMs, collectedAfterMs, others }: TimelineQuestion<S>,
  told: Told,
  { firing, resolved }: Batch,
  at: WallMs,
):
  | { readonly receiver: ReceiverRef; readonly reason: NotificationReason; readonly alerts: number }
  | undefined {
  if (firing.size + resolved.size === 0) return undefined;
  const { receiver, sendResolved } = told.integration;
  if (told.entry !== undefined && isAtOrBefore(told.entry.expiresAt, at - collectedAfterMs))
    told.entry = undefined;
  const { send, reason } = decide({
    entry: told.entry,
    firing,
    resolved,
    sendResolved,
    repeatIntervalMs: route.repeatIntervalMs,
    nowMs: at,
  });
  if (!send) return undefined;
  told.entry = {
    at: instantOf(at),
    firing: [...firing],
    resolved: [...resolved],
    expiresAt: instantOf(at + nflogLifetimeMs(route.repeatIntervalMs, retentionMs)),
  };
  const isAbout = firing.has(ALERT) || (sendResolved && resolved.has(ALERT));
  if (!isAbout) return undefined;
  const sizes = new Map([
    [ALERT, 1],
    [OTHERS, others.firing.length],
    [ENDED, others.resolved.length],
  ]);
  const shown = sendResolved ? [...firing, ...resolved] : [...firing];
  return { receiver, reason, alerts: shown.reduce((sum, token) => sum + (sizes.get(token) ?? 0), 0) };
}

function tokenEntry<S extends TimelineSuppression>(
  entry: TimelineIntegration['entry'],
  { alert, others }: TimelineQuestion<S>,
): TimelineIntegration['entry'] {
  if (entry === undefined) return undefined;
  return {
    at: entry.at,
    expiresAt: entry.expiresAt,
    firing: tokensOf(entry.firing, alert.hash, others.firing, OTHERS),
    resolved: tokensOf(entry.resolved, alert.hash, others.resolved, ENDED),
  };
}

function tokensOf(
  known: readonly AlertHash[],
  hash: AlertHash,
  others: readonly AlertHash[],
  token: AlertHash,
): readonly AlertHash[] {
  const all = new Set(known);
  const tokens: AlertHash[] = [];
  if (all.has(hash)) tokens.push(ALERT);
  if (others.length > 0 && others.every((other) => all.has(other))) tokens.push(token);
  // That somebody was told counts, also when nothing of it is left in the group.
  if (tokens.length === 0 && known.length > 0) tokens.push(FORMER);
  return tokens;
}
