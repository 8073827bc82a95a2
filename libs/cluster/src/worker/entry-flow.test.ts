import type { Logger } from '@tocsin/kernel';
import { describe, expect, it } from 'vitest';
import { Complaints } from '../memberlist/complaints.ts';
import { encodeFullState, encodePart, joinEntries } from '../peer/part.ts';
import type { ChannelEntry } from '../port.ts';
import { plainCodec, plainEntry } from '../testing/plain-channel.ts';
import { EntryFlow } from './entry-flow.ts';
import type { FromWorker } from './messages.ts';
import { WorkerMeter } from './worker-meter.ts';

const silent = (): void => undefined;
const quiet: Logger = { debug: silent, info: silent, warn: silent, error: silent, with: () => quiet };
const entry = (key: string, seconds = 1, size = 10): ChannelEntry =>
  plainEntry({ key, seconds, expirySeconds: 2000, payload: new Uint8Array(size) });
const blob = (...entries: readonly ChannelEntry[]): Uint8Array =>
  joinEntries(entries.map(({ bytes }) => bytes));
const badBlob = Uint8Array.of(200, 1, 2, 3);

function bench(
  memberCount = 3,
  meter = new WorkerMeter(),
): {
  readonly flow: EntryFlow;
  readonly posted: FromWorker[];
  readonly direct: string[];
  readonly oversize: Uint8Array[];
  gossiped(): number[][];
} {
  const posted: FromWorker[] = [];
  const direct: string[] = [];
  const oversize: Uint8Array[] = [];
  const flow = new EntryFlow({
    port: { post: (message) => void posted.push(message), onMessage: silent },
    meter,
    complaints: new Complaints({ mono: () => 0, wall: () => 0 }, quiet),
    channels: ['nfl', 'sil'],
    retransmitMultiplier: 3,
    now: () => 1_000_000,
    memberCount: () => memberCount,
    codecFor: (channel) => (channel === 'nfl' || channel === 'sil' ? plainCodec : undefined),
    sendDirectly: (channel, { key }) => void direct.push(`${channel} ${key}`),
    sendOversize: (_, part) => void oversize.push(part),
  });
  return {
    flow,
    posted,
    direct,
    oversize,
    gossiped: () => flow.takeBroadcasts(2, 10_000).map((part) => [...part]),
  };
}

const keysOf = (posted: readonly FromWorker[]): string[] =>
  posted.flatMap((message) =>
    message.type === 'entries' ? message.batches.flatMap(({ entries }) => entries.map(({ key }) => key)) : [],
  );

describe('entries that replicas send directly', () => {
  it('are handed over even when a later part of the message is bad, but then not acknowledged', () => {
    const { flow, posted } = bench();
    flow.onDirect({ peer: 'b', seq: 1 }, [
      { channel: 'nfl', blob: blob(entry('good')) },
      { channel: 'sil', blob: badBlob },
    ]);
    expect(posted).toHaveLength(1);
    expect(keysOf(posted)).toEqual(['good']);
    expect(posted[0]).not.toHaveProperty('receipt');
  });

  it('are acknowledged although they were known, since the main thread may not have merged them yet', () => {
    const { flow, posted } = bench();
    const receipt = { peer: 'b', seq: 1 };
    flow.onDirect(receipt, [{ channel: 'nfl', blob: blob(entry('a')) }]);
    flow.onDirect({ ...receipt, seq: 2 }, [{ channel: 'nfl', blob: blob(entry('a')) }]);
    expect(posted.map((message) => message.type === 'entries' && message.receipt?.seq)).toEqual([1, 2]);
    expect(keysOf(posted)).toEqual(['a']);
  });

  it('are gossiped on for the sake of foreign members, once', () => {
    const { flow, gossiped } = bench();
    flow.onDirect({ peer: 'b', seq: 1 }, [{ channel: 'nfl', blob: blob(entry('a'), entry('big', 1, 900)) }]);
    flow.onDirect({ peer: 'b', seq: 2 }, [{ channel: 'nfl', blob: blob(entry('a')) }]);
    expect(gossiped()).toEqual([[...encodePart({ key: 'nfl', data: blob(entry('a')) })]]);
  });
});

