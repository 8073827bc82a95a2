/** The commands ask real services under virtual time. */
import { AppError } from '@tocsin/kernel';
import { Bench, HOUR, MINUTE, SECOND } from '@tocsin/alertmanager-service/testing';
import { describe, expect, it } from 'vitest';
import type { AlertmanagerClient } from '../alertmanager-client.ts';
import { ran as runWith } from '../testing/run-command.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const START = Date.UTC(2026, 10, 22, 12);

async function started(replica = 'am-0'): Promise<Bench> {
  const bench = new Bench({
    turn,
    wallStart: START,
    settings: { replica },
    configuration: {
      route: { receiver: 'team', group_wait: '10s', group_interval: '1m', repeat_interval: '1h' },
      receivers: [{ name: 'team', webhook_configs: [{ url: 'http://sink.test/' }] }, { name: 'oncall' }],
    },
  });
  await bench.start();
  return bench;
}

const fire = (bench: Bench, more: Readonly<Record<string, string>> = {}): Promise<void> =>
  bench.post({
    labels: { alertname: 'Down', instance: 'a', ...more },
    startsAt: new Date(START).toISOString(),
    endsAt: bench.time(9 * HOUR),
  });

function clientOf(bench: Bench | undefined): AlertmanagerClient {
  const never = (): Promise<never> => Promise.reject(new Error('not expected'));
  return {
    get: async (path) => {
      if (bench === undefined) throw new AppError('unavailable', 'connection refused');
      const { status, body } = await bench.request('GET', `/api/v2/${path}`);
      if (status !== 200)
        throw new AppError('invalid', `GET http://am/api/v2/${path}: ${status} ${String(body)}`, {
          facts: { isAnswer: true },
        });
      return body;
    },
    post: never,
    delete: never,
  };
}

async function ran(
  args: readonly string[],
  benches: Readonly<Record<string, Bench>>,
): Promise<{ readonly code: number; readonly text: string; readonly errors: string }> {
  const [any] = Object.values(benches);
  const { code, printed, errors } = await runWith(args, {
    now: any?.world.clock.wall() ?? START,
    clientAt: (url) => clientOf(benches[url]),
  });
  return { code, text: printed.join('\n'), errors: errors.join('\n') };
}

const local = (at: number): string => {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((n) => String(n).padStart(2, '0'))
    .join(':');
};

