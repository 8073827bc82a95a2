import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { noTracer } from '@tocsin/kernel';
import { captureLogger } from '@tocsin/kernel/testing';
import { describe, expect, it } from 'vitest';
import { parseTraceparent } from './otel-tracing.ts';
import { startTracing, wantsTraces } from './tracing.ts';

/** Enough of protobuf to read what OTLP sends: field number → values, nested messages as bytes. */
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

interface SeenSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly links: readonly string[];
  readonly resource: string;
}

function spansOf(request: Uint8Array): SeenSpan[] {
  return messages(request, 1).flatMap((resourceSpans) =>
    messages(resourceSpans, 2).flatMap((scopeSpans) =>
      messages(scopeSpans, 2).map((span) => ({
        name: text(messages(span, 5)[0]),
        traceId: hex(messages(span, 1)[0]),
        spanId: hex(messages(span, 2)[0]),
        parentId: hex(messages(span, 4)[0]),
        links: messages(span, 13).map((link) => hex(messages(link, 2)[0])),
        resource: messages(resourceSpans, 1).map(text).join(''),
      })),
    ),
  );
}

async function collector() {
  const requests: { readonly path: string; readonly body: Uint8Array }[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      requests.push({ path: request.url ?? '', body: Buffer.concat(parts) });
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    requests,
    url: `http://127.0.0.1:${port}`,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

const options = { service: 'tocsin-test', version: '1.2.3', instance: 'replica-1', logger: captureLogger() };

describe('startTracing', () => {
  it('sends spans with their parents, links and resource to the collector that the environment names', async () => {
    const target = await collector();
    process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = target.url;
    const { tracer, shutdown } = await startTracing({ ...options, env: process.env });
    const flush = tracer.start('flush', {
      parent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      kind: 'consumer',
    });
    const other = tracer.start('evaluate');
    const notify = tracer.start('notify', {
      parent: flush.traceparent,
      links: [other.traceparent, 'nonsense'],
      attributes: { alerts: 3 },
    });
    notify.end('receiver away');
    other.end();
    flush.end();
    await shutdown();
    delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
    await target.close();

    expect(new Set(target.requests.map(({ path }) => path))).toEqual(new Set(['/v1/traces']));
    const spans = new Map(
      target.requests.flatMap(({ body }) => spansOf(body)).map((span) => [span.name, span]),
    );
    const spanIdOf = (traceparent: string): string => traceparent.split('-')[2] ?? '';
    expect(spans.get('flush')).toMatchObject({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      parentId: 'b7ad6b7169203331',
    });
    expect(spans.get('notify')).toMatchObject({
      traceId: '0af7651916cd43dd8448eb211c80319c',
      parentId: spanIdOf(flush.traceparent),
      links: [spanIdOf(other.traceparent)],
    });
    expect(spans.get('evaluate')).toMatchObject({ parentId: '' });
    expect(spans.get('evaluate')?.traceId).not.toBe('0af7651916cd43dd8448eb211c80319c');
    for (const word of ['service.name', 'tocsin-test', '1.2.3', 'replica-1'])
      expect(spans.get('flush')?.resource).toContain(word);
    expect(tracer.isOn).toBe(true);
  });

  it('is the tracer that does nothing when no variable asks for traces', async () => {
    expect((await startTracing({ ...options, env: {} })).tracer).toBe(noTracer);
    expect(wantsTraces({ OTEL_EXPORTER_OTLP_ENDPOINT: '' })).toBe(false);
    expect(
      wantsTraces({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://x', OTEL_TRACES_EXPORTER: 'none' }),
    ).toBe(false);
    expect(wantsTraces({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://x', OTEL_SDK_DISABLED: 'true' })).toBe(
      false,
    );
    expect(wantsTraces({ OTEL_TRACES_EXPORTER: 'console' })).toBe(true);
  });

  // prom-client brings @opentelemetry/api, which is small; what matters is the SDK.
  it.each([
    ['off', {}, 0],
    ['on', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' }, 1],
  ])('loads OpenTelemetry only when it is on (%s)', async (_name, env, least) => {
    const script = `
      import { createRequire } from 'node:module';
      import { noTracer } from '@tocsin/kernel';
      const { startTracing } = await import(${JSON.stringify(fileURLToPath(new URL('./index.ts', import.meta.url)))});
      const quiet = () => undefined;
      const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
      const tracing = await startTracing({ service: 's', version: '1', instance: 'i', env: process.env, logger });
      const loaded = Object.keys(createRequire(import.meta.url).cache).filter((path) => /@opentelemetry.(?:sdk|exporter)/.test(path));
      console.log(JSON.stringify({ loaded: loaded.length, isOff: tracing.tracer === noTracer }));
      process.exit(0);`;
    const args = ['--conditions=@tocsin/source', '--import', 'tsx', '--input-type=module', '-e', script];
    const childEnv = { PATH: process.env['PATH'] ?? '', ...env };
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      env: childEnv,
      cwd: fileURLToPath(new URL('..', import.meta.url)),
    });
    const answer = JSON.parse(stdout) as { loaded: number; isOff: boolean };
    expect(Math.min(answer.loaded, 1)).toBe(least);
    expect(answer.isOff).toBe(least === 0);
  });

  it('gives up on a collector that is away, in bounded time, and says so', async () => {
    const logger = captureLogger();
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' };
    Object.assign(process.env, env);
    const { tracer, shutdown } = await startTracing({ ...options, logger, env, flushTimeoutMs: 50 });
    delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
    tracer.start('lost').end();
    await expect(shutdown()).resolves.toBeUndefined();
    expect(logger.lines).toContainEqual({
      level: 'warn',
      message: 'The last spans were not sent in time; check the trace collector',
      facts: { timeout_ms: 50 },
    });
  });
});

describe('parseTraceparent', () => {
  it.each([
    ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 1],
    ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00', 0],
    ['cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03-extra', 1],
  ])('reads %s', (traceparent, traceFlags) =>
    expect(parseTraceparent(traceparent)).toMatchObject({ traceFlags, isRemote: true }),
  );

  it.each([
    '',
    '00-00000000000000000000000000000000-b7ad6b7169203331-01',
    '00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01',
    'ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    '00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01',
  ])('takes %j as no parent', (traceparent) => expect(parseTraceparent(traceparent)).toBeUndefined());
});
