/** A trace collector that takes OTLP as protobuf, over HTTP and gRPC, and reads as much of it as the tests ask for. */
import { createServer } from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Session } from 'node:http2';
import { gunzipSync } from 'node:zlib';
import { HOST, freePort, type Stage } from './processes.ts';

export interface SeenSpan {
  readonly name: string;
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  /** '' for the first of a trace. */
  readonly parentId: string;
  /** Trace ids. */
  readonly links: readonly string[];
}

export interface Collector {
  /** Of HTTP. */
  readonly url: string;
  /** `host:port` of gRPC. */
  readonly grpc: string;
  readonly spans: readonly SeenSpan[];
  /** Of the requests by HTTP, newest last. */
  readonly headers: readonly NodeJS.Dict<string | string[]>[];
}

export async function startCollector(stage: Stage): Promise<Collector> {
  const spans: SeenSpan[] = [];
  const headers: NodeJS.Dict<string | string[]>[] = [];
  const port = await freePort();
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      headers.push(request.headers);
      const body = Buffer.concat(parts);
      const isGzip = request.headers['content-encoding'] === 'gzip';
      if (request.url === '/v1/traces') spans.push(...spansOf(isGzip ? gunzipSync(body) : body));
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(port, HOST, resolve));
  stage.onEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  const grpc = await serveGrpc(stage, (request) => spans.push(...spansOf(request)));
  return { url: `http://${HOST}:${port}`, grpc, spans, headers };
}

/** gRPC is HTTP/2 with a prefix of five bytes before each message: whether it is compressed, and its length. */
async function serveGrpc(stage: Stage, take: (message: Uint8Array) => void): Promise<string> {
  const port = await freePort();
  const sessions = new Set<ServerHttp2Session>();
  const server = createHttp2Server();
  server.on('session', (session) => sessions.add(session));
  server.on('stream', (stream, request) => {
    const parts: Buffer[] = [];
    stream.on('data', (part: Buffer) => parts.push(part));
    stream.on('end', () => {
      const body = Buffer.concat(parts);
      const message = body.subarray(5);
      if (request[':path'] === EXPORT) take(body[0] === 1 ? gunzipSync(message) : message);
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.alloc(5));
    });
  });
  await new Promise<void>((resolve) => server.listen(port, HOST, resolve));
  stage.onEnd(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return `${HOST}:${port}`;
}
const EXPORT = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

/** Field numbers of opentelemetry/proto/trace/v1/trace.proto. */
const RESOURCE_SPANS = 1;
const RESOURCE = 1;
const SCOPE_SPANS = 2;
const SPANS = 2;
const ATTRIBUTES = 1;
const LINKS = 13;

function spansOf(request: Uint8Array): SeenSpan[] {
  return messages(request, RESOURCE_SPANS).flatMap((resourceSpans) =>
    messages(resourceSpans, SCOPE_SPANS).flatMap((scopeSpans) =>
      messages(scopeSpans, SPANS).map((span) => ({
        name: text(messages(span, 5)[0]),
        service: serviceOf(messages(resourceSpans, RESOURCE)[0] ?? new Uint8Array()),
        traceId: hex(messages(span, 1)[0]),
        spanId: hex(messages(span, 2)[0]),
        parentId: hex(messages(span, 4)[0]),
        links: messages(span, LINKS).map((link) => hex(messages(link, 1)[0])),
      })),
    ),
  );
}

function serviceOf(resource: Uint8Array): string {
  const attribute = messages(resource, ATTRIBUTES).find(
    (each) => text(messages(each, 1)[0]) === 'service.name',
  );
  const value = attribute === undefined ? undefined : messages(attribute, 2)[0];
  return value === undefined ? '' : text(messages(value, 1)[0]);
}

/** Field number to its values; nested messages, strings and fixed numbers as bytes. */
function fieldsOf(bytes: Uint8Array): ReadonlyMap<number, readonly (Uint8Array | number)[]> {
  const fields = new Map<number, (Uint8Array | number)[]>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const wire = tag & 7;
    const length = wire === 1 ? 8 : wire === 5 ? 4 : wire === 2 ? varint() : 0;
    const value = wire === 0 ? varint() : bytes.subarray(at, (at += length));
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), value]);
  }
  return fields;
}

const messages = (bytes: Uint8Array, field: number): Uint8Array[] =>
  (fieldsOf(bytes).get(field) ?? []).filter((each) => typeof each !== 'number');
const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');
const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();
