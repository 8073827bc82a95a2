/**
 * @module transport/grpc/client
 *
 * A link to one gRPC service: kept, re-dialled with bounded back-off, spread over all addresses of
 * its name. Calls to a peer that is away fail at once (`unavailable`); who calls decides whether to
 * try again.
 */
import {
  Client,
  Metadata,
  credentials as grpcCredentials,
  status as Status,
  type ChannelCredentials,
  type ClientDuplexStream,
  type ServiceError,
  type StatusObject,
} from '@grpc/grpc-js';
import {
  AppError,
  messageOf,
  type CallOptions,
  type RpcLink,
  type RpcMethod,
  type RpcStream,
  type StreamHandlers,
} from '@tocsin/kernel';
import { fromGrpcFailure } from '../errors.ts';
import type { ClientTls } from '../tls.ts';
import { GRPC_MESSAGE_BYTES_MAX, Undecodable, deserialize, serialize } from './definitions.ts';

const KEEPALIVE_MS = 20_000;
const KEEPALIVE_TIMEOUT_MS = 5_000;
const RECONNECT_MS_FIRST = 200;
const RECONNECT_MS_MAX = 5_000;
/** How often the addresses behind a name may be looked up again. */
const RESOLVE_MS_MIN = 5_000;
const FLOW_CONTROL_WINDOW_BYTES = 1024 * 1024;

export interface DialGrpcOptions {
  readonly tls?: ClientTls;
  /** Each call to the next address of the name; otherwise all to the first that answers. Default true. */
  readonly roundRobin?: boolean;
}

/**
 * `target`: `host:port`, `dns:///name:port` or `ipv4:a:port,b:port`. Nothing is dialled before the
 * first call. Throws AppError `invalid` for a target or TLS material that can't be used.
 */
export function dialGrpc(target: string, options: DialGrpcOptions = {}): RpcLink {
  let client: Client;
  try {
    client = new Client(target, credentialsOf(options.tls), {
      'grpc.max_receive_message_length': GRPC_MESSAGE_BYTES_MAX,
      'grpc.max_send_message_length': GRPC_MESSAGE_BYTES_MAX,
      'grpc.keepalive_time_ms': KEEPALIVE_MS,
      'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
      'grpc.keepalive_permit_without_calls': 1,
      'grpc.initial_reconnect_backoff_ms': RECONNECT_MS_FIRST,
      'grpc.max_reconnect_backoff_ms': RECONNECT_MS_MAX,
      'grpc.dns_min_time_between_resolutions_ms': RESOLVE_MS_MIN,
      // A retry inside the transport would send a notification twice behind the caller's back.
      'grpc.enable_retries': 0,
      'grpc.enable_channelz': 0,
      'grpc.service_config': JSON.stringify(
        options.roundRobin === false ? {} : { loadBalancingConfig: [{ round_robin: {} }] },
      ),
      // A name in a TXT record of DNS must not change how we call.
      'grpc.service_config_disable_resolution': 1,
      'grpc-node.flow_control_window': FLOW_CONTROL_WINDOW_BYTES,
      ...(options.tls?.serverName === undefined
        ? {}
        : {
            'grpc.ssl_target_name_override': options.tls.serverName,
            'grpc.default_authority': options.tls.serverName,
          }),
    });
  } catch (cause) {
    throw new AppError('invalid', `${JSON.stringify(target)} is no gRPC target: ${messageOf(cause)}`, {
      cause,
    });
  }
  return new GrpcLink(target, client);
}

const pem = (text: string | undefined): Buffer | null => (text === undefined ? null : Buffer.from(text));

function credentialsOf(tls: ClientTls | undefined): ChannelCredentials {
  if (tls === undefined) return grpcCredentials.createInsecure();
  try {
    return grpcCredentials.createSsl(pem(tls.caPem), pem(tls.keyPem), pem(tls.certificatePem));
  } catch (cause) {
    throw new AppError('invalid', `the TLS material for gRPC calls is unusable: ${messageOf(cause)}`, {
      cause,
    });
  }
}

interface MethodCodecs {
  readonly write: (message: unknown) => Buffer;
  readonly read: (bytes: Buffer) => unknown;
}

class GrpcLink implements RpcLink {
  readonly target: string;
  readonly #client: Client;
  readonly #codecs = new Map<string, MethodCodecs>();
  readonly #streams = new Set<{ abandon(error: AppError): void }>();
  #isClosed = false;

