import { AppError } from '@tocsin/kernel';
import type { HostPort, Logger } from '@tocsin/kernel';
import { describe, expect, it } from 'vitest';
import { gossipConfig } from '../config.ts';
import { VirtualWorld } from '../testing/virtual-world.ts';
import { Joiner } from './joiner.ts';

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
const silent = (): void => undefined;
const quiet: Logger = { debug: silent, info: silent, warn: silent, error: silent, with: () => quiet };
const OWN = '10.0.0.1:9094';
const refused = new AppError('unavailable', 'refused', { facts: { refused: true } });

interface Bench {
  readonly world: VirtualWorld;
  readonly joiner: Joiner;
  readonly dialled: { readonly address: HostPort; readonly at: number }[];
  readonly events: string[];
  /** What the next dials of an address come to: a number of others, or a failure. */
  readonly answers: Map<HostPort, number | AppError>;
  readonly members: Set<HostPort>;
  /** What names resolve to now; a missing one fails. */
  readonly names: Map<string, readonly string[]>;
}

function bench(peers: readonly string[], more: Partial<Parameters<typeof gossipConfig>[0]> = {}): Bench {
  const world = new VirtualWorld({ seed: 1, turn });
  const dialled: Bench['dialled'] = [];
  const events: string[] = [];
  const answers: Bench['answers'] = new Map();
  const members: Bench['members'] = new Set();
  const names: Bench['names'] = new Map();
  const joiner = new Joiner(
    {
      clock: world.clock,
      timers: world.timers,
      random: world.random,
      logger: quiet,
      resolver: {
        resolve: (host) => {
          const found = names.get(host);
          return found === undefined ? Promise.reject(new Error('no such host')) : Promise.resolve(found);
        },
      },
      join: (address) => {
        dialled.push({ address, at: world.now });
        const answer = answers.get(address) ?? refused;
        return answer instanceof AppError ? Promise.reject(answer) : Promise.resolve(answer);
      },
      isMember: (address) => members.has(address),
      onFirstJoin: (outcome) => void events.push(outcome),
      onRefreshJoin: (isJoined) => void events.push(`refresh ${isJoined}`),
      onReconnect: (isJoined) => void events.push(`reconnect ${isJoined}`),
    },
    gossipConfig({ name: 'self', advertiseAddress: OWN, peers, ...more }),
  );
  return { world, joiner, dialled, events, answers, members, names };
}

const addresses = ({ dialled }: Bench): HostPort[] => dialled.map(({ address }) => address);

describe('the first join', () => {
  it('asks every peer but ourselves, and is over with the first answer', async () => {
    const at = bench([OWN, '10.0.0.2:9094', '10.0.0.3:9094']);
    at.answers.set('10.0.0.3:9094', 2);
    at.joiner.start();
    await at.world.run(0);
    expect(addresses(at)).toEqual(['10.0.0.2:9094', '10.0.0.3:9094']);
    expect(at.events).toEqual(['answered']);
  });

  it('without peers is over at once', async () => {
    const at = bench([OWN]);
    at.joiner.start();
    await at.world.run(0);
    expect(at.events).toEqual(['nobody']);
  });

  it('recognises itself behind another of its addresses, and does not call there again', async () => {
    const at = bench(['127.0.0.1:9094']);
    at.answers.set('127.0.0.1:9094', 0);
    at.joiner.start();
    await at.world.run(120_000);
    expect(at.events).toEqual(['nobody']);
    expect(at.dialled).toHaveLength(1);
    expect(at.joiner.failedPeers).toBe(0);
  });

  it('asks a peer that hangs up again, every two seconds, and gives it up after three times', async () => {
    const at = bench(['10.0.0.2:9094']);
    at.answers.set('10.0.0.2:9094', new AppError('unavailable', 'cut', { facts: { cutShort: true } }));
    at.joiner.start();
    await at.world.run(3900);
    expect(at.events).toEqual([]);
    await at.world.run(200);
    expect(at.events).toEqual(['nobody']);
    expect(at.dialled.slice(0, 3).map(({ at: when }) => when)).toEqual([0, 2000, 4000]);
  });

  it('waits for a name without addresses, and takes all that come', async () => {
    const at = bench(['am.local:9094']);
    at.names.set('am.local', []);
    at.answers.set('10.0.0.2:9094', 1);
    at.joiner.start();
    await at.world.run(5000);
    expect(at.dialled).toEqual([]);
    at.names.set('am.local', ['10.0.0.1', '10.0.0.2', 'fd00::0:2']);
    await at.world.run(2000);
    // Later ones are refreshes and redials, whose time is random.
    expect(addresses(at).slice(0, 2)).toEqual(['10.0.0.2:9094', '[fd00::2]:9094']);
    expect(at.events).toContain('answered');
  });

  it('stops waiting for a name at the resolve timeout', async () => {
    const at = bench(['am.local:9094'], { peersResolveTimeoutMs: 5000 });
    at.names.set('am.local', []);
    at.joiner.start();
    await at.world.run(5000);
    expect(at.events).toEqual(['nobody']);
  });

  it('does not wait for a name whose lookup fails, but looks it up again whenever it dials', async () => {
    const at = bench(['am.local:9094']);
    at.joiner.start();
    await at.world.run(0);
    expect(at.events).toEqual(['nobody']);
    at.names.set('am.local', ['10.0.0.2']);
    at.answers.set('10.0.0.2:9094', 1);
    await at.world.run(15_000);
    expect(addresses(at)).toContain('10.0.0.2:9094');
    expect(at.events).toContain('refresh true');
  });
});

describe('later', () => {
  it('joins addresses that a name newly resolves to, but not members', async () => {
    const at = bench(['am.local:9094']);
    at.names.set('am.local', ['10.0.0.2']);
    at.answers.set('10.0.0.2:9094', 1);
    at.joiner.start();
    await at.world.run(100);
    at.joiner.onJoin('10.0.0.2:9094');
    at.members.add('10.0.0.2:9094');
    at.names.set('am.local', ['10.0.0.2', '10.0.0.3']);
    await at.world.run(15_000);
    expect(addresses(at).slice(1)).toEqual(['10.0.0.3:9094']);
    expect(at.events).toEqual(['answered', 'refresh false']);
  });

  it('redials who went away every ten seconds until it is back, and gives up after the timeout', async () => {
    const at = bench([], { reconnectTimeoutMs: 600_000 });
    at.joiner.start();
    at.joiner.onLeave('10.0.0.2:9094');
    await at.world.run(100_000);
    expect(at.dialled.length).toBeGreaterThanOrEqual(9);
    at.joiner.onJoin('10.0.0.2:9094');
    at.members.add('10.0.0.2:9094');
    at.dialled.length = 0;
    await at.world.run(100_000);
    expect(at.dialled).toEqual([]);
    at.members.clear();
    at.joiner.onLeave('10.0.0.2:9094');
    await at.world.run(1_000_000);
    expect(at.joiner.failedPeers).toBe(0);
  });
});
