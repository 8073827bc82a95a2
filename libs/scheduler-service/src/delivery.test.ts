import { AppError, noTracer } from '@tocsin/kernel';
import { describe, expect, it } from 'vitest';
import { senderLimits } from './alertmanager-sender.ts';
import type { SenderDeps } from './alertmanager-sender.ts';
import { Delivery } from './delivery.ts';
import type { OutgoingAlert } from './outgoing-alert.ts';
import { schedulerDefaults } from './settings.ts';
import { countingRandom, RecordedMeter, settled, World } from './testing/world.ts';

const alertOf = (key: string, version = 1, worthlessAt?: number): OutgoingAlert => ({
  key,
  worthlessAt,
  wire: {
    labels: [{ name: 'alertname', value: key }],
    annotations: [],
    generatorUrl: String(version),
    traceparent: '',
  },
});
const many = (count: number): readonly OutgoingAlert[] =>
  Array.from({ length: count }, (_, index) => alertOf(`a${index}`));

interface Bench {
  readonly world: World;
  readonly delivery: Delivery;
  readonly meter: RecordedMeter;
  live: readonly OutgoingAlert[];
}

function bench(queueCapacity = 1_000, world = new World([])): Bench {
  const meter = new RecordedMeter();
  const { alertmanagers } = world.parts();
  const deps: SenderDeps = {
    clock: world.time,
    timers: world.time,
    random: countingRandom(),
    logger: world.log,
    meter,
    tracer: noTracer,
    settings: { ...schedulerDefaults, queueCapacity },
  };
  const made: Bench = {
    world,
    meter,
    live: [],
    delivery: new Delivery(alertmanagers, () => made.live, deps),
  };
  return made;
}
const of = ({ meter }: Bench, name: string, alertmanager: string): number =>
  meter.value(`prometheus_notifications_${name}`, { alertmanager });
const sent = ({ world }: Bench, index: number): readonly string[] =>
  world.alertmanagers[index]?.alerts.map(
    ({ generatorUrl, labels }) => `${labels[0]?.value ?? ''} v${generatorUrl}`,
  ) ?? [];

