import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextSlot, scheduleOf, slotAt } from './schedule.ts';

const NOON = 1_795_341_600_000;

describe('the schedule of a group', () => {
  it('depends on the names of file and group, and on nothing else', () => {
    const group = { file: 'rules.yml', name: 'g', intervalMs: 60_000 };
    expect(scheduleOf(group)).toEqual(scheduleOf({ ...group }));
    const offsets = new Set(
      Array.from({ length: 100 }, (_, index) => scheduleOf({ ...group, name: `g${index}` }).offsetMs),
    );
    expect(offsets.size).toBeGreaterThan(90);
  });

  it('is the one Prometheus has, to the millisecond (measured with 2.42)', () => {
    expect(scheduleOf({ file: '/tmp/rules.yml', name: 'g1', intervalMs: 7_000 }).offsetMs).toBe(4_635);
    expect(scheduleOf({ file: '/tmp/rules.yml', name: 'another group', intervalMs: 5_000 }).offsetMs).toBe(
      3_031,
    );
  });

  it('has its slots at offset + n * interval', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.integer({ min: 1, max: 86_400_000 }),
        fc.nat({ max: 2_000_000_000_000 }),
        (name, intervalMs, now) => {
          const schedule = scheduleOf({ file: 'f', name, intervalMs });
          const slot = slotAt(schedule, now);
          expect(schedule.offsetMs >= 0 && schedule.offsetMs < intervalMs).toBe(true);
          expect((slot - schedule.offsetMs) % intervalMs === 0).toBe(true);
          expect(slot <= now && slot > now - intervalMs).toBe(true);
        },
      ),
    );
  });

  const schedule = { intervalMs: 10_000, offsetMs: 3_000 };
  const last = slotAt(schedule, NOON);

  it('waits for the next slot', () => {
    expect(nextSlot(schedule, last, NOON)).toEqual({
      slot: last + 10_000,
      waitMs: last + 10_000 - NOON,
      missed: 0,
    });
  });

  it('catches up with the latest slot and counts those between as missed', () => {
    expect(nextSlot(schedule, last, last + 10_001)).toEqual({ slot: last + 10_000, waitMs: 0, missed: 0 });
    expect(nextSlot(schedule, last, last + 35_000)).toEqual({ slot: last + 30_000, waitMs: 0, missed: 2 });
  });

  it('never repeats a time stamp and never pauses longer than an interval when the clock is set back', () => {
    fc.assert(
      fc.property(fc.integer({ min: -10_000_000, max: 10_000_000 }), (jump) => {
        const { slot, waitMs } = nextSlot(schedule, last, NOON + jump);
        expect(slot).toBeGreaterThan(last);
        expect(waitMs >= 0 && waitMs <= 10_000).toBe(true);
      }),
    );
  });
});
