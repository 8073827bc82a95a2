import { encodeUtf8 } from '@tocsin/kernel';
import { LabelSet, instantOf, type Alert } from '@tocsin/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AlertRow, alertOfRow } from './alert-state.ts';
import { Bench, HOUR, MINUTE } from './testing/bench.ts';
import { configurationOf } from './testing/configuration.ts';

const alertOf = (labels: LabelSet, annotations: LabelSet): Alert => ({
  labels,
  annotations,
  startsAt: { seconds: -5, nanos: 7, offsetMinutes: 120 },
  endsAt: instantOf(1_795_341_600_123),
  isTimeout: true,
  updatedAt: instantOf(1_795_341_600_000),
  generatorUrl: 'http://p/"x"',
  traceparent: '',
});
const labels = fc.dictionary(fc.string({ maxLength: 5 }), fc.string({ maxLength: 5 }), { maxKeys: 4 });
const shown = ({ labels: own, annotations, ...rest }: Alert): unknown => ({
  ...rest,
  labels: own.pairs,
  annotations: annotations.pairs,
});

async function aWorld(): Promise<Bench> {
  const bench = new Bench({
    turn: () => new Promise((resolve) => void setImmediate(resolve)),
    configuration: configurationOf(),
    settings: { alertsGcIntervalMs: MINUTE, maintenanceIntervalMs: MINUTE },
  });
  await bench.start();
  return bench;
}

describe('the row of an alert', () => {
  it('gives back the alert that went in', () => {
    fc.assert(
      fc.property(labels, labels, fc.nat(1e9), (some, others, resendMs) => {
        const alert = alertOf(LabelSet.fromObject(some).share(), LabelSet.fromObject(others).compact());
        const restored = alertOfRow(new AlertRow('', alert, resendMs));
        expect(restored.resendMs).toBe(resendMs);
        expect(shown(restored.alert)).toEqual(shown(alert));
      }),
    );
  });

  it('is read in the form of older releases, too', () => {
    const alert = alertOf(LabelSet.fromObject({ b: '1', a: '2' }), LabelSet.fromObject({ s: 't' }));
    const row = new AlertRow('', alert, 5);
    const old = { ...alert, labels: alert.labels.pairs, annotations: alert.annotations.pairs, resendMs: 5 };
    const { tenant, key, seconds, nanos, expiresAtMs } = row;
    const restored = alertOfRow({
      tenant,
      key,
      seconds,
      nanos,
      expiresAtMs,
      bytes: encodeUtf8(JSON.stringify(old)),
    });
    expect(shown(restored.alert)).toEqual(shown(alert));
  });
});

describe('the alerts of a tenant', () => {
  it('are all there after a restart, also when they came by the thousand', async () => {
    const bench = await aWorld();
    const alerts = Array.from({ length: 3_500 }, (_, n) => ({
      labels: { alertname: 'Many', instance: `web-${n}` },
      annotations: { summary: `about ${n}` },
      endsAt: bench.time(HOUR),
    }));
    await bench.post(...alerts);
    const list = async (): Promise<unknown> => (await bench.request('GET', '/api/v2/alerts')).body;
    const before = await list();
    await bench.restart(MINUTE);
    expect(await list()).toEqual(before);
    expect(before).toHaveLength(3_500);
  });

  it('are one alert when they are sent again after they were forgotten, with what they say now', async () => {
    const bench = await aWorld();
    const say = (summary: string, endsInMs: number): Promise<void> =>
      bench.post({ labels: { alertname: 'Down' }, annotations: { summary }, endsAt: bench.time(endsInMs) });
    await say('first', MINUTE);
    await bench.run(HOUR);
    expect((await bench.request('GET', '/api/v2/alerts')).body).toEqual([]);
    await say('second', HOUR);
    await say('third', HOUR);
    expect((await bench.request('GET', '/api/v2/alerts')).body).toMatchObject([
      { annotations: { summary: 'third' } },
    ]);
  });
});