describe('delivery', () => {
  it('is not delayed for one alertmanager by another that hangs, and the hanging one gets the latest state once it is back', async () => {
    const on = bench();
    const [hanging] = [on.world.alertmanager('bad'), on.world.alertmanager('good')];
    hanging.mode = 'hangs';
    on.delivery.push([alertOf('x', 1)]);
    await on.world.time.pass(1_000);
    on.delivery.push([alertOf('x', 2)]);
    await on.world.time.pass(60_000);
    on.delivery.push([alertOf('x', 3)]);
    await settled();
    expect(sent(on, 1)).toEqual(['x v1', 'x v2', 'x v3']);
    expect(sent(on, 0)).toEqual([]);
    hanging.mode = 'takes';
    await on.world.time.pass(30_000);
    expect(sent(on, 0)).toEqual(['x v3']);
    expect(of(on, 'sent_total', 'bad')).toBe(1);
    expect(of(on, 'errors_total', 'bad')).toBeGreaterThan(0);
    expect(of(on, 'errors_total', 'good')).toBe(0);
  });

  it('tries a dead alertmanager again after growing pauses, and says so once', async () => {
    const on = bench();
    const dead = on.world.alertmanager('dead');
    dead.mode = 'away';
    on.delivery.push([alertOf('x')]);
    await on.world.time.pass(1_000);
    const early = dead.opened;
    await on.world.time.pass(59_000);
    expect(early).toBeGreaterThanOrEqual(3);
    expect(dead.opened - early).toBeLessThan(20);
    expect(on.world.log.at('warn')).toHaveLength(1);
    dead.mode = 'takes';
    await on.world.time.pass(10_000);
    expect(sent(on, 0)).toEqual(['x v1']);
    expect(of(on, 'queue_length', 'dead')).toBe(0);
  });

  it('sends numbered batches of at most 256, few at a time, and what was not acknowledged again after a cut', async () => {
    const on = bench(10_000);
    const alertmanager = on.world.alertmanager('am');
    on.delivery.push(many(600));
    await settled();
    expect(alertmanager.batches.map(({ alerts, number }) => [number, alerts.length])).toEqual([
      [1, 256],
      [2, 256],
      [3, 88],
    ]);
    alertmanager.mode = 'hangs';
    on.delivery.push(many(10_000));
    await settled();
    expect(of(on, 'queue_length', 'am')).toBe(10_000);
    alertmanager.mode = 'takes';
    alertmanager.cut();
    await on.world.time.pass(60_000);
    expect(alertmanager.batches.slice(3).map(({ number }) => number)).toEqual(
      Array.from({ length: 40 }, (_, index) => index + 1),
    );
    expect(new Set(sent(on, 0)).size).toBe(10_000);
    expect(of(on, 'sent_total', 'am')).toBe(10_600);
    expect(of(on, 'dropped_total', 'am')).toBe(0);
  });

  it('keeps no more batches unacknowledged than its window', async () => {
    const on = bench(10_000);
    on.world.alertmanager('am').mode = 'hangs';
    on.delivery.push(many(10_000));
    // The window is what is lost, and counted as failed, when the stream is given up.
    await on.world.time.pass(senderLimits.ackTimeoutMs);
    expect(of(on, 'errors_total', 'am')).toBe(senderLimits.windowBatches * senderLimits.alertsPerBatchMax);
    expect(of(on, 'queue_length', 'am')).toBe(10_000);
  });

  it('counts and logs what the alertmanager rejects, and takes the rest for delivered', async () => {
    const on = bench();
    const alertmanager = on.world.alertmanager('am');
    alertmanager.rejections = () => [{ index: 1, reason: 'label name is empty' }];
    on.delivery.push([alertOf('good'), alertOf('bad')]);
    await settled();
    expect(on.meter.value('tocsin_scheduler_notifications_rejected_total', { alertmanager: 'am' })).toBe(1);
    expect(on.world.log.lines.find(({ level }) => level === 'warn')?.facts).toMatchObject({
      alertmanager: 'am',
      reason: 'label name is empty',
      alert: 'bad',
    });
    await on.world.time.pass(60_000);
    expect(alertmanager.batches).toHaveLength(1);
  });

  it('drops the oldest beyond the capacity, and makes up for it with all that holds once the alertmanager is back', async () => {
    const on = bench(10);
    const alertmanager = on.world.alertmanager('am');
    alertmanager.mode = 'away';
    on.delivery.push(many(15));
    await settled();
    expect(of(on, 'dropped_total', 'am')).toBe(5);
    on.live = many(8);
    alertmanager.mode = 'takes';
    await on.world.time.pass(60_000);
    expect(new Set(sent(on, 0))).toEqual(new Set(many(15).map(({ key }) => `${key} v1`)));
    expect(alertmanager.alerts).toHaveLength(18);
  });

  it('does not deliver a firing alert that ended while it waited, which would look like a resolve', async () => {
    const on = bench();
    const alertmanager = on.world.alertmanager('am');
    alertmanager.mode = 'away';
    on.delivery.push([alertOf('old', 1, on.world.time.wall() + 30_000), alertOf('resolved')]);
    await on.world.time.pass(60_000);
    alertmanager.mode = 'takes';
    await on.world.time.pass(10_000);
    expect(sent(on, 0)).toEqual(['resolved v1']);
    expect(of(on, 'dropped_total', 'am')).toBe(1);
  });

  it('tells an alertmanager that turns up at once what holds, and forgets one that is gone', async () => {
    const on = bench();
    on.live = [alertOf('x', 7)];
    on.world.alertmanager('am1');
    await settled();
    expect(sent(on, 0)).toEqual(['x v7']);
    const second = on.world.alertmanager('am2');
    expect(on.delivery.targets).toEqual(['am1', 'am2']);
    on.world.removeAlertmanager('am2');
    expect(on.delivery.targets).toEqual(['am1']);
    on.delivery.push([alertOf('y')]);
    await settled();
    expect(sent(on, 0)).toEqual(['x v7', 'y v1']);
    expect(second.alerts).toEqual([]);
    expect(on.meter.value('prometheus_notifications_alertmanagers_discovered')).toBe(1);
  });

  it('survives a link that fails within the call that opens the stream or sends', async () => {
    const on = bench();
    const failures: ('throws' | 'ends at open' | 'ends at send')[] = [
      'throws',
      'ends at open',
      'ends at send',
    ];
    const alertmanager = on.world.alertmanager('am');
    const { openStream } = alertmanager.link;
    alertmanager.link.openStream = (method, handlers) => {
      const failure = failures.shift();
      const cause = new AppError('unavailable', failure ?? 'none');
      if (failure === undefined) return openStream(method, handlers);
      if (failure === 'throws') throw cause;
      if (failure === 'ends at open') handlers.onEnd(cause);
      return { send: () => (handlers.onEnd(cause), false), end: () => undefined, cancel: () => undefined };
    };
    on.delivery.push([alertOf('x')]);
    await on.world.time.pass(10_000);
    expect(failures).toEqual([]);
    expect(sent(on, 0)).toEqual(['x v1']);
    expect(of(on, 'errors_total', 'am')).toBe(3);
  });

  it('sends nothing more while the stream is full, and goes on when it has drained', async () => {
    const on = bench();
    const alertmanager = on.world.alertmanager('am');
    const { openStream } = alertmanager.link;
    let drain: (() => void) | undefined;
    alertmanager.link.openStream = (method, handlers) => {
      drain = () => handlers.onDrain?.();
      const stream = openStream(method, handlers);
      return { ...stream, send: (message) => (stream.send(message), false) };
    };
    on.delivery.push([alertOf('x')]);
    await settled();
    on.delivery.push([alertOf('y')]);
    await settled();
    expect(sent(on, 0)).toEqual(['x v1']);
    drain?.();
    await settled();
    expect(sent(on, 0)).toEqual(['x v1', 'y v1']);
  });

  it('does not bring an older version back when a later batch was acknowledged first', async () => {
    const on = bench();
    const alertmanager = on.world.alertmanager('am');
    const { openStream } = alertmanager.link;
    const held: (() => void)[] = [];
    alertmanager.link.openStream = (method, handlers) =>
      openStream(method, {
        ...handlers,
        onMessage: (ack) => {
          if ((ack as { readonly number: number }).number === 1) held.push(() => handlers.onMessage(ack));
          else handlers.onMessage(ack);
        },
      });
    on.delivery.push([alertOf('x', 1), alertOf('y', 1)]);
    await settled();
    on.delivery.push([alertOf('x', 2)]);
    await settled();
    alertmanager.cut();
    await on.world.time.pass(1_000);
    expect(sent(on, 0)).toEqual(['x v1', 'y v1', 'x v2', 'y v1']);
    expect(held.length).toBeGreaterThan(0);
  });

  it('tries at once, not after the pause, when it is told to stop', async () => {
    const on = bench();
    const alertmanager = on.world.alertmanager('am');
    alertmanager.mode = 'away';
    on.delivery.push([alertOf('x')]);
    await on.world.time.pass(60_000);
    alertmanager.mode = 'takes';
    const stop = on.delivery.stop(5_000);
    await settled();
    await stop;
    expect(sent(on, 0)).toEqual(['x v1']);
    expect(on.world.time.armed).toBe(0);
  });
});
