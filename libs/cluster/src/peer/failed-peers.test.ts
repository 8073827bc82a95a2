import { describe, expect, it } from 'vitest';
import { FailedPeers, MAX_FAILED_PEERS } from './failed-peers.ts';

describe('FailedPeers', () => {
  it('gives up who is away for longer than the timeout, counted from the last failure', () => {
    const failed = new FailedPeers();
    failed.add('a:1', 0);
    failed.add('b:1', 0);
    failed.add('b:1', 500);
    failed.add('c:1', 0);
    failed.remove('c:1');
    expect(failed.expire(1000, 1001)).toEqual(['a:1']);
    expect(failed.addresses()).toEqual(['b:1']);
  });

  it('redials who was tried in vain after the others, and remembers since when it is away', () => {
    const failed = new FailedPeers();
    failed.add('a:1', 0);
    failed.add('b:1', 800);
    failed.postpone('a:1');
    failed.postpone('unknown:1');
    expect(failed.addresses()).toEqual(['b:1', 'a:1']);
    expect(failed.expire(1000, 1500)).toEqual(['a:1']);
  });

  it('forgets the first in line beyond its limit', () => {
    const failed = new FailedPeers();
    for (let index = 0; index <= MAX_FAILED_PEERS; index++) failed.add(`p${index}:1`, index);
    expect(failed.size).toBe(MAX_FAILED_PEERS);
    expect(failed.has('p0:1')).toBe(false);
    expect(failed.has(`p${MAX_FAILED_PEERS}:1`)).toBe(true);
  });
});
