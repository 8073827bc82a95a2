import { decodeUtf8, encodeUtf8, type HttpRequest, type HttpResponse } from '@tocsin/kernel';
import { expect, it } from 'vitest';
import { notificationSink, type Sink } from './sink.ts';

const send = async (sink: Sink, method: string, path: string, id = '', body = ''): Promise<HttpResponse> => {
  const request: HttpRequest = {
    method,
    path,
    query: [],
    headers: id === '' ? {} : { 'idempotency-key': id },
    body: encodeUtf8(body),
  };
  return sink.handler(request);
};
const sink = (): Sink =>
  notificationSink(
    () => 0,
    () => Promise.resolve(),
  );
const payload = JSON.stringify({
  status: 'firing',
  groupKey: '{}:{}',
  notification_reason: 'first notification',
  alerts: [{ status: 'firing', labels: { alertname: 'A', job: 'x' } }],
});

it('keeps what arrives, and calls a repeated notification id a duplicate', async () => {
  const here = sink();
  for (const id of ['one', 'two', 'one', '', '']) await send(here, 'POST', '/hook', id, payload);
  expect(here.notifications.map(({ isDuplicate }) => isDuplicate)).toEqual([
    false,
    false,
    true,
    false,
    false,
  ]);
  expect(here.notifications[0]).toMatchObject({
    number: 1,
    status: 'firing',
    firing: ['A{job=x}'],
    reason: 'first notification',
  });
  const metrics = await send(here, 'GET', '/metrics');
  expect(metrics.body).toContain('tocsin_sink_notifications_total 5\n');
  expect(metrics.body).toContain('tocsin_sink_duplicates 1\n');
});

it('fails as it is told to, and then keeps nothing', async () => {
  const here = sink();
  await send(here, 'POST', '/fail/503');
  expect((await send(here, 'POST', '/hook', 'one', payload)).status).toBe(503);
  await send(here, 'POST', '/fail/0');
  expect((await send(here, 'POST', '/hook', 'one', payload)).status).toBe(200);
  expect(here.notifications.map(({ isDuplicate }) => isDuplicate)).toEqual([false]);
});

it('keeps what is no JSON too: a foreign sender must not go unseen', async () => {
  const here = sink();
  await send(here, 'POST', '/hook', '', 'hello');
  const listed = (await send(here, 'GET', '/notifications')).body;
  expect(JSON.parse(typeof listed === 'string' ? listed : decodeUtf8(new Uint8Array()))).toHaveLength(1);
});
