/**
 * @module e2e/support/relay
 *
 * Faults on the network between replicas, in user space: each replica advertises an address of the
 * relay, which passes on what arrives there, or does not.
 *
 * A packet that replica A sends to B's advertised address leaves again from A's advertised one, so B
 * answers by the relay, too. A TCP connection says nothing of who opened it; the kernel's tables do.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { HOST, freePort, type Stage } from './processes.ts';

interface Node {
  readonly name: string;
  /** Where the replica listens. */
  readonly realPort: number;
  /** Where all others reach it. */
  readonly port: number;
  readonly udp: UdpSocket;
  readonly tcp: Server;
  pid: number;
}

interface Connection {
  readonly from: string;
  readonly to: string;
  readonly ends: readonly [Socket, Socket];
}

export class Relay {
  readonly #nodes = new Map<string, Node>();
  readonly #connections = new Set<Connection>();
  #isCut: ((from: string, to: string) => boolean) | undefined;
  #isUdpBlocked = false;

  constructor(stage: Stage) {
    stage.onEnd(() => this.#close());
  }

  /** The port to advertise for a replica that listens on `realPort`. */
  async add(name: string, realPort: number): Promise<number> {
    const port = await freePort();
    const udp = createSocket('udp4');
    udp.on('message', (packet, { port: sender }) => this.#packet(node, packet, sender));
    udp.on('error', () => undefined);
    const tcp = createServer({ pauseOnConnect: true }, (socket) => this.#connection(node, socket));
    const node: Node = { name, realPort, port, udp, tcp, pid: 0 };
    await new Promise<void>((resolve) => udp.bind(port, HOST, resolve));
    await new Promise<void>((resolve) => tcp.listen(port, HOST, resolve));
    this.#nodes.set(name, node);
    return port;
  }

  /** Which process the replica is; needed before it may open connections. */
  setPid(name: string, pid: number): void {
    const node = this.#nodes.get(name);
    if (node !== undefined) node.pid = pid;
  }

  /** Nothing passes between the two sides from now on; replicas that are not named stay with everybody. */
  partition(one: readonly string[], other: readonly string[]): void {
    const isCut = (from: string, to: string): boolean =>
      (one.includes(from) && other.includes(to)) || (other.includes(from) && one.includes(to));
    this.#isCut = isCut;
    for (const { from, to, ends } of this.#connections) {
      if (isCut(from, to)) for (const end of ends) end.destroy();
    }
  }

  blockUdp(): void {
    this.#isUdpBlocked = true;
  }

  heal(): void {
    this.#isCut = undefined;
    this.#isUdpBlocked = false;
  }

  #packet(to: Node, packet: Buffer, sender: number): void {
    const from = [...this.#nodes.values()].find(({ realPort }) => realPort === sender);
    if (from === undefined || this.#isUdpBlocked || this.#isCut?.(from.name, to.name) === true) return;
    from.udp.send(packet, to.realPort, HOST);
  }

  #connection(to: Node, incoming: Socket): void {
    incoming.on('error', () => undefined);
    // Who has closed it already can't be told any more: that is a loss, while there is a cut.
    const from = this.#whoOpened(incoming.remotePort ?? 0) ?? '';
    if (this.#isCut !== undefined && (from === '' || this.#isCut(from, to.name)))
      return void incoming.destroy();
    const outgoing = connect(to.realPort, HOST);
    const connection: Connection = { from, to: to.name, ends: [incoming, outgoing] };
    this.#connections.add(connection);
    for (const end of connection.ends) {
      end.on('error', () => undefined);
      end.on('close', () => {
        this.#connections.delete(connection);
        for (const other of connection.ends) other.destroy();
      });
    }
    incoming.pipe(outgoing);
    outgoing.pipe(incoming);
  }

  #whoOpened(port: number): string | undefined {
    const inode = inodeOf(port);
    return [...this.#nodes.values()].find(({ pid }) => pid !== 0 && holds(pid, inode))?.name;
  }

  #close(): void {
    for (const { ends } of this.#connections) for (const end of ends) end.destroy();
    for (const { udp, tcp } of this.#nodes.values()) {
      udp.close();
      tcp.close();
    }
  }
}

/** Of the socket whose own port this is; '' when there is none. */
function inodeOf(port: number): string {
  const own = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n')) {
    const fields = line.trim().split(/\s+/);
    if (fields[1]?.endsWith(own) === true) return fields[9] ?? '';
  }
  return '';
}

function holds(pid: number, inode: string): boolean {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).some((fd) => {
      try {
        return readlinkSync(`${folder}/${fd}`) === `socket:[${inode}]`;
      } catch {
        return false;
      }
    });
  } catch {
    return false;
  }
}
