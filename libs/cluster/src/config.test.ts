import { AppError } from '@tocsin/kernel';
import { describe, expect, it } from 'vitest';
import { gossipConfig } from './config.ts';

const peers = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `10.0.0.${index + 1}:9094`);

describe('gossipConfig', () => {
  it.each([
    [0, 3],
    [3, 3],
    [7, 3],
    [8, 4],
    [11, 5],
  ])('with %i configured peers gossips to %i members a tick', (count, nodes) => {
    expect(gossipConfig({ name: 'a', peers: peers(count) }).gossipNodes).toBe(nodes);
  });

  it('has the intervals of Alertmanager unless told otherwise', () => {
    expect(gossipConfig({ name: 'a', gossipIntervalMs: 50 })).toMatchObject({
      bindAddress: '0.0.0.0:9094',
      gossipIntervalMs: 50,
      probeIntervalMs: 1000,
      probeTimeoutMs: 500,
      pushPullIntervalMs: 60_000,
      tcpTimeoutMs: 10_000,
      settleTimeoutMs: 60_000,
      reconnectIntervalMs: 10_000,
      reconnectTimeoutMs: 21_600_000,
    });
  });

  it('lets what has a meaning be 0, and nothing else', () => {
    expect(
      gossipConfig({ name: 'a', settleTimeoutMs: 0, pushPullIntervalMs: 0, reconnectIntervalMs: 0 }),
    ).toBeDefined();
    expect(() => gossipConfig({ name: 'a', probeIntervalMs: 0 })).toThrow(/probeIntervalMs: 0/);
    expect(() => gossipConfig({ name: 'a', settleTimeoutMs: -1 })).toThrow(AppError);
    expect(() => gossipConfig({ name: 'a', gossipIntervalMs: Number.NaN })).toThrow(AppError);
  });

  it.each([
    [{ name: '' }, /peer name/],
    [{ name: 'x'.repeat(257) }, /peer name/],
    [{ name: 'a', label: 'ü'.repeat(128) }, /label/],
    [{ name: 'a', peers: ['nowhere'] }, /cluster peer: "nowhere"/],
    [{ name: 'a', advertiseAddress: '10.0.0.1' }, /advertise address/],
  ])('refuses %j and names the setting', (given, message) => {
    expect(() => gossipConfig(given)).toThrow(message);
  });
});
