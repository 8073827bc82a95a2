import { describe, expect, it } from 'vitest';
import { ran } from '../testing/run-command.ts';

const alert = {
  labels: { node: 'n', alertname: 'A' },
  annotations: { summary: 's\u001b[1m' },
  startsAt: '2026-11-22T00:00:00.000Z',
  endsAt: '2026-11-22T00:05:00.000Z',
  generatorURL: 'http://g/',
  receivers: [{ name: 'team' }],
  status: { state: 'suppressed', silencedBy: ['sil'], inhibitedBy: ['fp'], mutedBy: ['weekend'] },
};
const showing = { get: (): Promise<unknown> => Promise.resolve([alert]) };

describe('tocsin alert query', () => {
  it.each([
    [[], 'active=true&silenced=false&inhibited=false&unprocessed=false'],
    [['-s'], 'active=false&silenced=true&inhibited=false&unprocessed=false'],
    [['-aisu'], 'active=true&silenced=true&inhibited=true&unprocessed=true'],
    [['-r', 'team.*'], 'active=true&silenced=false&inhibited=false&unprocessed=false&receiver=team.*'],
    [
      ['foo bar', 'node=~n'],
      `active=true&silenced=false&inhibited=false&unprocessed=false&filter=${encodeURIComponent('alertname="foo bar"')}&filter=${encodeURIComponent('node=~"n"')}`,
    ],
  ])('%j asks for %s', async (args, query) => {
    expect((await ran(['alert', 'query', ...args], { client: showing })).asked).toEqual([
      `GET alerts?${query}`,
    ]);
  });

  it('shows a table, a wide one and JSON, without what a terminal would obey', async () => {
    expect((await ran(['alert'], { client: showing })).printed).toEqual([
      'Alertname  Starts At                Summary   State       ',
      'A          2026-11-22 00:00:00 UTC  s\\x1b[1m  suppressed  ',
    ]);
    expect((await ran(['alert', '-o', 'extended'], { client: showing })).printed[1]).toMatch(
      /^alertname="A" node="n" {2}summary=".*" {2}2026-11-22 00:00:00 UTC {2}2026-11-22 00:05:00 UTC {2}http:\/\/g\/ +suppressed {2}$/,
    );
    expect(JSON.parse((await ran(['alert', '-o', 'json'], { client: showing })).printed[0] ?? '')).toEqual([
      alert,
    ]);
    expect((await ran(['alert', '--date.format=15:04'], { client: showing })).printed[1]).toContain(
      '  00:00 ',
    );
  });

  it('ends with 1 when the answer is no list', async () => {
    expect((await ran(['alert'], { client: { get: () => Promise.resolve({}) } })).code).toBe(1);
  });
});

it('alerts shows all of them with receivers and what suppresses them', async () => {
  const { printed, asked } = await ran(['alerts'], { client: showing });
  expect(asked).toEqual(['GET alerts?']);
  expect(printed).toEqual([
    'suppressed  since 2026-11-22 00:00:00 UTC  {alertname="A" node="n"}  -> team  by sil fp weekend',
  ]);
});

describe('tocsin alert add', () => {
  it('posts labels and annotations, and leaves absent times to the server', async () => {
    const { posted, code } = await ran([
      'alert',
      'add',
      'foo',
      'node=bar',
      '--annotation=summary=hi',
      '--generator-url=http://g/',
      '--end=2027-01-01T00:00:00Z',
    ]);
    expect(code).toBe(0);
    expect(posted).toEqual([
      [
        {
          labels: { alertname: 'foo', node: 'bar' },
          annotations: { summary: 'hi' },
          startsAt: '0001-01-01T00:00:00.000Z',
          endsAt: '2027-01-01T00:00:00.000Z',
          generatorURL: 'http://g/',
        },
      ],
    ]);
  });
  it.each([[[]], [['a=~b']], [['a=b', 'c']], [['a=b', '--annotation=x']], [['a=b', '--start=x']]])(
    '%j is typed wrong',
    async (args) => {
      const { code, posted } = await ran(['alert', 'add', ...args]);
      expect({ code, posted }).toEqual({ code: 2, posted: [] });
    },
  );
});
