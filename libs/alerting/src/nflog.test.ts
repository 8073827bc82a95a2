import fc from 'fast-check';
import { addMs, instantOf, LabelSet } from '@tocsin/model';
import { describe, expect, it } from 'vitest';
import { decide } from './dedup.ts';
import { decodeNflogEntry } from './nflog-codec.ts';
import { nflogKey, type NflogEntry } from './nflog-entry.ts';
import { Nflog, nflogEntryFor, type Notified } from './nflog.ts';
import { notificationId } from './notification-id.ts';
import { DAY, entryOf, hashOf, HOUR, NOON } from './testing/fixtures.ts';

const receiver = { groupName: 'team', integration: 'webhook', index: 0 };
const groupKey = '{}:{alertname="A"}';
const notified = (over: Partial<Notified> = {}): Notified => ({
  groupKey,
  receiver,
  now: NOON,
  firing: [hashOf(1)],
  resolved: [],
  receiverData: new Map(),
  repeatIntervalMs: 4 * HOUR,
  retentionMs: 5 * DAY,
  replaces: undefined,
  ...over,
});

describe('nflogEntryFor', () => {
  it('expires after two repeat intervals, or after the retention when that is shorter', () => {
    expect(nflogEntryFor(notified()).expiresAt).toEqual(instantOf(NOON + 8 * HOUR));
    expect(nflogEntryFor(notified({ repeatIntervalMs: 10 * DAY })).expiresAt).toEqual(
      instantOf(NOON + 5 * DAY),
    );
  });
  it('carries bytes that say what it says', () => {
    const entry = nflogEntryFor(
      notified({ resolved: ['ffffffffffffffff'], receiverData: new Map([['threadTs', '1.2']]) }),
    );
    expect(decodeNflogEntry(entry.bytes)).toEqual(entry);
  });
  it('is later than the entry it replaces, also within one millisecond', () => {
    const replaces = { at: addMs(instantOf(NOON), 0.5) };
    expect(nflogEntryFor(notified({ replaces })).at).toEqual({
      ...instantOf(NOON),
      nanos: instantOf(NOON).nanos + 500_001,
    });
    expect(nflogEntryFor(notified({ replaces: { at: instantOf(NOON - 1) } })).at).toEqual(instantOf(NOON));
  });
});

