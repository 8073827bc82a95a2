/**
 * @module evaluation/schedule
 *
 * When a group is evaluated: at `offset + n * interval`. The offset depends on the names of file and
 * group alone, so all replicas evaluate at the same time stamps, whoever started when, and groups
 * are spread over their interval.
 */
import type { WallMs } from '@tocsin/kernel';
import { LabelSet } from '@tocsin/model';
import type { RuleGroup } from './rule.ts';

export interface Schedule {
  readonly intervalMs: number;
  /** 0 <= offset < interval. */
  readonly offsetMs: number;
}

/** XXH64 over the names, taken modulo the interval in nanoseconds as Prometheus does; the rest below a millisecond is cut. */
export function scheduleOf(group: Pick<RuleGroup, 'file' | 'name' | 'intervalMs'>): Schedule {
  const { hash } = LabelSet.of([
    ['file', group.file],
    ['name', group.name],
  ]);
  const offsetNanos = BigInt(`0x${hash}`) % (BigInt(group.intervalMs) * 1_000_000n);
  return { intervalMs: group.intervalMs, offsetMs: Number(offsetNanos / 1_000_000n) };
}

/** The latest slot not after `now`. */
export function slotAt({ intervalMs, offsetMs }: Schedule, now: WallMs): WallMs {
  return Math.floor((now - offsetMs) / intervalMs) * intervalMs + offsetMs;
}

export interface NextSlot {
  /** Evaluation time: always later than the slot before. */
  readonly slot: WallMs;
  /** From now; 0 when the slot has come already. */
  readonly waitMs: number;
  /** Slots between the two that nobody evaluates any more. */
  readonly missed: number;
}

/**
 * After the evaluation of slot `last`: a slot that has come is evaluated late, those before it are
 * missed. When the clock was set back, slots go on as if it had not been: never the same stamp
 * twice, and no pause of more than an interval.
 */
export function nextSlot(schedule: Schedule, last: WallMs, now: WallMs): NextSlot {
  const due = last + schedule.intervalMs;
  const latest = slotAt(schedule, now);
  const slot = Math.max(due, latest);
  const waitMs = Math.min(Math.max(slot - now, 0), schedule.intervalMs);
  return { slot, waitMs, missed: Math.round((slot - due) / schedule.intervalMs) };
}
