/**
 * @module kernel/rpc
 *
 * Calls between services. Handlers and callers see messages; grpc-js carries them in production
 * (libs/transport), `loopback` inside one process, and the simulator over its virtual network.
 */
import { AppError } from './errors.ts';

export interface MessageCodec<T> {
  encode(message: T): Uint8Array;
  /** Throws on bytes that are no such message. */
  decode(bytes: Uint8Array): T;
}

/** One method of a service definition; `libs/contracts` lists them. */
export interface RpcMethod<Req, Res> {
  /** `/package.Service/Method` */
  readonly path: string;
  readonly kind: 'unary' | 'bidi';
  readonly request: MessageCodec<Req>;
  readonly response: MessageCodec<Res>;
}

export interface CallOptions {
  /** Milliseconds from now; after it the call fails with AppError `deadline`. */
  readonly deadlineMs: number;
  /** W3C trace context of the caller. */
  readonly traceparent?: string;
}

/** The caller's half of a bidirectional stream. */
export interface RpcStream<Req> {
  /** False: the peer is slower than we are; wait for `onDrain` before sending more. */
  send(message: Req): boolean;
  /** No more messages from this side. */
  end(): void;
  /** Gives the stream up at once; `onEnd` is not called any more. */
  cancel(): void;
}

export interface StreamHandlers<Message> {
  onMessage(message: Message): void;
  /** Once. Without an error the other side has ended in good order. */
  onEnd(error?: AppError): void;
  onDrain?(): void;
}

/** A connection (kept, re-dialled as needed) to one service. */
export interface RpcLink {
  readonly target: string;
  call<Req, Res>(method: RpcMethod<Req, Res>, request: Req, options: CallOptions): Promise<Res>;
  openStream<Req, Res>(method: RpcMethod<Req, Res>, handlers: StreamHandlers<Res>): RpcStream<Req>;
  close(): void;
}

export interface CallContext {
  readonly traceparent: string;
  /** Who calls, as far as the transport knows it. */
  readonly peer: string;
}

export type UnaryHandler<Req, Res> = (request: Req, context: CallContext) => Promise<Res> | Res;
/** Called when a peer opens the stream; returns what hears the peer. `reply` is the way back. */
export type StreamHandler<Req, Res> = (reply: RpcStream<Res>, context: CallContext) => StreamHandlers<Req>;

export type RpcHandler =
  | {
      readonly kind: 'unary';
      readonly method: RpcMethod<unknown, unknown>;
      readonly handle: UnaryHandler<unknown, unknown>;
    }
  | {
      readonly kind: 'bidi';
      readonly method: RpcMethod<unknown, unknown>;
      readonly handle: StreamHandler<unknown, unknown>;
    };

export function unary<Req, Res>(method: RpcMethod<Req, Res>, handle: UnaryHandler<Req, Res>): RpcHandler {
  return { kind: 'unary', method, handle } as RpcHandler;
}
export function bidi<Req, Res>(method: RpcMethod<Req, Res>, handle: StreamHandler<Req, Res>): RpcHandler {
  return { kind: 'bidi', method, handle };
}

/** A link to handlers in the same process. Messages are passed, not encoded. Calls settle in a later microtask. */
export function loopback(handlers: readonly RpcHandler[], target = 'in-process'): RpcLink {
  const byPath = new Map(handlers.map((handler) => [handler.method.path, handler]));
  const find = <K extends RpcHandler['kind']>(path: string, kind: K): Extract<RpcHandler, { kind: K }> => {
    const handler = byPath.get(path);
    if (handler === undefined || handler.kind !== kind)
      throw new AppError('not-found', `no ${kind} method ${path}`);
    return handler as Extract<RpcHandler, { kind: K }>;
  };
  return {
    target,
    async call<Req, Res>(method: RpcMethod<Req, Res>, request: Req, options: CallOptions): Promise<Res> {
      const handler = find(method.path, 'unary');
      return (await handler.handle(request, {
        traceparent: options.traceparent ?? '',
        peer: 'in-process',
      })) as Res;
    },
    openStream<Req, Res>(method: RpcMethod<Req, Res>, caller: StreamHandlers<Res>): RpcStream<Req> {
      const handler = find(method.path, 'bidi');
      let open = true;
      const later = (run: () => void): void => void Promise.resolve().then(() => (open ? run() : undefined));
      const reply: RpcStream<unknown> = {
        send: (message) => (later(() => caller.onMessage(message as Res)), true),
        end: () => later(() => ((open = false), caller.onEnd())),
        cancel: () =>
          later(() => ((open = false), caller.onEnd(new AppError('cancelled', 'cancelled by the server')))),
      };
      const server = handler.handle(reply, { traceparent: '', peer: 'in-process' });
      return {
        send: (message) => (later(() => server.onMessage(message)), true),
        end: () => later(() => server.onEnd()),
        cancel: () => {
          if (!open) return;
          open = false;
          server.onEnd(new AppError('cancelled', 'cancelled by the caller'));
        },
      };
    },
    close: () => undefined,
  };
}