describe('Nflog', () => {
  it('answers with what was logged, by group and integration', () => {
    const log = new Nflog();
    const entry = nflogEntryFor(notified());
    expect(log.log(entry)).toBe(true);
    expect(log.get(groupKey, receiver)).toBe(entry);
    expect(log.get(groupKey, { ...receiver, index: 1 })).toBeUndefined();
  });
  it('logs over an entry of a peer whose clock is ahead, and that peer takes it', () => {
    const [log, peer] = [new Nflog(), new Nflog()];
    const ahead = entryOf({ at: instantOf(NOON + 60_000) });
    for (const each of [log, peer]) each.merge([ahead], NOON);
    const ours = nflogEntryFor(notified({ replaces: ahead }));
    expect(log.log(ours)).toBe(true);
    expect(log.get(groupKey, receiver)).toBe(ours);
    expect(peer.merge([ours], NOON)).toEqual([ours]);
  });
  it('does not log an entry that is older than the one it holds', () => {
    const log = new Nflog();
    const young = entryOf({ at: instantOf(NOON + 1) });
    log.merge([young], NOON);
    expect(log.log(entryOf())).toBe(false);
    expect(log.get(groupKey, receiver)).toBe(young);
  });
  it('logs over a peer’s entry of the same millisecond, and the peer takes it', () => {
    const [log, peer] = [new Nflog(), new Nflog()];
    const theirs = entryOf({ at: addMs(instantOf(NOON), 0.7) });
    for (const each of [log, peer]) each.merge([theirs], NOON);
    const ours = nflogEntryFor(notified({ replaces: theirs }));
    expect(log.log(ours)).toBe(true);
    expect(peer.merge([ours], NOON)).toEqual([ours]);
  });
  it('keeps the newer entry and reports only changes, so that gossip dies out', () => {
    const log = new Nflog();
    const [old, young] = [entryOf(), entryOf({ at: instantOf(NOON + 1) })];
    expect(log.merge([young, old, young], NOON)).toEqual([young]);
    expect(log.merge([old, young], NOON)).toEqual([]);
    expect(log.get(groupKey, receiver)).toBe(young);
  });
  it('keeps the entry it has when a peer’s has the same stamp', () => {
    const log = new Nflog();
    const [mine, theirs] = [entryOf(), entryOf({ firing: [hashOf(9)] })];
    log.merge([mine], NOON);
    expect(log.merge([theirs], NOON)).toEqual([]);
    expect(log.get(groupKey, receiver)).toBe(mine);
  });
  it('refuses what has expired, and forgets what expires', () => {
    const log = new Nflog();
    const entry = entryOf({ expiresAt: instantOf(NOON + 1) });
    expect(log.merge([entry], NOON + 2)).toEqual([]);
    log.merge([entry], NOON + 1);
    expect(log.gc(NOON)).toEqual([]);
    expect(log.size).toBe(1);
    expect(log.gc(NOON + 1)).toEqual([entry]);
    expect(log.size).toBe(0);
  });
  it('refuses peers’ new keys at its limit, but never its own entries or updates', () => {
    const log = new Nflog(1);
    const entry = entryOf();
    log.merge([entry, entryOf({ groupKey: 'other' })], NOON);
    expect([log.size, log.refused]).toEqual([1, 1]);
    expect(log.merge([entryOf({ at: instantOf(NOON + 1) })], NOON)).toHaveLength(1);
    expect(log.log(nflogEntryFor(notified({ groupKey: 'own' })))).toBe(true);
    expect(log.size).toBe(2);
  });

  // Same stamp, same entry: ties are decided by who came first, on purpose.
  const entries = fc.array(
    fc.record({ key: fc.nat(3), offset: fc.integer({ min: -5, max: 5 }) }).map(({ key, offset }) =>
      entryOf({
        groupKey: `g${key}`,
        at: instantOf(NOON + offset),
        firing: [hashOf(key * 100 + offset + 5)],
      }),
    ),
    { maxLength: 12 },
  );
  const stateOf = (...batches: readonly (readonly NflogEntry[])[]): unknown => {
    const log = new Nflog();
    for (const batch of batches) log.merge(batch, NOON);
    const sorted = [...log.entries()].sort((a, b) => (a.groupKey < b.groupKey ? -1 : 1));
    return sorted.map(({ groupKey: key, at, firing }) => [key, at, firing]);
  };
  it('comes to the same state in whatever order and however often entries arrive', () => {
    fc.assert(
      fc.property(entries, entries, entries, (a, b, c) => {
        const state = stateOf(a, b, c);
        expect(stateOf(c, b, a)).toEqual(state);
        expect(stateOf([...b, ...a, ...c, ...a], b)).toEqual(state);
        expect(stateOf([...stateEntries(a, b)], c)).toEqual(state);
      }),
    );
  });
  const stateEntries = (...batches: readonly (readonly NflogEntry[])[]): Iterable<NflogEntry> => {
    const log = new Nflog();
    for (const batch of batches) log.merge(batch, NOON);
    return log.entries();
  };

  it('makes every replica silent that hears of a notification before its turn', () => {
    const hashes = fc.uniqueArray(fc.nat(9).map(hashOf), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(hashes, fc.nat(6), fc.boolean(), (all, count, sendResolved) => {
        const [first, second] = [new Nflog(), new Nflog()];
        const batch = { firing: new Set(all.slice(0, count)), resolved: new Set(all.slice(count)) };
        const question = { ...batch, sendResolved, repeatIntervalMs: 4 * HOUR, nowMs: NOON };
        if (!decide({ ...question, entry: first.get(groupKey, receiver) }).send) return;
        const entry = nflogEntryFor(notified({ firing: [...batch.firing], resolved: [...batch.resolved] }));
        first.log(entry);
        second.merge([decodeNflogEntry(entry.bytes)], NOON);
        expect(decide({ ...question, entry: second.get(groupKey, receiver) }).send).toBe(false);
      }),
    );
  });
});

describe('notificationId', () => {
  const parts = {
    tenant: '',
    groupKey,
    receiver,
    entry: undefined,
    firing: [hashOf(1), hashOf(2)],
    resolved: [hashOf(3)],
  };
  it('is the same on every replica, whatever the order of the alerts', () => {
    expect(notificationId(parts)).toMatch(/^[0-9a-f]{64}$/);
    expect(notificationId({ ...parts, firing: new Set([hashOf(2), hashOf(1)]) })).toBe(notificationId(parts));
  });
  it('never changes between versions: stored ids and keys of receivers depend on it', () => {
    expect(notificationId(parts)).toBe(GOLDEN);
  });
  it('differs when any part differs, also when text moves from one part to the next', () => {
    const others = [
      { ...parts, tenant: '1' },
      { ...parts, tenant: '{', groupKey: groupKey.slice(1) },
      { ...parts, receiver: { ...receiver, index: 1 } },
      { ...parts, receiver: { ...receiver, groupName: 'teamweb', integration: 'hook' } },
      { ...parts, entry: { at: instantOf(0.000001) } },
      { ...parts, entry: { at: instantOf(1000) } },
      { ...parts, firing: [hashOf(1)], resolved: [hashOf(2), hashOf(3)] },
      { ...parts, firing: [], resolved: [] },
    ];
    expect(new Set([parts, ...others].map(notificationId)).size).toBe(others.length + 1);
  });
  it('counts an absent entry as time 0', () => {
    expect(notificationId({ ...parts, entry: { at: instantOf(0) } })).toBe(notificationId(parts));
  });
});

const GOLDEN = 'aa7812b558953dbb705446c0fdb309a122e6365b863ba6be2ca4e47ef8d74c57';

describe('nflogKey', () => {
  it('is the key of Alertmanager’s state', () => {
    expect(nflogKey(LabelSet.empty.toString(), receiver)).toBe('{}:team/webhook/0');
  });
});
