import { InvariantError } from '@tocsin/kernel';
import { describe, expect, it } from 'vitest';
import { timeMute } from './mute.ts';
import { NOON, routeOf } from './testing/fixtures.ts';

const intervals = new Map(
  [
    { name: 'now', contains: (at: number) => at === NOON },
    { name: 'always', contains: () => true },
    { name: 'never', contains: () => false },
  ].map((interval) => [interval.name, interval]),
);
const muteOf = (active: readonly string[], mute: readonly string[]): unknown =>
  timeMute(routeOf('{}', { activeTimeIntervals: active, muteTimeIntervals: mute }), intervals, NOON);

describe('timeMute', () => {
  it('lets a route without intervals pass', () => {
    expect(muteOf([], [])).toBeUndefined();
  });
  it('mutes outside all active intervals and names every one of them', () => {
    expect(muteOf(['never', 'never'], ['now'])).toEqual({ by: ['never'], isOutsideActive: true });
  });
  it('passes inside one active interval', () => {
    expect(muteOf(['never', 'now'], ['never'])).toBeUndefined();
  });
  it('mutes inside a mute interval and names each that contains the instant once', () => {
    expect(muteOf(['always'], ['now', 'never', 'always', 'now'])).toEqual({
      by: ['now', 'always'],
      isOutsideActive: false,
    });
  });
  it('takes a name the configuration should have refused as our own mistake', () => {
    expect(() => muteOf([], ['gone'])).toThrow(InvariantError);
  });
});