describe('a full state', () => {
  it('with a bad part brings the parts before it', () => {
    const { flow, posted } = bench();
    flow.onState(
      encodeFullState([
        { key: 'nfl', data: blob(entry('a')) },
        { key: 'unknown', data: blob(entry('x')) },
        { key: 'sil', data: badBlob },
        { key: 'nfl', data: blob(entry('b')) },
      ]),
    );
    expect(keysOf(posted)).toEqual(['a']);
  });

  it('that is garbage changes nothing', () => {
    const { flow, posted } = bench();
    flow.onState(Uint8Array.of(255, 255, 255));
    flow.onUpdate({ key: 'nfl', data: badBlob }, badBlob);
    expect(flow.readPart(Uint8Array.of(10, 200))).toBeUndefined();
    expect(posted).toEqual([]);
  });
});

describe('an update', () => {
  it('is passed on byte for byte, when it changed something', () => {
    const { flow, posted, gossiped } = bench();
    // A field that only newer peers know.
    const bytes = Uint8Array.from([...encodePart({ key: 'nfl', data: blob(entry('a')) }), 0x98, 0x06, 0x01]);
    const part = flow.readPart(bytes);
    if (part !== undefined) flow.onUpdate(part, bytes);
    if (part !== undefined) flow.onUpdate(part, bytes);
    expect(keysOf(posted)).toEqual(['a']);
    expect(gossiped()).toEqual([[...bytes]]);
  });

  it('above 700 bytes is not passed on', () => {
    const { flow, posted, gossiped } = bench();
    const part = { key: 'nfl', data: blob(entry('a', 1, 800)) };
    flow.onUpdate(part, encodePart(part));
    expect(keysOf(posted)).toEqual(['a']);
    expect(gossiped()).toEqual([]);
  });
});

describe('an own entry', () => {
  it('goes directly to replicas, and by gossip or over TCP to all', () => {
    const { flow, direct, oversize, gossiped, posted } = bench();
    flow.broadcast('nfl', entry('small'));
    flow.broadcast('sil', entry('large', 1, 900));
    flow.broadcast('nfl', entry('small'));
    expect(direct).toEqual(['nfl small', 'sil large']);
    expect(gossiped()).toHaveLength(1);
    expect(oversize).toHaveLength(1);
    expect(posted).toEqual([]);
  });

  it('that is older than what the replica holds is not told', () => {
    const { flow, direct } = bench();
    flow.seed('nfl', [entry('a', 5)]);
    flow.broadcast('nfl', entry('a', 4));
    flow.broadcast('nfl', entry('a', 5));
    expect(direct).toEqual([]);
  });

  it('is not queued while there is nobody to tell', () => {
    const { flow } = bench(1);
    flow.broadcast('nfl', entry('a'));
    expect(flow.queued).toBe(0);
  });
});

it('messages and bytes are counted in the metrics that Alertmanager has', () => {
  const meter = new WorkerMeter();
  const { flow } = bench(3, meter);
  const state = encodeFullState([{ key: 'nfl', data: blob(entry('a')) }]);
  flow.onState(state);
  flow.localState();
  const part = encodePart({ key: 'nfl', data: blob(entry('a')) });
  flow.takeBroadcasts(3, 1000);
  const counted = Object.fromEntries(
    meter.flush().map(({ metric, labels, value }) => [`${metric} ${labels['msg_type']}`, value]),
  );
  expect(counted).toMatchObject({
    'messagesReceived full_state': 1,
    'messagesReceivedSize full_state': state.length,
    'messagesSent full_state': 1,
    'messagesSent update': 1,
    'messagesSentSize update': part.length,
  });
  expect(meter.flush()).toEqual([]);
});
