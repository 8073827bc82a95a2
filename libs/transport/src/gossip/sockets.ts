/**
 * @module transport/gossip/sockets
 *
 * UDP and TCP on one port for the gossip engine. Everything about messages is the engine's; here are
 * only sockets, and the limits that protect them.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, createServer, isIPv6, type AddressInfo, type Server, type Socket } from 'node:net';
import { parseHostPort } from '@tocsin/cluster';
import {
  AppError,
  messageOf,
  type ByteStream,
  type HostPort,
  type PacketLink,
  type StreamLink,
} from '@tocsin/kernel';
import { hostPort } from '../listen-address.ts';

/** Asked of the kernel, which may give less. */
const RECEIVE_BUFFER_BYTES = 2 * 1024 * 1024;
/** Streams that peers have open at once; more are closed at once. Push/pulls have a lower limit of their own. */
const STREAMS_MAX = 512;
/** Tries to find a port that is free for both when any port will do. */
const ANY_PORT_TRIES = 20;

export interface GossipSockets {
  readonly packets: PacketLink;
  readonly streams: StreamLink;
  readonly local: HostPort;
}

/** Rejects with AppError `unavailable` that names the address when it can't be bound. */
export async function bindGossipSockets(address: HostPort): Promise<GossipSockets> {
  const wanted = parseHostPort(address, 'cluster listen address');
  const host = wanted.host === '' ? '0.0.0.0' : wanted.host;
  for (let attempt = 1; ; attempt++) {
    const server = createServer();
    const port = await listen(server, host, wanted.port, address);
    try {
      const udp = await bind(host, port, address);
      const local = hostPort(host, port);
      return { packets: packetLink(udp, local), streams: streamLink(server, local), local };
    } catch (error) {
      server.close();
      if (wanted.port !== 0 || attempt >= ANY_PORT_TRIES) throw error;
    }
  }
}

const unavailable = (protocol: string, address: string, error: NodeJS.ErrnoException): AppError => {
  const why =
    error.code === 'EADDRINUSE'
      ? 'is already in use; stop what listens there, or choose another --cluster.listen-address'
      : messageOf(error);
  return new AppError('unavailable', `cluster listen address ${address} (${protocol}): ${why}`, {
    cause: error,
  });
};

function listen(server: Server, host: string, port: number, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(unavailable('TCP', address, error)));
    server.listen({ host, port, backlog: 512 }, () => resolve((server.address() as AddressInfo).port));
  });
}

function bind(host: string, port: number, address: string): Promise<UdpSocket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({
      type: isIPv6(host) ? 'udp6' : 'udp4',
      recvBufferSize: RECEIVE_BUFFER_BYTES,
    });
    socket.once('error', (error) => {
      socket.close();
      reject(unavailable('UDP', address, error));
    });
    socket.bind(port, host, () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

function packetLink(socket: UdpSocket, local: HostPort): PacketLink {
  let isOpen = true;
  // A datagram that can't be sent is lost, as datagrams are; the engine finds out by its probes.
  socket.on('error', () => undefined);
  return {
    local,
    send(to, packet) {
      if (!isOpen) return;
      const { host, port } = parseHostPort(to, 'address');
      socket.send(packet, port, host, () => undefined);
    },
    onPacket: (receive) =>
      void socket.on('message', (packet, from) => receive(packet, hostPort(from.address, from.port))),
    close: () =>
      new Promise((resolve) => {
        if (!isOpen) return resolve();
        isOpen = false;
        socket.close(() => resolve());
      }),
  };
}

function streamLink(server: Server, local: HostPort): StreamLink {
  const open = new Set<Socket>();
  let accept: (stream: ByteStream) => void = (stream) => stream.destroy();
  const track = (socket: Socket): void => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  };
  server.on('error', () => undefined);
  server.maxConnections = STREAMS_MAX;
  server.on('connection', (socket) => {
    track(socket);
    accept(byteStream(socket));
  });
  return {
    local,
    dial: async (to, timeoutMs) => {
      const socket = await dial(to, timeoutMs);
      track(socket);
      return byteStream(socket);
    },
    onStream: (handle) => void (accept = handle),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

function dial(to: HostPort, timeoutMs: number): Promise<Socket> {
  const { host, port } = parseHostPort(to, 'address');
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const fail = (error: NodeJS.ErrnoException): void => {
      clearTimeout(timer);
      socket.destroy();
      const refused = error.code === 'ECONNREFUSED';
      reject(new AppError('unavailable', `${to}: ${messageOf(error)}`, { facts: { refused }, cause: error }));
    };
    const timer = setTimeout(() => fail(new Error(`no connection within ${timeoutMs} ms`)), timeoutMs);
    socket.once('error', fail);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', fail);
      socket.on('error', () => undefined);
      socket.pause();
      resolve(socket);
    });
  });
}

function byteStream(socket: Socket): ByteStream {
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  return {
    remote: hostPort(socket.remoteAddress ?? '', socket.remotePort ?? 0),
    write: (bytes) => void (socket.writable && socket.write(bytes)),
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
    on: ({ onBytes, onEnd }) => {
      let failure: Error | undefined;
      let isOver = false;
      const end = (): void => {
        if (isOver) return;
        isOver = true;
        onEnd(failure);
      };
      socket.on('error', (error) => (failure = error));
      socket.on('data', onBytes);
      socket.once('end', end);
      socket.once('close', end);
      socket.resume();
    },
  };
}
