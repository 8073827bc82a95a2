/** Goal: whoever gets a notification sees what its route says of it. Method: whole alertmanagers on virtual time. */
import { describe, expect, it } from 'vitest';
import { Bench, HOUR, MINUTE } from './testing/bench.ts';
import { configurationOf } from './testing/configuration.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
async function started(labels: Readonly<Record<string, string>>): Promise<Bench> {
  const bench = new Bench({ turn, configuration: configurationOf({ route: { labels } }) });
  await bench.start();
  return bench;
}
const down = (
  bench: Bench,
  instance: string,
  endsInMs = HOUR,
): { labels: Record<string, string>; endsAt: string } => ({
  labels: { alertname: 'Down', instance },
  endsAt: bench.time(endsInMs),
});
const sentWith = (bench: Bench): readonly Readonly<Record<string, string>>[] =>
  bench.only.heard.map(({ request }) =>
    Object.fromEntries(request.routeLabels.map(({ name, value }) => [name, value])),
  );
async function listed(bench: Bench): Promise<unknown> {
  const { body } = await bench.request('GET', '/api/v2/alerts/groups');
  return (body as { routeLabels: unknown }[])[0]?.routeLabels;
}

describe('labels of a route', () => {
  it('are rendered for each flush from its alerts, may name each other, and never know a reason', async () => {
    const bench = await started({
      team: 'sre',
      page: '{{ routeLabels "team" }}/{{ .GroupLabels.alertname }}',
      count: '{{ .Alerts.Firing | len }} firing, {{ .Alerts.Resolved | len }} resolved',
      reason: '{{ .NotificationReason }}',
    });
    await bench.post(down(bench, 'a', 30_000), down(bench, 'b'));
    await bench.run(2 * MINUTE);
    const constant = { team: 'sre', page: 'sre/Down', reason: 'unknown' };
    expect(sentWith(bench)).toEqual([
      { ...constant, count: '2 firing, 0 resolved' },
      { ...constant, count: '1 firing, 1 resolved' },
    ]);
  });

  it('that can not be rendered, or go in a circle, are left out, and the operator is told once', async () => {
    const bench = await started({
      good: '{{ .Status }}',
      bad: '{{ .Alerts.Nope }}',
      a: '{{ routeLabels "b" }}',
      b: '{{ routeLabels "a" }}',
    });
    await bench.post(down(bench, 'a'));
    await bench.run(MINUTE);
    await bench.post(down(bench, 'b'));
    await bench.run(5 * MINUTE);
    expect(sentWith(bench)).toEqual([{ good: 'firing' }, { good: 'firing' }]);
    const told = bench.logger.lines.filter(({ level, facts }) => level === 'warn' && 'label' in facts);
    expect(told.map(({ facts }) => facts['label'])).toEqual(['bad', 'a', 'b']);
    expect(String(told[1]?.facts['err'])).toContain('cycle');
  });

  it('are listed with the group as they are now', async () => {
    const bench = await started({ count: '{{ len .Alerts }}' });
    await bench.post(down(bench, 'a'));
    expect(await listed(bench)).toEqual({ count: '1' });
    expect(await listed(bench)).toEqual({ count: '1' });
    await bench.post(down(bench, 'b'));
    expect(await listed(bench)).toEqual({ count: '2' });
  });

  it('that are not configured are an empty object', async () => {
    const bench = await started({});
    await bench.post(down(bench, 'a'));
    expect(await listed(bench)).toEqual({});
  });
});
