/**
 * @module transport/grpc/server
 *
 * One listening gRPC server: our services, health checking and reflection. Handlers see messages and
 * a way back; codecs, statuses, limits and shutdown are here.
 */
import {
  Server,
  ServerCredentials,
  status as Status,
  type Metadata,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type UntypedServiceImplementation,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import {
  AppError,
  messageOf,
  type CallContext,
  type HostPort,
  type Logger,
  type Meter,
  type RpcHandler,
  type RpcStream,
  type StreamHandlers,
} from '@tocsin/kernel';
import { HealthImplementation } from 'grpc-health-check';
import { listenError, toGrpcFailure, type GrpcFailure } from '../errors.ts';
import { hostPort, parseListenAddress } from '../listen-address.ts';
import type { ServerTls } from '../tls.ts';
import {
  GRPC_MESSAGE_BYTES_MAX,
  Undecodable,
  definitionsOf,
  packageDefinition,
  splitPath,
} from './definitions.ts';
import { grpcServerMetrics as metrics } from './metrics.ts';

/** Calls and streams open at once on one connection. */
const STREAMS_PER_CONNECTION_MAX = 1_000;
/** Time for the last statuses to reach the callers before their connections are cut. */
const FAREWELL_MS = 250;
const KEEPALIVE_MS = 30_000;
const KEEPALIVE_TIMEOUT_MS = 10_000;
// The default of 64 KiB makes a batch of alerts wait for a round trip.
const FLOW_CONTROL_WINDOW_BYTES = 1024 * 1024;

export interface ServeGrpcOptions {
  /** `host:port`, `:port`; port 0 takes any free one. */
  readonly address: string;
  readonly handlers: readonly RpcHandler[];
  readonly tls?: ServerTls;
  readonly logger: Logger;
  readonly meter: Meter;
}

export interface GrpcServing {
  /** With the real port. */
  readonly address: HostPort;
  /** Says NOT_SERVING, lets calls end for at most `graceMs`, then cuts what is left. */
  stop(graceMs: number): Promise<void>;
}

/** Rejects with AppError `unavailable` that names the address and what can be done, `invalid` for a bad one. */
export async function serveGrpc(options: ServeGrpcOptions): Promise<GrpcServing> {
  const server = new Server({
    'grpc.max_receive_message_length': GRPC_MESSAGE_BYTES_MAX,
    'grpc.max_send_message_length': GRPC_MESSAGE_BYTES_MAX,
    'grpc.max_concurrent_streams': STREAMS_PER_CONNECTION_MAX,
    'grpc.keepalive_time_ms': KEEPALIVE_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    'grpc-node.flow_control_window': FLOW_CONTROL_WINDOW_BYTES,
    'grpc.enable_channelz': 0,
  });
  const definitions = definitionsOf(options.handlers);
  const calls = new Calls(options);
  for (const [service, definition] of definitions) {
    server.addService(definition, implementationOf(service, options.handlers, calls));
  }
  const services = [...definitions.keys()];
  const health = new HealthImplementation({
    '': 'SERVING',
    ...Object.fromEntries(services.map((service) => [service, 'SERVING' as const])),
  });
  health.addToServer(server);
  new ReflectionService(packageDefinition(), { services }).addToServer(server);

  const address = await bind(server, options);
  return {
    address,
    async stop(graceMs) {
      for (const service of ['', ...services]) health.setStatus(service, 'NOT_SERVING');
      await new Promise<void>((stopped) => {
        const timers = [
          setTimeout(() => calls.abandonAll(), graceMs),
          setTimeout(() => server.forceShutdown(), graceMs + FAREWELL_MS),
        ];
        server.tryShutdown(() => {
          for (const timer of timers) clearTimeout(timer);
          stopped();
        });
      });
    },
  };
}

async function bind(server: Server, { address, tls }: ServeGrpcOptions): Promise<HostPort> {
  const { host, port } = parseListenAddress(address);
  const credentials = credentialsOf(tls);
  const listen = (at: HostPort): Promise<number> =>
    new Promise((bound, fail) => {
      server.bindAsync(at, credentials, (error, real) => (error === null ? bound(real) : fail(error)));
    });
  try {
    if (host !== '') return hostPort(host, await listen(hostPort(host, port)));
    // [::] takes IPv4 too, but a machine may have no IPv6.
    const real = await listen(hostPort('::', port)).catch((error: unknown) => {
      if (messageOf(error).includes('EAFNOSUPPORT')) return listen(hostPort('0.0.0.0', port));
      throw error;
    });
    return hostPort('', real);
  } catch (cause) {
    throw listenError(address, cause);
  }
}

function credentialsOf(tls: ServerTls | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const clientCa = tls.clientCaPem === undefined ? null : Buffer.from(tls.clientCaPem);
  const pair = { cert_chain: Buffer.from(tls.certificatePem), private_key: Buffer.from(tls.keyPem) };
  try {
    return ServerCredentials.createSsl(clientCa, [pair], clientCa !== null);
  } catch (cause) {
    throw new AppError(
      'invalid',
      `the gRPC server's TLS certificate or key is unusable: ${messageOf(cause)}`,
      { cause },
    );
  }
}

interface MethodLabels {
  readonly grpc_type: string;
  readonly grpc_service: string;
  readonly grpc_method: string;
}

/** What all calls share: counting, what to do with failures, and which are open. */
class Calls {
  readonly #logger: Logger;
  readonly #meter: Meter;
  /** How to end each open call, for a server that stops: grpc-js alone leaves the callers hanging. */
  readonly open: Set<(failure: GrpcFailure) => void> = new Set();
  readonly #messages = new Map<MethodLabels, { received: number; sent: number }>();

  constructor({ logger, meter }: Pick<ServeGrpcOptions, 'logger' | 'meter'>) {
    this.#logger = logger;
    this.#meter = meter;
    meter.declare(metrics);
    meter.onCollect(() => this.#flush());
  }

  /** Counters of one method: plain numbers, handed to the meter at each scrape, as streams are the hot path. */
  counters(labels: MethodLabels): { received: number; sent: number } {
    const counters = { received: 0, sent: 0 };
    this.#messages.set(labels, counters);
    return counters;
  }

  started(labels: MethodLabels): void {
    this.#meter.add(metrics.started, 1, labels);
  }

  ended(labels: MethodLabels, code: Status): void {
    this.#meter.add(metrics.handled, 1, { ...labels, grpc_code: Status[code] });
  }

  /** The status of a failure; one that is our own bug is logged. */
  failed(labels: MethodLabels, thrown: unknown): GrpcFailure {
    if (!(thrown instanceof AppError)) {
      this.#logger.error('A gRPC handler failed unexpectedly; please report this', {
        grpc_service: labels.grpc_service,
        grpc_method: labels.grpc_method,
        err: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
      });
    }
    return toGrpcFailure(thrown);
  }

  abandonAll(): void {
    for (const end of this.open) end({ code: Status.UNAVAILABLE, details: 'the server is stopping' });
  }

  #flush(): void {
    for (const [labels, counters] of this.#messages) {
      this.#meter.add(metrics.received, counters.received, labels);
      this.#meter.add(metrics.sent, counters.sent, labels);
      counters.received = 0;
      counters.sent = 0;
    }
  }
}

