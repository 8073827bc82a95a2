import type { FlushAlert } from '@tocsin/alerting';
import type { Span, WallMs } from '@tocsin/kernel';
import type { AlertHash } from '@tocsin/model';
import type { CancelSignal } from './cancel.ts';
import type { Group } from './dispatcher.ts';

/** What the stages of one flush share. */
export interface FlushContext {
  readonly group: Group;
  /** When the flush timer fired. */
  readonly now: WallMs;
  /** Wall-clock instant after which nothing is waited for any more. */
  readonly deadline: WallMs;
  readonly signal: CancelSignal;
  readonly span: Span;
  /** The alerts as this flush found them. */
  readonly snapshot: readonly FlushAlert[];
  /** Those of them, without those that are muted now. */
  readonly due: () => readonly FlushAlert[];
  /**
   * The alerts of this flush as they are now, muted ones left out. Asked for at each decision: a
   * replica that has waited for its turn must not send what has been resolved or silenced meanwhile,
   * which would be news from the past after a peer's later message. `told`: those that the log says
   * people know to be firing.
   */
  readonly batch: (told: ReadonlySet<AlertHash>) => readonly FlushAlert[];
}

/** The fields by which every event of a group names it. */
export const about = (group: Group): { readonly groupKey: string; readonly routeId: string } => ({
  groupKey: group.key,
  routeId: group.route.id,
});
