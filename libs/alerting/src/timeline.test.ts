import { instantOf, type AlertHash } from '@tocsin/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from './dedup.ts';
import { HOUR, MINUTE, NOON, SECOND } from './testing/fixtures.ts';
import {
  timeline,
  TIMELINE_FLUSHES_MAX,
  type Timeline,
  type TimelineIntegration,
  type TimelineQuestion,
  type TimelineSuppression,
} from './timeline.ts';

const receiver = { groupName: 'team', integration: 'webhook', index: 0 };
const fresh: TimelineIntegration = { receiver, sendResolved: true, entry: undefined };
const question = (
  over: Partial<TimelineQuestion<TimelineSuppression>> = {},
): TimelineQuestion<TimelineSuppression> => ({
  route: { groupIntervalMs: 5 * MINUTE, repeatIntervalMs: HOUR },
  alert: { hash: 'me', resolvesAt: undefined },
  others: { firing: [], resolved: [] },
  integrations: [fresh],
  firstFlushAt: NOON + 30 * SECOND,
  suppressedAt: () => undefined,
  until: NOON + 3 * HOUR,
  retentionMs: 120 * HOUR,
  collectedAfterMs: 0,
  itemsMax: 100,
  ...over,
});
const told = ({ items }: Timeline<TimelineSuppression>): readonly unknown[] =>
  items.map((item) => [(item.at - NOON) / SECOND, item.kind === 'notification' ? item.reason : item.kind]);

describe('timeline', () => {
  it('rounds the repeat up to the grid of group_interval, and never repeats exactly at the interval', () => {
    expect(told(timeline(question()))).toEqual([
      [30, 'first notification'],
      [30 + 3900, 'repeat interval elapsed'],
      [30 + 2 * 3900, 'repeat interval elapsed'],
    ]);
  });

  it('keeps an alert silent while it is suppressed, and tells of it as new afterwards', () => {
    const by = { isWholeGroup: false };
    const held = timeline(
      question({
        others: { firing: ['other'], resolved: [] },
        integrations: [
          {
            ...fresh,
            entry: {
              at: instantOf(NOON),
              firing: ['other'],
              resolved: [],
              expiresAt: instantOf(NOON + 2 * HOUR),
            },
          },
        ],
        suppressedAt: (at) => (at < NOON + 10 * MINUTE ? by : undefined),
        until: NOON + 20 * MINUTE,
      }),
    );
    expect(told(held)).toEqual([
      [30, 'suppressed'],
      [630, 'unsuppressed'],
      [630, 'new alerts added'],
    ]);
  });

  it('ends when the group forgets the alert, and says nothing of an end that a mute hid', () => {
    const resolvesAt = NOON + 6 * MINUTE;
    const alert = { hash: 'me', resolvesAt };
    expect(told(timeline(question({ alert })))).toEqual([
      [30, 'first notification'],
      [630, 'all alerts resolved'],
    ]);
    const muted = timeline(
      question({ alert, suppressedAt: (at) => (at > NOON + MINUTE ? { isWholeGroup: true } : undefined) }),
    );
    expect(muted).toMatchObject({ end: 'resolved' });
    expect(told(muted)).toEqual([
      [30, 'first notification'],
      [330, 'suppressed'],
    ]);
  });

  it('stops at its limits and says how far it is whole', () => {
    expect(timeline(question({ itemsMax: 1 }))).toMatchObject({ end: 'limit', items: [{}] });
    const short = question({ route: { groupIntervalMs: 1, repeatIntervalMs: HOUR }, until: NOON + 9 * HOUR });
    expect(timeline(short).reachedAt).toBe(NOON + 30 * SECOND + TIMELINE_FLUSHES_MAX - 1);
  });

  it('decides as the flush does with the real hashes, whatever the log says', () => {
    const hashes = fc.uniqueArray(fc.constantFrom<AlertHash>('me', 'a', 'b', 'c'));
    const scene = fc.record({
      firing: fc.uniqueArray(fc.constantFrom<AlertHash>('a', 'b')),
      resolved: fc.uniqueArray(fc.constantFrom<AlertHash>('c', 'd')),
      isResolved: fc.boolean(),
      entry: fc.option(
        fc.record({ firing: hashes, resolved: hashes, ageMs: fc.constantFrom(MINUTE, HOUR, 2 * HOUR) }),
        {
          nil: undefined,
        },
      ),
      sendResolved: fc.boolean(),
    });
    fc.assert(
      fc.property(scene, ({ firing, resolved, isResolved, entry, sendResolved }) => {
        const at = NOON + 30 * SECOND;
        const logged =
          entry === undefined
            ? undefined
            : { ...entry, at: instantOf(at - entry.ageMs), expiresAt: instantOf(NOON + 9 * HOUR) };
        const answer = decide({
          entry: logged,
          firing: new Set(isResolved ? firing : ['me', ...firing]),
          resolved: new Set(isResolved ? ['me', ...resolved] : resolved),
          sendResolved,
          repeatIntervalMs: HOUR,
          nowMs: at,
        });
        const [item] = timeline(
          question({
            alert: { hash: 'me', resolvesAt: isResolved ? NOON : undefined },
            others: { firing, resolved },
            integrations: [{ receiver, sendResolved, entry: logged }],
            until: at,
          }),
        ).items;
        const isShown = answer.send && (!isResolved || sendResolved);
        expect(item?.kind === 'notification' ? item.reason : 'none').toBe(isShown ? answer.reason : 'none');
      }),
      { numRuns: 500 },
    );
  });
});
