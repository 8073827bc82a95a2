/**
 * @module simulation/world/rpc-network
 *
 * `RpcLink` over the virtual network. As with gRPC over TCP: messages of a stream keep their order, a
 * cut holds them back, a peer that is not heard for `KEEPALIVE_MS` ends the stream, a dead process
 * refuses. Faults: slow, and an answer lost after the handler ran.
 */
import { AppError, messageOf } from '@tocsin/kernel';
import type {
  CallOptions,
  HostPort,
  Random,
  RpcHandler,
  RpcLink,
  RpcMethod,
  RpcStream,
  StreamHandlers,
} from '@tocsin/kernel';
import type { VirtualNetwork, VirtualThread, VirtualWorld } from '@tocsin/cluster/testing';

/** As libs/transport sets it: 20 s of silence, then 5 s for the answer to a ping. */
const KEEPALIVE_MS = 25_000;
const KEEPALIVE_CHECK_MS = 1_000;
const RETRY_MS = 200;

interface Server {
  readonly address: HostPort;
  readonly thread: VirtualThread;
  readonly handlers: ReadonlyMap<string, RpcHandler>;
  readonly connections: Set<Connection>;
}

interface End {
  readonly address: HostPort;
  readonly thread: VirtualThread;
}

export interface RpcOptions {
  /** Real protobuf bytes instead of passing messages. */
  readonly withCodecs: boolean;
}

export class RpcNetwork {
  readonly world: VirtualWorld;
  readonly network: VirtualNetwork;
  readonly withCodecs: boolean;
  readonly random: Random;
  readonly #servers = new Map<HostPort, Server>();
  /** Probability that an answer is lost, with its connection, after the handler ran. */
  answerLoss = 0;

  constructor(world: VirtualWorld, network: VirtualNetwork, options: RpcOptions) {
    this.world = world;
    this.network = network;
    this.withCodecs = options.withCodecs;
    this.random = world.random.fork('rpc');
  }

  serve(address: HostPort, thread: VirtualThread, handlers: readonly RpcHandler[]): void {
    this.#servers.set(address, {
      address,
      thread,
      handlers: new Map(handlers.map((handler) => [handler.method.path, handler])),
      connections: new Set(),
    });
  }

  /** The process ended: its connections are reset, its port refuses. */
  drop(address: HostPort): void {
    const server = this.#servers.get(address);
    this.#servers.delete(address);
    for (const connection of [...(server?.connections ?? [])]) connection.reset('connection reset by peer');
  }

  server(address: HostPort): Server | undefined {
    return this.#servers.get(address);
  }

  isCut(left: HostPort, right: HostPort): boolean {
    return this.network.isCut(left, right) || this.network.isCut(right, left);
  }

  link(from: End, to: HostPort): RpcLink {
    return {
      target: to,
      call: (method, request, options) => this.#call(from, to, method, request, options),
      openStream: (method, handlers) => this.#openStream(from, to, method, handlers),
      close: () => undefined,
    };
  }

  #call<Req, Res>(
    from: End,
    to: HostPort,
    method: RpcMethod<Req, Res>,
    request: Req,
    { deadlineMs, traceparent = '' }: CallOptions,
  ): Promise<Res> {
    return new Promise((resolve, reject) => {
      const fail = (error: AppError): void => from.thread.deliver(() => settle(() => reject(error)));
      const connection = new Connection(this, from, to, (why) => fail(new AppError('unavailable', why)));
      const cancelDeadline = from.thread.timers.after(deadlineMs, () =>
        settle(() => reject(new AppError('deadline', `${to}: no answer within ${deadlineMs} ms`))),
      );
      const settle = (run: () => void): void => {
        cancelDeadline();
        connection.close();
        run();
      };
      const answer = (run: () => void): void => {
        if (this.random.float() < this.answerLoss) return connection.reset('the answer was lost');
        connection.toCaller(() => settle(run));
      };
      const wire = this.#wire(method.request, request);
      connection.toServer((server) => {
        const handler = server.handlers.get(method.path);
        if (handler?.kind !== 'unary')
          return answer(() => reject(new AppError('not-found', `no method ${method.path}`)));
        void Promise.resolve()
          .then(() => handler.handle(wire, { traceparent, peer: from.address }))
          .then(
            (result) => answer(() => resolve(this.#wire(method.response, result as Res))),
            (thrown: unknown) =>
              answer(() =>
                reject(thrown instanceof AppError ? thrown : new AppError('internal', messageOf(thrown))),
              ),
          );
      });
    });
  }

  #openStream<Req, Res>(
    from: End,
    to: HostPort,
    method: RpcMethod<Req, Res>,
    caller: StreamHandlers<Res>,
  ): RpcStream<Req> {
    let served: StreamHandlers<unknown> | undefined;
    let isCallerDone = false;
    const endCaller = (error?: AppError): void => {
      if (isCallerDone) return;
      isCallerDone = true;
      caller.onEnd(error);
    };
    const connection: Connection = new Connection(this, from, to, (why) => {
      const error = new AppError('unavailable', why);
      from.thread.deliver(() => endCaller(error));
      connection.serverThread?.deliver(() => served?.onEnd(error));
    });
    const reply: RpcStream<unknown> = {
      send: (message) => {
        if (this.random.float() < this.answerLoss) connection.reset('the answer was lost');
        const wire = this.#wire(method.response, message as Res);
        connection.toCaller(() => (isCallerDone ? undefined : caller.onMessage(wire)));
        return true;
      },
      end: () =>
        connection.toCaller(() => {
          connection.close();
          endCaller();
        }),
      cancel: () =>
        connection.toCaller(() => {
          connection.close();
          endCaller(new AppError('cancelled', 'cancelled by the server'));
        }),
    };
    connection.toServer((server) => {
      const handler = server.handlers.get(method.path);
      if (handler?.kind !== 'bidi') return connection.reset(`no method ${method.path}`);
      served = handler.handle(reply, { traceparent: '', peer: from.address });
    });
    return {
      send: (message) => {
        const wire = this.#wire(method.request, message);
        connection.toServer(() => served?.onMessage(wire));
        return true;
      },
      end: () => connection.toServer(() => served?.onEnd()),
      cancel: () => {
        isCallerDone = true;
        connection.toServer(() => {
          connection.close();
          served?.onEnd(new AppError('cancelled', 'cancelled by the caller'));
        });
      },
    };
  }

  #wire<T>(codec: { encode(message: T): Uint8Array; decode(bytes: Uint8Array): T }, message: T): T {
    return this.withCodecs ? codec.decode(codec.encode(message)) : message;
  }
}

