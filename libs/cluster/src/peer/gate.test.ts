import { describe, expect, it } from 'vitest';
import { afterAttempt, gateOpensAt, judgeFirstJoin } from './gate.ts';
import type { JoinOutcome, PeerAttempts } from './gate.ts';

const tried = (...outcomes: JoinOutcome[]): PeerAttempts | undefined =>
  outcomes.reduce<PeerAttempts | undefined>(afterAttempt, undefined);

describe('the first join', () => {
  it('is answered as soon as one peer has answered, whatever the others do', () => {
    expect(judgeFirstJoin([tried('silent'), undefined, tried('answered')])).toBe('answered');
  });

  it('found nobody when every peer is out of reach, is ourselves, or keeps hanging up', () => {
    expect(judgeFirstJoin([tried('unreachable'), tried('self')])).toBe('nobody');
    expect(judgeFirstJoin([tried('rejected', 'rejected', 'rejected')])).toBe('nobody');
    expect(judgeFirstJoin([])).toBe('nobody');
  });

  it('is pending while a peer was not tried, hung up only now and then, or is silent', () => {
    expect(judgeFirstJoin([tried('unreachable'), undefined])).toBe('pending');
    expect(judgeFirstJoin([tried('rejected', 'rejected')])).toBe('pending');
    expect(judgeFirstJoin([tried('rejected', 'silent', 'rejected', 'rejected')])).toBe('pending');
    // Its log may be newer than ours: that is worth the wait.
    expect(judgeFirstJoin([tried('unreachable'), tried('silent')])).toBe('pending');
  });
});

describe('the gate', () => {
  const state = { startedAt: 100, countChangedAt: 100 };

  it('opens a second after the number of members last changed, once the first join is over', () => {
    expect(gateOpensAt({ ...state, firstJoin: 'nobody' }, 60_000)).toBe(1100);
    expect(gateOpensAt({ ...state, firstJoin: 'answered', countChangedAt: 5000 }, 60_000)).toBe(6000);
  });

  it('opens at the settle timeout whatever comes', () => {
    expect(gateOpensAt({ ...state, firstJoin: 'pending' }, 60_000)).toBe(60_100);
    expect(gateOpensAt({ ...state, firstJoin: 'answered', countChangedAt: 60_000 }, 60_000)).toBe(60_100);
  });
});
