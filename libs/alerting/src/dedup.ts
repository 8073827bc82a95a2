/**
 * @module alerting/dedup
 *
 * The room in which a duplicate page is prevented: must this flush be sent, given what any replica
 * has already told the receiver? F are the firing alerts of the batch, R the resolved ones, E the log
 * entry. The first row that holds decides (spec/alertmanager.md 6.2):
 *
 *   1  no E, F not empty                       first notification
 *   2  no E, F empty                           -
 *   3  F not within E.firing, E.firing empty   first notification
 *   4  F not within E.firing                   new alerts added
 *   5  F empty, E.firing not empty             all alerts resolved
 *   6  F empty, E.firing empty                 -
 *   7  sendResolved, R not within E.resolved   some alerts resolved
 *   8  E older than the repeat interval        repeat interval elapsed
 *   9  otherwise                               -
 *
 * - A firing alert that nobody was told about is always sent.
 * - A stale log can cause a duplicate, never a loss.
 * - Once what was sent is logged, the answer is "no" until something changes or the interval has passed.
 */
import type { WallMs } from '@tocsin/kernel';
import { compareInstants, instantOf, type AlertHash, type NotificationReason } from '@tocsin/model';
import type { NflogEntry } from './nflog-entry.ts';

export interface DedupQuestion {
  /** The newest entry of any replica for this group and integration. */
  readonly entry: Pick<NflogEntry, 'at' | 'firing' | 'resolved'> | undefined;
  /** Hashes of the batch's alerts, muted ones left out. */
  readonly firing: ReadonlySet<AlertHash>;
  readonly resolved: ReadonlySet<AlertHash>;
  /** The integration wants to hear of resolved alerts. */
  readonly sendResolved: boolean;
  readonly repeatIntervalMs: number;
  /** The instant the flush timer fired, not the end of the wait for a turn. */
  readonly nowMs: WallMs;
}

export interface DedupAnswer {
  readonly send: boolean;
  /** Templates and webhooks show it. 'none' when nothing is sent. */
  readonly reason: NotificationReason;
}

export function decide(question: DedupQuestion): DedupAnswer {
  const { entry, firing, resolved } = question;
  if (entry === undefined) {
    if (firing.size > 0) return send('first notification'); // 1
    return stayQuiet; // 2
  }
  if (!isSubset(firing, entry.firing)) {
    if (entry.firing.length === 0) return send('first notification'); // 3
    return send('new alerts added'); // 4
  }
  if (firing.size === 0) {
    // Also without sendResolved: nothing goes out then, but the log must forget what fired.
    if (entry.firing.length > 0) return send('all alerts resolved'); // 5
    return stayQuiet; // 6
  }
  if (question.sendResolved && !isSubset(resolved, entry.resolved)) return send('some alerts resolved'); // 7
  if (isRepeatDue(entry, question)) return send('repeat interval elapsed'); // 8
  return stayQuiet; // 9
}

const send = (reason: NotificationReason): DedupAnswer => ({ send: true, reason });
const stayQuiet: DedupAnswer = { send: false, reason: 'none' };

// Strictly older: exactly one interval after the entry it is still quiet.
const isRepeatDue = (entry: Pick<NflogEntry, 'at'>, { nowMs, repeatIntervalMs }: DedupQuestion): boolean =>
  compareInstants(entry.at, instantOf(nowMs - repeatIntervalMs)) < 0;

function isSubset(part: ReadonlySet<AlertHash>, whole: readonly AlertHash[]): boolean {
  if (part.size === 0) return true;
  const known = new Set(whole);
  for (const hash of part) if (!known.has(hash)) return false;
  return true;
}
