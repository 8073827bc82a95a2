/**
 * @module transport/grpc/definitions
 *
 * Service definitions as @grpc/proto-loader makes them, with the static codecs of libs/contracts in
 * place of its reflecting ones (which are two to six times slower). They come from JSON: no .proto
 * file is needed at run time.
 */
import { logVerbosity, setLogVerbosity, type MethodDefinition, type ServiceDefinition } from '@grpc/grpc-js';
import { fromJSON, type PackageDefinition } from '@grpc/proto-loader';
import { tocsinDescriptor } from '@tocsin/contracts';
import { assert, type MessageCodec, type RpcHandler, type RpcMethod } from '@tocsin/kernel';

// What it would print comes back as an error of the call or of listening, and is logged by us.
setLogVerbosity(logVerbosity.NONE);

/** Largest message accepted or sent: some ten thousand alerts. */
export const GRPC_MESSAGE_BYTES_MAX: number = 16 * 1024 * 1024;

/** Received bytes that are no such message, on their way to the handler that answers them. */
export class Undecodable {
  readonly cause: unknown;
  constructor(cause: unknown) {
    this.cause = cause;
  }
}

let loaded: PackageDefinition | undefined;
export const packageDefinition = (): PackageDefinition =>
  (loaded ??= fromJSON(tocsinDescriptor, { longs: Number, enums: Number, defaults: true }));

export const serialize =
  (codec: MessageCodec<unknown>) =>
  (message: unknown): Buffer => {
    const bytes = codec.encode(message);
    return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };

// grpc-js answers INTERNAL when a deserialiser throws, which would blame us for the caller's bytes.
export const deserialize =
  (codec: MessageCodec<unknown>) =>
  (bytes: Buffer): unknown => {
    try {
      return codec.decode(bytes);
    } catch (cause) {
      return new Undecodable(cause);
    }
  };

/** `/package.Service/Method` in its two parts. */
export function splitPath(path: string): { readonly service: string; readonly name: string } {
  const [, service, name] = path.split('/');
  assert(service !== undefined && name !== undefined, `${path} is no gRPC method path`);
  return { service, name };
}

/** The service definitions of these handlers, by service name. Every handler must be in a .proto. */
export function definitionsOf(handlers: readonly RpcHandler[]): ReadonlyMap<string, ServiceDefinition> {
  const services = new Map<string, Record<string, MethodDefinition<unknown, unknown>>>();
  for (const { method } of handlers) {
    const { service, name } = splitPath(method.path);
    const methods = services.get(service) ?? {};
    methods[name] = definitionOf(method);
    services.set(service, methods);
  }
  return services;
}

function definitionOf(method: RpcMethod<unknown, unknown>): MethodDefinition<unknown, unknown> {
  const { service, name } = splitPath(method.path);
  const definition = packageDefinition()[service];
  assert(definition !== undefined && !('format' in definition), `no service ${service} in proto/`);
  const found = (definition as ServiceDefinition)[name];
  assert(found !== undefined, `no method ${method.path} in proto/`);
  const isBidi = method.kind === 'bidi';
  assert(
    found.requestStream === isBidi && found.responseStream === isBidi,
    `${method.path} is not ${method.kind} in proto/`,
  );
  return {
    ...found,
    requestSerialize: serialize(method.request),
    requestDeserialize: deserialize(method.request),
    responseSerialize: serialize(method.response),
    responseDeserialize: deserialize(method.response),
  };
}
