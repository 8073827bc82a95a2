/** A short run of every fuzz target from fixed seeds, the seeds that everybody tries first, and what was found once. */
import { encodeUtf8 } from '@tocsin/kernel';
import { serveHttp } from '@tocsin/transport';
import { captureLogger } from '@tocsin/kernel/testing';
import { Bench } from '@tocsin/alertmanager-service/testing';
import { readYaml } from '@tocsin/runtime';
import { describe, expect, it } from 'vitest';
import { HttpTarget, type RawInput } from './http-target.ts';
import { Maker } from './maker.ts';
import { fuzz, type FuzzTarget } from './target.ts';
import { matcherTarget, queryTarget, settingsOf, settingsTarget } from './text-targets.ts';
import { wireTarget } from './wire-target.ts';
import { fuzzYaml } from './yaml-process.ts';

const SEED = 'fixed';
const newMaker = (seed: string): Maker => new Maker(seed);

async function expectNothing(target: FuzzTarget, runs: number): Promise<void> {
  const tally = await fuzz(target, SEED, newMaker, (done) => done >= runs);
  expect(tally.findings).toEqual([]);
  // Inputs that are all taken, or all refused, would test nothing.
  expect(tally.accepted).toBeGreaterThan(0);
  expect(tally.accepted + tally.refused).toBe(runs);
}

describe('damaged input is taken or refused, and never more', () => {
  it('as HTTP requests, with the state as it was after every refusal', () =>
    expectNothing(new HttpTarget(), 1_500));
  it('as matchers, which are written so that they read the same again', () =>
    expectNothing(matcherTarget, 3_000));
  it('as request targets', () => expectNothing(queryTarget, 5_000));
  it.each(['alertmanager', 'scheduler', 'receivers'])('as settings of the %s', async (app) =>
    expectNothing(settingsTarget(await settingsOf(app)), 1_000),
  );
  it('as protobuf of peers, stores and clients', () => expectNothing(wireTarget, 800));
  it('as configuration files, in a process that lives through all of them', async () => {
    const tally = await fuzzYaml(SEED, 200, 0);
    expect(tally.findings).toEqual([]);
    expect(tally.accepted).toBeGreaterThan(0);
    expect(tally.accepted + tally.refused).toBe(200);
  });
});

const post = (path: string, body: string | Uint8Array): RawInput => ({
  method: 'POST',
  target: path,
  headers: { 'content-type': 'application/json' },
  body: typeof body === 'string' ? encodeUtf8(body) : body,
});
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
const objects = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
const silence = (more: string): string =>
  `{"matchers":[{"name":"a","value":"b","isRegex":false}],"startsAt":"2026-01-01T00:00:00Z","endsAt":"2090-01-01T00:00:00Z","createdBy":"me","comment":"c",${more}}`;

