/**
 * @module alerting/mute
 *
 * Active and mute time intervals of a route (spec/alertmanager.md 6.1, stages 3 and 4). Muting hides
 * a group's alerts from this flush only; it comes before dedup, so the log is not touched.
 */
import { assert, type WallMs } from '@tocsin/kernel';
import type { NamedTimeInterval } from '@tocsin/model';
import type { RouteNode } from './configuration.ts';

export interface TimeMute {
  /** Names of the intervals, each once, in the order of the route. */
  readonly by: readonly string[];
  /** True: outside all active intervals (`by` names all of them). False: inside those mute intervals. */
  readonly isOutsideActive: boolean;
}

/** Undefined: the route is not muted. `now` is the instant the flush timer fired. */
export function timeMute(
  route: Pick<RouteNode, 'id' | 'activeTimeIntervals' | 'muteTimeIntervals'>,
  intervals: ReadonlyMap<string, NamedTimeInterval>,
  now: WallMs,
): TimeMute | undefined {
  const contains = (name: string): boolean => {
    const interval = intervals.get(name);
    assert(
      interval !== undefined,
      `route ${route.id} names time interval ${name}, which the configuration check let pass`,
    );
    return interval.contains(now);
  };
  const active = [...new Set(route.activeTimeIntervals)];
  if (active.length > 0 && !active.some(contains)) return { by: active, isOutsideActive: true };
  const muting = [...new Set(route.muteTimeIntervals)].filter(contains);
  return muting.length > 0 ? { by: muting, isOutsideActive: false } : undefined;
}