function implementationOf(
  service: string,
  handlers: readonly RpcHandler[],
  calls: Calls,
): UntypedServiceImplementation {
  const implementation: UntypedServiceImplementation = {};
  for (const handler of handlers) {
    const path = splitPath(handler.method.path);
    if (path.service !== service) continue;
    implementation[path.name] =
      handler.kind === 'unary' ? unaryCall(handler, calls) : bidiCall(handler, calls);
  }
  return implementation;
}

const labelsOf = (handler: RpcHandler): MethodLabels => {
  const { service, name } = splitPath(handler.method.path);
  return {
    grpc_type: handler.kind === 'unary' ? 'unary' : 'bidi_stream',
    grpc_service: service,
    grpc_method: name,
  };
};

const contextOf = (call: { readonly metadata: Metadata; getPeer(): string }): CallContext => ({
  traceparent: String(call.metadata.get('traceparent')[0] ?? ''),
  peer: call.getPeer(),
});

function unaryCall(handler: RpcHandler & { kind: 'unary' }, calls: Calls) {
  const labels = labelsOf(handler);
  const counters = calls.counters(labels);
  const answer = async (call: ServerUnaryCall<unknown, unknown>): Promise<unknown> => {
    if (call.request instanceof Undecodable) throw call.request.cause;
    return handler.handle(call.request, contextOf(call));
  };
  const serve = async (
    call: ServerUnaryCall<unknown, unknown>,
    reply: sendUnaryData<unknown>,
  ): Promise<void> => {
    calls.started(labels);
    counters.received++;
    const fail = (failure: GrpcFailure): void => {
      if (!calls.open.delete(fail)) return;
      calls.ended(labels, failure.code);
      reply(failure);
    };
    calls.open.add(fail);
    try {
      const response = await answer(call);
      if (!calls.open.delete(fail)) return;
      counters.sent++;
      calls.ended(labels, Status.OK);
      reply(null, response);
    } catch (thrown) {
      fail(calls.failed(labels, thrown));
    }
  };
  return (call: ServerUnaryCall<unknown, unknown>, reply: sendUnaryData<unknown>): void =>
    void serve(call, reply);
}

