/** What holds an alert back by itself: the alert that inhibits it, the silences that match it. */
import { silenceState, type Silence } from '@tocsin/alerting';
import type { WallMs } from '@tocsin/kernel';
import { msOf, type LabelSet } from '@tocsin/model';
import type { TenantAlertmanager } from '../tenant.ts';
import type { Asked } from './asked.ts';
import type { InhibitionFacts, SilenceFacts, StoryItem } from './explanation.ts';
import { iso, plain } from './words.ts';

export function inhibitionOf(
  tenant: TenantAlertmanager,
  labels: LabelSet,
  at: WallMs,
): InhibitionFacts | null {
  const inhibition = tenant.inhibitor.mutes(labels, at);
  if (inhibition === undefined) return null;
  const source = tenant.alerts.get(inhibition.by);
  return {
    rule: inhibition.rule,
    source: inhibition.by,
    sourceLabels: source === undefined ? {} : plain(source.labels),
    sourceStartsAt: source === undefined ? null : iso(msOf(source.startsAt)),
  };
}

/** Silences that have ended are still of interest for so long. */
const ENDED_SHOWN_MS = 24 * 3_600_000;
const SHOWN_MAX = 100;
/** Pending and ended ones that are asked about; the active ones are all found at once. */
const ASKED_MAX = 20_000;

/**
 * Those that match, found by asking what would silence the alert at an instant at which each is active:
 * the very question of the flush.
 */
export function silencesOf(
  { log: { silences } }: TenantAlertmanager,
  labels: LabelSet,
  at: WallMs,
): readonly Silence[] {
  const mutedAt = (instant: WallMs): readonly string[] =>
    silences.mutedBy(labels, labels.fingerprint, instant);
  const found = new Map(mutedAt(at).map((id) => [id, silences.get(id)]));
  let asked = 0;
  for (const silence of silences.entries()) {
    const [starts, ends] = [msOf(silence.startsAt), msOf(silence.endsAt)];
    const isActive = starts < at && at < ends;
    if (isActive || ends <= starts || ends < at - ENDED_SHOWN_MS) continue;
    if (asked++ >= ASKED_MAX || found.size >= SHOWN_MAX) break;
    const whenActive = Math.min(Math.max(at, starts + 1), ends - 1);
    if (mutedAt(whenActive).includes(silence.id)) found.set(silence.id, silence);
  }
  return [...found.values()]
    .filter((silence) => silence !== undefined)
    .sort((left, right) => msOf(left.startsAt) - msOf(right.startsAt));
}

export const silenceFacts = (silence: Silence, at: WallMs): SilenceFacts => ({
  id: silence.id,
  state: silenceState(silence, at),
  createdBy: silence.createdBy,
  comment: silence.comment,
  startsAt: iso(msOf(silence.startsAt)),
  endsAt: iso(msOf(silence.endsAt)),
});

/** Nothing runs when a silence begins or ends: it is told from the silence itself. */
export function silenceStory(silences: readonly Silence[], { parts, at }: Asked): readonly StoryItem[] {
  return silences.flatMap((silence) => {
    const item = (type: string, when: WallMs, text: string): StoryItem[] =>
      when > at
        ? []
        : [
            {
              at: iso(when),
              replica: parts.settings.replica,
              type,
              text,
              times: 1,
              lastAt: iso(when),
              traceId: '',
            },
          ];
    return [
      ...item(
        'silence-started',
        msOf(silence.startsAt),
        `silence ${silence.id} (${silence.createdBy}: ${silence.comment}) begins`,
      ),
      ...item(
        'silence-ended',
        msOf(silence.endsAt),
        `silence ${silence.id} (${silence.createdBy}: ${silence.comment}) ends`,
      ),
    ];
  });
}