describe('tocsin why', () => {
  it('answers first, then tells the story on the local clock, then what comes', async () => {
    const bench = await started();
    await fire(bench);
    await bench.run(30 * SECOND);
    const { code, text } = await ran(['why', '--url', 'http://a', 'alertname=Down'], { 'http://a': bench });
    expect(code).toBe(0);
    const lines = text.split('\n');
    expect(lines[0]).toBe(
      `Notified team by webhook at ${local(START + 10 * SECOND)} (first notification), delivered on attempt 1.`,
    );
    expect(text).toContain('Alert {alertname="Down", instance="a"}');
    expect(text).toContain(
      `  ${local(START + 10 * SECOND)}  20s ago  team by webhook: delivered (first notification)`,
    );
    expect(text).toMatch(/Next\n {2}Next flush at .*would not send .* nothing new; repeats at /);
    expect(text).not.toMatch(/\dT\d\d:/);
  });

  it('asks several replicas, puts the sender first and names those that are away', async () => {
    const [sender, other] = [await started('am-0'), await started('am-1')];
    await fire(sender);
    await sender.run(30 * SECOND);
    const urls = ['--url', 'http://b', '--url', 'http://a', '--url', 'http://gone'];
    const { code, text } = await ran(['why', ...urls, 'alertname=Down', 'instance=a'], {
      'http://a': sender,
      'http://b': other,
    });
    expect(code).toBe(0);
    expect(text).toMatch(/^Notified team by webhook/);
    expect(text).toContain('Not received by am-1: senders must send each alert to every replica.');
    expect(text).toContain('no answer from http://gone: connection refused');
  });

  it('gives programs the merged story and each answer', async () => {
    const [first, second] = [await started('am-0'), await started('am-1')];
    for (const bench of [first, second]) {
      await fire(bench);
      await bench.run(30 * SECOND);
    }
    const urls = ['--url', 'http://a', '--url', 'http://b'];
    const { text } = await ran(['why', ...urls, '--output', 'json', 'alertname=Down'], {
      'http://a': first,
      'http://b': second,
    });
    const story = JSON.parse(text) as {
      verdict: string;
      answers: unknown[];
      story: { replica: string; at: string }[];
    };
    expect(story).toMatchObject({ verdict: 'notified', unanswered: [] });
    expect(story.answers).toHaveLength(2);
    expect(new Set(story.story.map(({ replica }) => replica))).toEqual(new Set(['am-0', 'am-1']));
    expect(story.story.map(({ at }) => at)).toEqual(story.story.map(({ at }) => at).toSorted());
  });

  it('tells what was true a while ago', async () => {
    const bench = await started();
    await fire(bench);
    await bench.run(10 * MINUTE);
    for (const at of ['595s', local(START + 5 * SECOND), new Date(START + 5 * SECOND).toISOString()]) {
      const { text } = await ran(['why', '--url', 'http://a', '--at', at, 'alertname=Down'], {
        'http://a': bench,
      });
      expect(text).toMatch(/^Not notified by then/);
    }
  });

  it('tells why a receiver was not reached', async () => {
    const bench = await started();
    await fire(bench);
    const { text } = await ran(['why', '--url', 'http://a', '--receiver', 'oncall', 'alertname=Down'], {
      'http://a': bench,
    });
    expect(text).toMatch(/^Not notified: the alert does not reach receiver oncall/);
  });

  it('shows no control characters of other people', async () => {
    const bench = await started();
    await fire(bench, { evil: '\u001b[2J' });
    await bench.run(30 * SECOND);
    const { text } = await ran(['why', '--url', 'http://a', 'alertname=Down'], { 'http://a': bench });
    expect(text).not.toContain('\u001b');
  });

  it.each([
    [['why'], 2, 'MATCHER'],
    [['why', 'a=b', '--fingerprint', '0123456789abcdef'], 2, 'one of both'],
    [['why', 'a=~"("'], 2, 'missing closing )'],
    [['why', 'a=b', '--at', 'yesterday'], 2, '--at yesterday'],
    [['why', '--url', 'http://a', '--fingerprint', '0123456789abcdef'], 1, '404'],
    [
      ['why', '--url', 'http://a', '--receiver', 'nobody', 'alertname=Down'],
      1,
      'expected one of "team", "oncall"',
    ],
    [['why', '--url', 'http://gone', '--url', 'http://gone2', 'a=b'], 1, 'http://gone2: connection refused'],
    [['preview'], 2, 'NAME=VALUE'],
    [['preview', 'a=~b'], 2, 'a label is needed'],
    [['preview', '--url', 'http://a', '--for', '99d', 'a=b'], 1, 'at most 30d'],
  ])('%j exits with %i and says %j', async (args, expected, why) => {
    const { code, errors } = await ran(args, { 'http://a': await started() });
    expect(code).toBe(expected);
    expect(errors).toContain(why);
  });
});

describe('tocsin preview', () => {
  it('tells when whom will be told, and what was taken for granted', async () => {
    const bench = await started();
    const args = ['preview', '--url', 'http://a', '--resolves-after', '65m', 'alertname=Down', 'instance=a'];
    const { code, text } = await ran(args, { 'http://a': bench });
    expect(code).toBe(0);
    expect(text.split('\n').slice(0, 4)).toEqual([
      'Receiver team (route {})',
      `  ${local(START + 10 * SECOND)}  T+10s         webhook tells (first notification)`,
      `  ${local(START + 61 * MINUTE + 10 * SECOND)}  T+1h1m10s     webhook tells (repeat interval elapsed)`,
      `  ${local(START + 65 * MINUTE + 10 * SECOND)}  T+1h5m10s     webhook tells that it resolved (all alerts resolved)`,
    ]);
    expect(text).toContain('Taken for granted:');
  });
});
