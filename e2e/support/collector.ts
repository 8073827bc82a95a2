/** A trace collector that takes OTLP as protobuf over HTTP, and reads as much of it as the tests ask for. */
import { createServer } from 'node:http';
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
  readonly url: string;
  readonly spans: readonly SeenSpan[];
}

export async function startCollector(stage: Stage): Promise<Collector> {
  const spans: SeenSpan[] = [];
  const port = await freePort();
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      if (request.url === '/v1/traces') spans.push(...spansOf(Buffer.concat(parts)));
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(port, HOST, resolve));
  stage.onEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://${HOST}:${port}`, spans };
}

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
