/** Which alerts a silence hits, or would hit. */
import { matchesAll } from '@tocsin/alerting';
import type { WallMs } from '@tocsin/kernel';
import { isResolvedAt, type Alert, type LabelSet, type Matcher } from '@tocsin/model';
import type { TenantAlertmanager } from '../tenant.ts';
import { SLICE } from './alert-listing.ts';

export interface Hits {
  /** Alerts that fire now. */
  readonly firing: number;
  readonly hit: number;
  /** The first of those hit. */
  readonly shown: readonly Alert[];
}

/** Alerts listed beside a silence. */
export const HITS_SHOWN = 20;

/** `sets`: any of them hits. `breathe` lets other work run. */
export async function hitsOf(
  tenant: TenantAlertmanager,
  sets: readonly (readonly Matcher[])[],
  now: WallMs,
  breathe: () => Promise<void>,
): Promise<Hits> {
  const isHit = (labels: LabelSet): boolean => sets.some((set) => set.length > 0 && matchesAll(set, labels));
  const shown: Alert[] = [];
  let firing = 0;
  let hit = 0;
  let looked = 0;
  for (const alert of [...tenant.alerts.alerts()]) {
    if (++looked % SLICE === 0) await breathe();
    if (isResolvedAt(alert, now)) continue;
    firing++;
    if (!isHit(alert.labels)) continue;
    hit++;
    if (shown.length < HITS_SHOWN) shown.push(alert);
  }
  return { firing, hit, shown };
}

/** How many firing alerts each active silence hides. */
export async function hiddenBySilence(
  tenant: TenantAlertmanager,
  now: WallMs,
  breathe: () => Promise<void>,
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  let looked = 0;
  for (const alert of [...tenant.alerts.alerts()]) {
    if (++looked % SLICE === 0) await breathe();
    if (isResolvedAt(alert, now)) continue;
    for (const id of tenant.log.silences.mutedBy(alert.labels, alert.labels.fingerprint, now))
      counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}
