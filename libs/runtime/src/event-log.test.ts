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
