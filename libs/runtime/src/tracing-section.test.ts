import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { captureLogger } from '@tocsin/kernel/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { configuredTracing, type ConfiguredTracing } from './configured-tracing.ts';
import { tracingTarget } from './tracing-section.ts';

const dir = mkdtempSync(join(tmpdir(), 'tocsin-tracing-'));
afterAll(() => rmSync(dir, { recursive: true }));

describe('a tracing section', () => {
  it.each([
    [{ endpoint: 'otel:4317' }, 'https://otel:4317'],
    [{ endpoint: 'otel:4317', insecure: true }, 'http://otel:4317'],
    [{ client_type: 'http', endpoint: 'otel:4318', insecure: true }, 'http://otel:4318/v1/traces'],
    [{ client_type: 'http', endpoint: 'https://otel/other/path' }, 'https://otel/other/path'],
  ])('%j is sent to %s', async (section, url) => {
    expect((await tracingTarget(section)).url).toBe(url);
  });

  it('samples nothing of its own unless it says how much, and joins the values of a header', async () => {
    const headers = { 'X-Scope': { values: ['a', 'b'], secrets: ['c'] } };
    expect(
      await tracingTarget({ endpoint: 'x:1', headers, compression: 'gzip', timeout: '2s' }),
    ).toMatchObject({
      client: 'grpc',
      fraction: 0,
      headers: { 'X-Scope': 'a, b, c' },
      isCompressed: true,
      timeoutMs: 2_000,
      tls: {},
    });
  });

  it('trusts the authority of its file, or says which file can not be read', async () => {
    const ca = join(dir, 'ca.pem');
    writeFileSync(ca, 'PEM');
    const tls_config = { ca_file: ca, server_name: 'collector', min_version: 'TLS12' };
    expect((await tracingTarget({ endpoint: 'x:1', tls_config })).tls).toEqual({
      caPem: 'PEM',
      serverName: 'collector',
      minVersion: 'TLSv1.2',
    });
    const missing = join(dir, 'none.pem');
    await expect(tracingTarget({ endpoint: 'x:1', tls_config: { ca_file: missing } })).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining(missing) as string,
    });
  });
});

describe('a tracer that a configuration switches', () => {
  const start = (): Promise<ConfiguredTracing> =>
    configuredTracing({
      service: 's',
      sectionService: 'alertmanager',
      version: '1',
      instance: 'i',
      env: {},
      logger: captureLogger(),
      flushTimeoutMs: 100,
      grpcMeans: () => ({ credentials: undefined, metadata: undefined }),
    });
  const section = { client_type: 'http', endpoint: '127.0.0.1:9', insecure: true, sampling_fraction: 1 };

  it('is off until a section is swapped in, and off again when it is swapped out', async () => {
    const tracing = await start();
    expect(tracing.tracer.isOn).toBe(false);
    const swap = await tracing.prepare(section);
    expect(tracing.tracer.isOn).toBe(false);
    swap();
    expect(tracing.tracer.isOn).toBe(true);
    expect(tracing.tracer.start('a').traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    (await tracing.prepare(undefined))();
    expect(tracing.tracer.isOn).toBe(false);
    await tracing.shutdown();
  });

  it('stays as it is when the next section can not be used', async () => {
    const tracing = await start();
    (await tracing.prepare(section))();
    const bad = { endpoint: 'x:1', tls_config: { ca_file: join(dir, 'none.pem') } };
    await expect(tracing.prepare(bad)).rejects.toMatchObject({ code: 'not-found' });
    expect(tracing.tracer.isOn).toBe(true);
    await tracing.shutdown();
  });
});