describe('the first things that anybody tries', () => {
  const bodies: Readonly<Record<string, string | Uint8Array>> = {
    'a null in the list': '[null]',
    'a label __proto__': '[{"labels":{"__proto__":"x","constructor":"y"},"__proto__":{"labels":{}}}]',
    'half of a surrogate pair': '[{"labels":{"a":"\\ud800"}}]',
    'half of a surrogate pair in a name': '[{"labels":{"\\udc00":"a"}}]',
    'a NUL': '[{"labels":{"a\\u0000":"\\u0000"}}]',
    'bytes that are no UTF-8': Uint8Array.from([0x5b, 0x22, 0xff, 0xfe, 0x22, 0x5d]),
    '10,000 labels': JSON.stringify([
      { labels: Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`l${index}`, 'v'])) },
    ]),
    '100,000 nested lists': nested(100_000),
    '100,000 lists that never end': '['.repeat(100_000),
    '100,000 nested objects as labels': `[{"labels":${objects(100_000)}}]`,
    '100,000 nested lists as a time': `[{"labels":{"a":"b"},"startsAt":${nested(100_000)}}]`,
    '100,000 nested lists as a URL': `[{"labels":{"a":"b"},"generatorURL":${nested(100_000)}}]`,
    'a number beyond all numbers': '[{"labels":{"a":1e999}}]',
    'a label of 5 MB': `[{"labels":{"a":"${'x'.repeat(5_000_000)}"}}]`,
    '100,000 empty alerts': `[${'{},'.repeat(99_999)}{}]`,
    '20,000 alerts that are all refused': `[${'{"labels":{}},'.repeat(19_999)}{"labels":{}}]`,
  };
  it.each(Object.entries(bodies))('%s: posted as alerts', async (_, body) => {
    await new HttpTarget().send(post('/api/v2/alerts', body));
  });
  it.each(Object.entries(bodies))('%s: posted as a silence and as a configuration', async (_, body) => {
    const target = new HttpTarget();
    await target.send(post('/api/v2/silences', body));
    await target.send(post('/api/v2/config/validate', body));
  });

  it('nested values in every field of a silence', async () => {
    const target = new HttpTarget();
    for (const field of ['id', 'matchers', 'startsAt', 'endsAt', 'createdBy', 'comment', 'annotations'])
      for (const value of [nested(100_000), objects(100_000), `[${nested(50_000)}]`])
        expect(await target.send(post('/api/v2/silences', silence(`"${field}":${value}`)))).toBe('refused');
  });

  it.each([
    '/api/v2/alerts?filter=' + encodeURIComponent(`a=~"${'(a+)+'.repeat(500)}"`),
    '/api/v2/alerts?filter=' + encodeURIComponent(`a=~"${'('.repeat(5_000)}"`),
    '/api/v2/alerts?filter=' + encodeURIComponent('a=~"((a{1000}){1000}){1000}"'),
    `/api/v2/alerts?receiver=${'x'.repeat(100_000)}`,
    `/api/v2/alerts?${'filter=a%3Db&'.repeat(5_000)}`,
    `/api/v2/tocsin/alerts?cursor=${'A'.repeat(100_000)}`,
    `/api/v2/tocsin/alerts/counts?by=${'a,'.repeat(50_000)}`,
    `/api/v2/silence/${'a'.repeat(100_000)}`,
    `/api/v2/${'../'.repeat(20_000)}x`,
    `/api/v2/tocsin/watch?lastEventId=${'x'.repeat(100_000)}`,
    '/api/v2/alerts?filter=%FF%FE',
    '/api/v2/%FF',
    '/%00',
  ])('the target %.60s', async (target) => {
    await new HttpTarget().send({ method: 'GET', target, headers: {}, body: new Uint8Array() });
  });

  it.each([
    ['accept', 'a/'.repeat(20_000)],
    ['accept', '*/*;q='.repeat(10_000)],
    ['content-type', `application/json${' '.repeat(50_000)}x`],
    ['content-type', `application/json${'; a=b'.repeat(10_000)}`],
    ['content-type', `a;a="${'\\'.repeat(50_000)}`],
    ['access-control-request-headers', ','.repeat(50_000)],
    ['traceparent', '0'.repeat(50_000)],
  ])('the header %s: %.40s', async (name, value) => {
    await new HttpTarget().send({
      ...post('/api/v2/alerts', '[]'),
      headers: { 'content-type': 'application/json', [name]: value },
    });
  });
});

it('a body of 100 MB is refused before it is read, and memory stays', async () => {
  const bench = new Bench({
    turn: () => new Promise((resolve) => setImmediate(resolve)),
    configuration: '{"route":{"receiver":"a"},"receivers":[{"name":"a"}]}',
    readDocument: readYaml,
  });
  await bench.start();
  const server = await serveHttp({
    addresses: ['127.0.0.1:0'],
    handler: bench.alertmanager.http,
    maxBodyBytes: 1_000_000,
    logger: captureLogger(),
  });
  const url = `http://${server.addresses[0] ?? ''}/api/v2/alerts`;
  const before = process.memoryUsage().rss;
  const piece = new Uint8Array(1_000_000).fill(0x20);
  const headers = { 'Content-Type': 'application/json' };
  const inPieces = (): ReadableStream<Uint8Array> => {
    let sent = 0;
    return new ReadableStream({ pull: (to) => (sent++ < 100 ? to.enqueue(piece) : to.close()) });
  };
  // Either the answer comes through, or the connection is cut while we still write.
  for (let count = 0; count < 5; count++) {
    const answer = await fetch(url, {
      method: 'POST',
      headers,
      body: inPieces(),
      duplex: 'half',
    } as RequestInit).catch(() => undefined);
    if (answer !== undefined) expect(answer.status).toBe(413);
  }
  expect((await fetch(url, { method: 'POST', headers, body: '[]' })).status).toBe(200);
  expect(process.memoryUsage().rss - before).toBeLessThan(200_000_000);
  await server.stop(1_000);
});
