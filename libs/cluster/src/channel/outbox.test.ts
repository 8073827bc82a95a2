import { describe, expect, it } from 'vitest';
import { plainEntry } from '../testing/plain-channel.ts';
import { MAX_UNACKNOWLEDGED, Outbox } from './outbox.ts';
import type { OutboxItem } from './outbox.ts';

const WALL = 1_000_000;
const item = (key: string, seconds = 1, size = 100, expirySeconds = 2000): OutboxItem => ({
  channel: 'nfl',
  entry: plainEntry({ key, seconds, expirySeconds, payload: new Uint8Array(size) }),
});

function outboxOf(): Outbox {
  let seq = 0;
  return new Outbox(() => ++seq);
}

const keys = (sent: readonly { readonly items: readonly OutboxItem[] }[]): string[][] =>
  sent.map(({ items }) => items.map(({ entry }) => entry.key));

describe('Outbox', () => {
  it('packs the entries of one turn together, as far as a packet goes', () => {
    const outbox = outboxOf();
    for (const key of ['a', 'b', 'c', 'd', 'e']) outbox.add(item(key));
    expect(keys(outbox.takeDue(0, WALL, true))).toEqual([['a', 'b', 'c', 'd'], ['e']]);
  });

  it('sends again after 200 ms, then twice as long up to 2 s, until acknowledged', () => {
    const outbox = outboxOf();
    outbox.add(item('a'));
    const sentAt: number[] = [];
    for (let now = 0; now <= 8000; now += 50)
      for (const { attempt } of outbox.takeDue(now, WALL, true)) {
        expect(attempt > 1).toBe(now > 0);
        sentAt.push(now);
      }
    expect(sentAt).toEqual([0, 200, 600, 1400, 3000, 5000, 7000]);
    expect(outbox.acknowledge(1).map(({ entry }) => entry.key)).toEqual(['a']);
    expect(outbox.acknowledge(1)).toEqual([]);
    expect(outbox.size).toBe(0);
    expect(outbox.nextDueAt(9000, true)).toBeUndefined();
  });

  it('no longer sends a version that a newer one has replaced, nor one that expired', () => {
    const outbox = outboxOf();
    outbox.add(item('a', 1));
    outbox.add(item('short', 1, 100, 1001));
    outbox.takeDue(0, WALL, true);
    outbox.add(item('a', 2));
    expect(outbox.add(item('a', 2))).toBe(0);
    const later = outbox.takeDue(250, WALL + 2000, true);
    expect(later.map(({ items }) => items.map(({ entry }) => [entry.key, entry.seconds]))).toEqual([
      [['a', 2]],
    ]);
    expect(outbox.size).toBe(1);
  });

  it('keeps large entries apart, and has one of their envelopes under way at a time', () => {
    const outbox = outboxOf();
    outbox.add(item('large', 1, 5000));
    outbox.add(item('huge', 1, 300_000));
    outbox.add(item('small'));
    expect(keys(outbox.takeDue(0, WALL, true))).toEqual([['small'], ['large']]);
    expect(outbox.nextDueAt(0, false)).toBe(200);
    expect(outbox.nextDueAt(0, true)).toBe(0);
    expect(keys(outbox.takeDue(0, WALL, false))).toEqual([]);
    expect(keys(outbox.takeDue(0, WALL, true))).toEqual([['huge']]);
  });

  it('gives up the oldest beyond its limit, and says how many', () => {
    const outbox = outboxOf();
    for (let index = 0; index < MAX_UNACKNOWLEDGED; index++)
      expect(outbox.add(item(`k${index}`, 1, 10))).toBe(0);
    outbox.takeDue(0, WALL, true);
    expect(outbox.add(item('last'))).toBe(1);
    expect(outbox.size).toBe(MAX_UNACKNOWLEDGED);
    const left = keys(outbox.takeDue(5000, WALL, true)).flat();
    expect(left).not.toContain('k0');
    expect(left).toContain('k1');
    expect(left).toContain('last');
  });
});