  constructor(target: string, client: Client) {
    this.target = target;
    this.#client = client;
  }

  call<Req, Res>(method: RpcMethod<Req, Res>, request: Req, options: CallOptions): Promise<Res> {
    if (this.#isClosed) return Promise.reject(this.#closed());
    const { write, read } = this.#codecsOf(method);
    const metadata = new Metadata();
    if (options.traceparent !== undefined && options.traceparent !== '')
      metadata.set('traceparent', options.traceparent);
    const callOptions = { deadline: Date.now() + options.deadlineMs };
    return new Promise((settle, fail) => {
      this.#client.makeUnaryRequest(
        method.path,
        write,
        read,
        request,
        metadata,
        callOptions,
        (error, response) => {
          if (error !== null) fail(fromGrpcFailure(this.#what(method), error));
          else if (response instanceof Undecodable) fail(this.#undecodable(method, response));
          else settle(response as Res);
        },
      );
    });
  }

  openStream<Req, Res>(method: RpcMethod<Req, Res>, handlers: StreamHandlers<Res>): RpcStream<Req> {
    if (this.#isClosed) {
      queueMicrotask(() => handlers.onEnd(this.#closed()));
      return { send: () => true, end: () => undefined, cancel: () => undefined };
    }
    const { write, read } = this.#codecsOf(method);
    const call = this.#client.makeBidiStreamRequest(method.path, write, read, new Metadata());
    const stream: ClientStream<Req, Res> = new ClientStream(call, handlers, this.#what(method), () =>
      this.#streams.delete(stream),
    );
    this.#streams.add(stream);
    return stream;
  }

  close(): void {
    this.#isClosed = true;
    for (const stream of this.#streams) stream.abandon(this.#closed());
    this.#client.close();
  }

  #codecsOf(method: RpcMethod<never, never> | RpcMethod<unknown, unknown>): MethodCodecs {
    const { path, request, response } = method as RpcMethod<unknown, unknown>;
    let codecs = this.#codecs.get(path);
    if (codecs === undefined) {
      codecs = { write: serialize(request), read: deserialize(response) };
      this.#codecs.set(path, codecs);
    }
    return codecs;
  }

  #what(method: { readonly path: string }): string {
    return `${method.path} at ${this.target}`;
  }

  #closed(): AppError {
    return new AppError('cancelled', `the link to ${this.target} is closed`);
  }

  #undecodable(method: { readonly path: string }, { cause }: Undecodable): AppError {
    return new AppError('internal', `${this.#what(method)} answered ${messageOf(cause)}`, { cause });
  }
}

class ClientStream<Req, Res> implements RpcStream<Req> {
  readonly #call: ClientDuplexStream<unknown, unknown>;
  readonly #handlers: StreamHandlers<Res>;
  readonly #what: string;
  readonly #onOver: () => void;
  #isOver = false;

  constructor(
    call: ClientDuplexStream<unknown, unknown>,
    handlers: StreamHandlers<Res>,
    what: string,
    onOver: () => void,
  ) {
    this.#onOver = onOver;
    this.#call = call;
    this.#handlers = handlers;
    this.#what = what;
    call.on('data', (message: unknown) => this.#received(message));
    call.on('error', (error: Partial<ServiceError>) => this.#over(fromGrpcFailure(what, error)));
    // An OK status comes after the last message.
    call.on('status', (status: StatusObject) => {
      if (status.code === Status.OK) this.#over();
    });
    if (handlers.onDrain !== undefined) {
      call.on('drain', () => {
        if (!this.#isOver) handlers.onDrain?.();
      });
    }
  }

  send(message: Req): boolean {
    return this.#isOver || this.#call.write(message);
  }

  end(): void {
    if (!this.#isOver) this.#call.end();
  }

  cancel(): void {
    if (this.#close()) this.#call.cancel();
  }

  /** The link is closed under it. */
  abandon(error: AppError): void {
    if (this.#isOver) return;
    this.#call.cancel();
    this.#over(error);
  }

  #received(message: unknown): void {
    if (this.#isOver) return;
    if (!(message instanceof Undecodable)) return this.#handlers.onMessage(message as Res);
    this.#call.cancel();
    this.#over(
      new AppError('internal', `${this.#what} answered ${messageOf(message.cause)}`, {
        cause: message.cause,
      }),
    );
  }

  #over(error?: AppError): void {
    if (this.#close()) this.#handlers.onEnd(error);
  }

  #close(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#onOver();
    return true;
  }
}