/** One TCP connection: two queues that keep their order, and one end for both. */
class Connection {
  readonly #rpc: RpcNetwork;
  readonly #from: End;
  readonly #to: HostPort;
  readonly #onReset: (why: string) => void;
  readonly #queues: { toServer: (() => void)[]; toCaller: (() => void)[] } = { toServer: [], toCaller: [] };
  #server: Server | undefined;
  #silentMs = 0;
  #isClosed = false;

  constructor(rpc: RpcNetwork, from: End, to: HostPort, onReset: (why: string) => void) {
    this.#rpc = rpc;
    this.#from = from;
    this.#to = to;
    this.#onReset = onReset;
    this.#watch();
  }

  get serverThread(): VirtualThread | undefined {
    return this.#server?.thread;
  }

  toServer(arrive: (server: Server) => void): void {
    this.#push('toServer', () => {
      this.#server ??= this.#dialled();
      const server = this.#server;
      if (server === undefined) return this.reset('connection refused');
      server.thread.deliver(() => (this.#isClosed ? undefined : arrive(server)));
    });
  }

  toCaller(arrive: () => void): void {
    this.#push('toCaller', () => this.#from.thread.deliver(() => (this.#isClosed ? undefined : arrive())));
  }

  close(): void {
    this.#isClosed = true;
    this.#server?.connections.delete(this);
  }

  reset(why: string): void {
    if (this.#isClosed) return;
    this.close();
    this.#rpc.world.timers.after(this.#rpc.network.delayMs(), () => this.#onReset(`${this.#to}: ${why}`));
  }

  #dialled(): Server | undefined {
    const server = this.#rpc.server(this.#to);
    server?.connections.add(this);
    return server;
  }

  #push(direction: 'toServer' | 'toCaller', arrive: () => void): void {
    if (this.#isClosed) return;
    const queue = this.#queues[direction];
    queue.push(arrive);
    if (queue.length === 1) this.#move(direction, this.#rpc.network.delayMs());
  }

  #move(direction: 'toServer' | 'toCaller', delayMs: number): void {
    this.#rpc.world.timers.after(delayMs, () => {
      if (this.#isClosed) return;
      if (this.#rpc.isCut(this.#from.address, this.#to)) return this.#move(direction, RETRY_MS);
      const queue = this.#queues[direction];
      // What was written while this was under way arrives with it: only the line is slow.
      for (let arrive = queue[0]; arrive !== undefined; arrive = queue[0]) {
        arrive();
        queue.shift();
      }
    });
  }

  /** Keepalive: pings go unanswered while the line is cut or the peer's loop stands still. */
  #watch(): void {
    this.#rpc.world.timers.after(KEEPALIVE_CHECK_MS, () => {
      if (this.#isClosed) return;
      if (this.#from.thread.isKilled) return this.#callerDied();
      const isSilent =
        this.#rpc.isCut(this.#from.address, this.#to) ||
        this.#server?.thread.isPaused === true ||
        this.#from.thread.isPaused;
      this.#silentMs = isSilent ? this.#silentMs + KEEPALIVE_CHECK_MS : 0;
      if (this.#silentMs >= KEEPALIVE_MS) this.reset('keepalive: no answer to a ping');
      else this.#watch();
    });
  }

  #callerDied(): void {
    this.reset('the caller is gone');
  }
}