function bidiCall(handler: RpcHandler & { kind: 'bidi' }, calls: Calls) {
  const labels = labelsOf(handler);
  const counters = calls.counters(labels);
  return (call: ServerDuplexStream<unknown, unknown>): void => {
    calls.started(labels);
    new ServerStream(call, { labels, counters, calls }).open(handler);
  };
}

interface Counting {
  readonly labels: MethodLabels;
  readonly counters: { received: number; sent: number };
  readonly calls: Calls;
}

/**
 * One open stream. The peer's half and ours end apart: `onEnd` tells the handler of the peer's, the
 * handler ends ours with `reply.end()`. A failure on either side ends both.
 */
class ServerStream {
  readonly #call: ServerDuplexStream<unknown, unknown>;
  readonly #counting: Counting;
  #handlers: StreamHandlers<unknown> | undefined;
  #heardEnd = false;
  #isClosed = false;

  constructor(call: ServerDuplexStream<unknown, unknown>, counting: Counting) {
    this.#call = call;
    this.#counting = counting;
  }

  open(handler: RpcHandler & { kind: 'bidi' }): void {
    const call = this.#call;
    this.#counting.calls.open.add(this.#abandon);
    // A stream that breaks reports it by `cancelled`; without a listener 'error' would end the process.
    call.on('error', () => undefined);
    call.on('cancelled', () => this.#lost());
    try {
      this.#handlers = handler.handle(this.#reply(), contextOf(call));
    } catch (thrown) {
      this.#fail(thrown);
      return;
    }
    call.on('drain', () => this.#guard(() => this.#handlers?.onDrain?.()));
    call.on('data', (message: unknown) => this.#received(message));
    // A reset stream ends too, just before it is `cancelled`.
    call.on('end', () => setImmediate(() => this.#guard(() => this.#end())));
  }

  #reply(): RpcStream<unknown> {
    return {
      send: (message) => {
        if (this.#isClosed) return true;
        this.#counting.counters.sent++;
        return this.#call.write(message);
      },
      end: () => {
        if (this.#close(Status.OK)) this.#call.end();
      },
      cancel: () => {
        this.#heardEnd = true;
        this.#refuse({ code: Status.CANCELLED, details: 'cancelled by the server' });
      },
    };
  }

  readonly #abandon = (failure: GrpcFailure): void => {
    this.#refuse(failure);
    this.#end(new AppError('cancelled', failure.details));
  };

  #received(message: unknown): void {
    if (this.#isClosed) return;
    this.#counting.counters.received++;
    if (message instanceof Undecodable) return this.#fail(message.cause);
    this.#guard(() => this.#handlers?.onMessage(message));
  }

  #guard(run: () => void): void {
    try {
      run();
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #fail(thrown: unknown): void {
    this.#refuse(this.#counting.calls.failed(this.#counting.labels, thrown));
    this.#end(
      thrown instanceof AppError
        ? thrown
        : new AppError('internal', 'the stream handler failed', { cause: thrown }),
    );
  }

  #lost(): void {
    this.#close(Status.CANCELLED);
    this.#end(new AppError('cancelled', `the stream was cancelled by ${this.#call.getPeer()}`));
  }

  /** Ends both halves with a status: grpc-js takes it from the error, after what was written. */
  #refuse(failure: GrpcFailure): void {
    if (this.#close(failure.code)) this.#call.emit('error', failure);
  }

  #end(error?: AppError): void {
    if (this.#heardEnd) return;
    this.#heardEnd = true;
    this.#handlers?.onEnd(error);
  }

  #close(code: Status): boolean {
    if (this.#isClosed) return false;
    this.#isClosed = true;
    this.#counting.calls.open.delete(this.#abandon);
    this.#counting.calls.ended(this.#counting.labels, code);
    return true;
  }
}
