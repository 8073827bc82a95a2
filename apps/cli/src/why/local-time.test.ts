import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromNow, localised, localTime, printable, readAt, zoneName, type LocalClock } from './local-time.ts';

const NOON = Date.UTC(2026, 10, 22, 12);
const inZone = (minutes: number, now = NOON): LocalClock => ({ now, offsetMinutes: () => minutes });

describe('local time', () => {
  it('shows the clock of the wall, and the date when it is another day there', () => {
    expect(localTime(inZone(330), NOON)).toBe('17:30:00');
    expect(localTime(inZone(-60), NOON - 12 * 3_600_000)).toBe('2026-11-21 23:00:00');
    expect(zoneName(inZone(-90))).toBe('UTC-01:30');
  });

  it('says how far away an instant is with two units', () => {
    const of = (ms: number): string => fromNow(inZone(0), NOON + ms);
    expect([of(0), of(-250_000), of(30_000), of(90_061_000)]).toEqual([
      'now',
      '4m10s ago',
      'in 30s',
      'in 1d1h',
    ]);
  });

  it('turns every instant of a sentence', () => {
    const text = 'silenced until 2026-11-22T15:00:00.000Z, since 2026-11-22T12:00:00+01:00';
    expect(localised(inZone(60), text)).toBe('silenced until 16:00:00, since 12:00:00');
  });

  it('spells out control characters', () => {
    expect(printable('a\u001b[2J\nb')).toBe('a\\x1b[2J\\x0ab');
  });
});

describe('--at', () => {
  it('takes RFC 3339, how long ago, and a time of the last 24 hours', () => {
    const clock = inZone(60);
    expect(readAt(clock, '2026-11-22T11:00:00Z')).toBe(NOON - 3_600_000);
    expect(readAt(clock, '15m')).toBe(NOON - 900_000);
    expect(readAt(clock, '12:30')).toBe(NOON - 1_800_000);
    expect(readAt(clock, '13:30')).toBe(NOON + 1_800_000 - 86_400_000);
    expect(() => readAt(clock, '25:00')).toThrow('--at 25:00');
  });

  it('reads what is shown back to the second, in every zone', () => {
    const zone = fc.integer({ min: -12 * 60, max: 14 * 60 });
    fc.assert(
      fc.property(zone, fc.integer({ min: 0, max: 86_399 }), (minutes, ago) => {
        const clock = inZone(minutes);
        const at = NOON - ago * 1000;
        expect(readAt(clock, localTime(clock, at).slice(-8))).toBe(at);
      }),
    );
  });
});
