import { captureLogger } from '@tocsin/kernel/testing';
import type { Decision, DecisionEvent } from '@tocsin/model';
import { describe, expect, it } from 'vitest';
import { eventLog } from './event-log.ts';

let next = 0;
function event(decision: Decision, tenant = ''): DecisionEvent {
  return { id: `e${next++}`, at: 0, tenant, replica: 'a', traceId: '', decision };
}
const received = (fingerprint: string): Decision =>
  ({ type: 'alert-received', fingerprint, change: 'new', startsAt: '', endsAt: '' }) as Decision;
const delivered = (groupKey: string, notificationId: string): Decision => ({
  type: 'delivered',
  groupKey,
  routeId: 'r',
  receiver: { groupName: 'team', integration: 'webhook', index: 0 },
  notificationId,
  reason: 'first notification',
  attempts: 1,
});
const due = (groupKey: string, alerts: string[]): Decision =>
  ({ type: 'flush-due', groupKey, routeId: 'r', flush: 0, alerts }) as unknown as Decision;

function filled(capacity: number, decisions: readonly Decision[]) {
  next = 0;
  const logger = captureLogger();
  const log = eventLog({ logger, capacity });
  for (const decision of decisions) log.emit(event(decision));
  const ids = (filter: Parameters<typeof log.query>[0]): string[] =>
    log.query(filter).events.map(({ id }) => id);
  return { log, logger, ids };
}

describe('eventLog', () => {
  it('keeps the newest and forgets the oldest', () => {
    const { ids } = filled(3, ['a', 'b', 'c', 'd', 'e'].map(received));
    expect(ids({})).toEqual(['e2', 'e3', 'e4']);
    expect(ids({ limit: 2 })).toEqual(['e3', 'e4']);
  });

  it('finds by type, alert, group and notification, each also where it is one of several', () => {
    const { ids } = filled(10, [
      received('f1'),
      received('f2'),
      due('g1', ['f1', 'f3']),
      delivered('g1', 'n1'),
      delivered('g2', 'n2'),
    ]);
    expect(ids({ type: 'alert-received' })).toEqual(['e0', 'e1']);
    expect(ids({ fingerprint: 'f1' })).toEqual(['e0', 'e2']);
    expect(ids({ groupKey: 'g1' })).toEqual(['e2', 'e3']);
    expect(ids({ notificationId: 'n2' })).toEqual(['e4']);
    expect(ids({ groupKey: 'g1', notificationId: 'n2' })).toEqual([]);
    expect(ids({ tenant: 'other' })).toEqual([]);
  });

  it('is followed with afterId without loss or repetition, and says when something was lost', () => {
    const { log } = filled(4, ['a', 'b', 'c'].map(received));
    expect(log.query({ afterId: 'e0', limit: 1 })).toMatchObject({ lastId: 'e1', isGap: false });
    const rest = log.query({ afterId: 'e1' });
    expect(rest.events.map(({ id }) => id)).toEqual(['e2']);
    expect(log.query({ afterId: rest.lastId })).toEqual({ events: [], lastId: 'e2', isGap: false });
    for (const name of ['d', 'e', 'f', 'g', 'h']) log.emit(event(received(name)));
    expect(log.query({ afterId: 'e2' })).toMatchObject({
      lastId: 'e7',
      isGap: true,
      events: [{ id: 'e4' }, { id: 'e5' }, { id: 'e6' }, { id: 'e7' }],
    });
  });

  it('moves a follower on past events that its filter leaves out', () => {
    const { log } = filled(10, ['a', 'b', 'c'].map(received));
    expect(log.query({ afterId: 'e0', type: 'delivered' })).toEqual({
      events: [],
      lastId: 'e2',
      isGap: false,
    });
  });

  it('has nothing to say when it is empty, and logs each event at debug', () => {
    const { log, logger } = filled(2, []);
    expect(log.query({})).toEqual({ events: [], lastId: '', isGap: false });
    log.emit(event(delivered('g', 'n')));
    expect(logger.lines).toMatchObject([
      { level: 'debug', message: 'Decision', facts: { type: 'delivered', groupKey: 'g' } },
    ]);
  });

  it('finds the story of one alert: its own events, its messages and what concerns its groups and silences', () => {
    const silence = (id: string): Decision => ({ type: 'silence-changed', silence: id, change: 'created' });
    const told = (groupKey: string, hash: string): Decision =>
      ({ ...delivered(groupKey, 'n'), firing: [hash] }) as Decision;
    const { ids } = filled(100, [
      { type: 'gate-opened' },
      received('f1'),
      received('f2'),
      due('g1', ['f2']),
      due('g1', ['f1', 'f2']),
      told('g1', 'h1'),
      told('g1', 'h2'),
      told('g2', 'h1'),
      { type: 'silenced', fingerprint: 'f2', by: ['s'], groupKey: 'g1', routeId: 'r' },
      { type: 'muted', by: ['night'], isOutsideActive: false, groupKey: 'g1', routeId: 'r' },
      { type: 'dropped-at-limit', limit: 'groupsMax', value: 1, what: 'g1' },
      silence('s1'),
      silence('s2'),
    ]);
    const story = { fingerprint: 'f1', hash: 'h1', groupKeys: new Set(['g1']), silences: new Set(['s1']) };
    expect(ids({ story })).toEqual(['e0', 'e1', 'e4', 'e5', 'e9', 'e10', 'e11']);
  });

  it('answers with what was known until an instant, and says how far back it reaches', () => {
    const log = eventLog({ logger: captureLogger(), capacity: 2 });
    for (const at of [1, 2, 3]) log.emit({ ...event(received('f')), at });
    expect(log.query({ until: 2 })).toMatchObject({ events: [{ at: 2 }], oldestAt: 2 });
    expect(log.query({ until: 1 })).toMatchObject({ events: [], oldestAt: 2 });
  });

  it('keeps fewer events of huge groups, but always the newest', () => {
    const log = eventLog({ logger: captureLogger(), listedMax: 10 });
    const list = (size: number): Decision =>
      due(
        'g',
        Array.from({ length: size }, () => 'f'),
      );
    for (const size of [4, 4, 4]) log.emit(event(list(size)));
    expect(log.query({}).events).toHaveLength(2);
    log.emit(event(list(50)));
    expect(log.query({}).events).toHaveLength(1);
    log.emit(event(list(3)));
    expect(log.query({}).events).toHaveLength(1);
  });

  it('never answers more than its limit', () => {
    const { ids } = filled(
      5_000,
      Array.from({ length: 3_000 }, () => received('f')),
    );
    expect(ids({})).toHaveLength(100);
    expect(ids({ limit: 1e9 })).toHaveLength(1_000);
    expect(ids({ limit: 0 })).toHaveLength(1);
  });
});
