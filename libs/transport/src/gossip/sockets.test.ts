import { createSocket } from 'node:dgram';
import { createServer, type AddressInfo } from 'node:net';
import { AppError, type ByteStream } from '@tocsin/kernel';
import { afterEach, describe, expect, it } from 'vitest';
import { bindGossipSockets, type GossipSockets } from './sockets.ts';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function bound(address = '127.0.0.1:0'): Promise<GossipSockets> {
  const sockets = await bindGossipSockets(address);
  ends.push(() => Promise.all([sockets.packets.close(), sockets.streams.close()]));
  return sockets;
}
const errorOf = async (promise: Promise<unknown>): Promise<AppError> => {
  const thrown: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(AppError);
  return thrown as AppError;
};

/** What a stream brings until it ends. */
function listenTo(stream: ByteStream): { text: () => string; over: Promise<Error | undefined> } {
  let text = '';
  const over = new Promise<Error | undefined>((settle) => {
    stream.on({
      onBytes: (bytes) => (text += Buffer.from(bytes).toString()),
      onEnd: (error) => settle(error),
    });
  });
  return { text: () => text, over };
}

describe('binding', () => {
  it('takes one port for packets and streams, also when any will do', async () => {
    const { local, packets, streams } = await bound();
    expect(local).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);
    expect([packets.local, streams.local]).toEqual([local, local]);
  });

  it('works on IPv6', async () => {
    const { local } = await bound('[::1]:0');
    expect(local).toMatch(/^\[::1\]:\d+$/);
  });

  it('names the address and what to do when TCP or UDP is in use, and lets go of the other', async () => {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    ends.push(() => new Promise((closed) => server.close(closed)));
    const tcp = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const advice = 'is already in use; stop what listens there, or choose another --cluster.listen-address';
    expect((await errorOf(bindGossipSockets(tcp))).message).toBe(
      `cluster listen address ${tcp} (TCP): ${advice}`,
    );

    const socket = createSocket('udp4');
    await new Promise<void>((listening) => socket.bind(0, '127.0.0.1', listening));
    const udp = `127.0.0.1:${socket.address().port}`;
    expect((await errorOf(bindGossipSockets(udp))).message).toBe(
      `cluster listen address ${udp} (UDP): ${advice}`,
    );
    await new Promise<void>((closed) => socket.close(closed));
    expect((await bound(udp)).local).toBe(udp);
  });
});

describe('packets', () => {
  it('arrive with the address of the socket that sent them', async () => {
    const [a, b] = [await bound(), await bound()];
    const got = new Promise((settle) =>
      b.packets.onPacket((packet, from) => settle([Buffer.from(packet).toString(), from])),
    );
    a.packets.send(b.local, Buffer.from('ping'));
    expect(await got).toEqual(['ping', a.local]);
  });

  it('to nobody, and after closing, are lost without an error', async () => {
    const [a, b] = [await bound(), await bound()];
    await b.packets.close();
    a.packets.send(b.local, Buffer.from('x'));
    await a.packets.close();
    a.packets.send(b.local, Buffer.from('x'));
  });
});

describe('streams', () => {
  it('carry bytes both ways, and tell both sides of the end', async () => {
    const [a, b] = [await bound(), await bound()];
    b.streams.onStream((stream) => {
      stream.on({
        onBytes: (bytes) => {
          stream.write(Buffer.from(`you said ${Buffer.from(bytes).toString()}`));
          stream.end();
        },
        onEnd: () => undefined,
      });
    });
    const stream = await a.streams.dial(b.local, 1_000);
    expect(stream.remote).toBe(b.local);
    const heard = listenTo(stream);
    stream.write(Buffer.from('hi'));
    expect(await heard.over).toBeUndefined();
    expect(heard.text()).toBe('you said hi');
  });

  it('keep what arrives before somebody listens', async () => {
    const [a, b] = [await bound(), await bound()];
    b.streams.onStream((stream) => {
      stream.write(Buffer.from('early'));
      stream.end();
    });
    const stream = await a.streams.dial(b.local, 1_000);
    await new Promise((later) => setTimeout(later, 50));
    const heard = listenTo(stream);
    await heard.over;
    expect(heard.text()).toBe('early');
  });

  it('to nobody are refused at once, with the fact that they were', async () => {
    const [a, b] = [await bound(), await bound()];
    await b.streams.close();
    const error = await errorOf(a.streams.dial(b.local, 10_000));
    expect([error.code, error.facts['refused']]).toEqual(['unavailable', true]);
  });

  it('end when the other side closes its sockets', async () => {
    const [a, b] = [await bound(), await bound()];
    const stream = await a.streams.dial(b.local, 1_000);
    const { over } = listenTo(stream);
    await b.streams.close();
    await over;
  });
});
