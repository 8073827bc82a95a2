import fc from 'fast-check';
import { AppError } from '@tocsin/kernel';
import {
  addMs,
  compareInstants,
  instantOf,
  isResolvedAt,
  LabelSet,
  zeroInstant,
  type Alert,
  type Instant,
} from '@tocsin/model';
import { describe, expect, it } from 'vitest';
import { intakeAlert, mergeAlert, type IntakeOptions, type RawAlert } from './alert-set.ts';
import { alertOf, MINUTE, NOON } from './testing/fixtures.ts';

const options: IntakeOptions = { now: NOON, resolveTimeoutMs: 5 * MINUTE, mode: 'fallback' };
const rawOf = (over: Partial<RawAlert> = {}): RawAlert => ({
  labels: [['alertname', 'A']],
  annotations: [],
  generatorUrl: '',
  traceparent: '',
  ...over,
});
const at = (minutes: number): Instant => instantOf(NOON + minutes * MINUTE);
const errorOf = (raw: RawAlert, over: Partial<IntakeOptions> = {}): string => {
  try {
    intakeAlert(raw, { ...options, ...over });
  } catch (error) {
    expect(error).toBeInstanceOf(AppError);
    return error instanceof AppError ? `${error.code}: ${error.message}` : '';
  }
  return 'accepted';
};

describe('intakeAlert', () => {
  it('gives an alert without times now and the resolve timeout', () => {
    expect(intakeAlert(rawOf({ startsAt: zeroInstant, endsAt: zeroInstant }), options)).toMatchObject({
      startsAt: at(0),
      endsAt: at(5),
      updatedAt: at(0),
      isTimeout: true,
    });
  });
  it('takes the end for a missing start, so that a late resolve is no mistake', () => {
    expect(intakeAlert(rawOf({ endsAt: at(-7) }), options)).toMatchObject({
      startsAt: at(-7),
      endsAt: at(-7),
      isTimeout: false,
    });
  });
  it('keeps 1970, which is a time somebody gave', () => {
    expect(intakeAlert(rawOf({ startsAt: instantOf(0) }), options).startsAt).toEqual(instantOf(0));
  });
  it('keeps the zone in which a time was written', () => {
    const startsAt = { ...at(-1), offsetMinutes: 120 };
    expect(intakeAlert(rawOf({ startsAt }), options).startsAt.offsetMinutes).toBe(120);
  });
  it('drops labels with an empty value and keeps such annotations', () => {
    const alert = intakeAlert(
      rawOf({
        labels: [
          ['b', ''],
          ['a', '1'],
        ],
        annotations: [['note', '']],
      }),
      options,
    );
    expect(alert.labels.pairs).toEqual([['a', '1']]);
    expect(alert.annotations.pairs).toEqual([['note', '']]);
  });
  it('resolves at once when the resolve timeout is 0', () => {
    expect(isResolvedAt(intakeAlert(rawOf(), { ...options, resolveTimeoutMs: 0 }), NOON)).toBe(true);
  });
  it('accepts an end equal to the start', () => {
    expect(errorOf(rawOf({ startsAt: at(1), endsAt: at(1) }))).toBe('accepted');
  });
  it('refuses with the texts that users of Alertmanager know', () => {
    const order = 'invalid: start time must be before end time';
    expect(errorOf(rawOf({ startsAt: at(1), endsAt: at(0) }))).toBe(order);
    expect(errorOf(rawOf({ startsAt: at(6) }))).toBe(order);
    expect(errorOf(rawOf({ labels: [['a', '']] }))).toBe('invalid: at least one label pair required');
    expect(errorOf(rawOf({ labels: [['', 'x']] }))).toBe('invalid: invalid label set: invalid name ""');
    expect(errorOf(rawOf({ labels: [['a', '\ud800']] }))).toBe(
      'invalid: invalid label set: invalid value "\ufffd"',
    );
    expect(errorOf(rawOf({ annotations: [['', 'x']] }))).toBe(
      'invalid: invalid annotations: invalid name ""',
    );
  });
  it('judges names by the mode', () => {
    expect(errorOf(rawOf({ labels: [['größe', '1']] }))).toBe('accepted');
    expect(errorOf(rawOf({ labels: [['a-b', '1']] }), { mode: 'classic' })).toBe(
      'invalid: invalid label set: invalid name "a-b"',
    );
  });
});

describe('mergeAlert', () => {
  const stored = alertOf({ alertname: 'A' }, { startsAt: at(-10), endsAt: at(5), updatedAt: at(-1) });
  const incomingOf = (over: Partial<Alert>): Alert =>
    alertOf({ alertname: 'A' }, { updatedAt: at(0), ...over });

  it('keeps the first start of an alert that is posted again', () => {
    expect(mergeAlert(stored, incomingOf({ startsAt: at(0), endsAt: at(8) }), NOON)).toMatchObject({
      startsAt: at(-10),
      endsAt: at(8),
    });
  });
  it('ends with the resolve', () => {
    expect(mergeAlert(stored, incomingOf({ startsAt: at(-10), endsAt: at(0) }), NOON).endsAt).toEqual(at(0));
  });
  it('lets an explicit later end win over a newer, earlier one', () => {
    expect(mergeAlert(stored, incomingOf({ startsAt: at(0), endsAt: at(2) }), NOON).endsAt).toEqual(at(5));
  });
  it('ends with the resolve of a sender whose clock is a few seconds ahead', () => {
    const end = addMs(instantOf(NOON), 3_000);
    expect(mergeAlert(stored, incomingOf({ startsAt: at(-10), endsAt: end }), NOON).endsAt).toEqual(end);
  });
  it('lets a newer, earlier end win over one that was only a timeout', () => {
    const merged = mergeAlert(
      { ...stored, isTimeout: true },
      incomingOf({ startsAt: at(0), endsAt: at(2) }),
      NOON,
    );
    expect(merged.endsAt).toEqual(at(2));
  });
  it('keeps the later of two ends that have both passed', () => {
    const old = { ...stored, endsAt: at(-2) };
    expect(mergeAlert(old, incomingOf({ startsAt: at(-9), endsAt: at(-3) }), NOON).endsAt).toEqual(at(-2));
  });
  it('starts anew after a gap', () => {
    const incoming = incomingOf({ startsAt: at(6), endsAt: at(9) });
    expect(mergeAlert(stored, incoming, NOON)).toEqual(incoming);
  });
  it('takes annotations and the rest from the younger one, also when it arrives first', () => {
    const late = incomingOf({ startsAt: at(-9), endsAt: at(4), updatedAt: at(-3), generatorUrl: 'old' });
    expect(mergeAlert(stored, late, NOON)).toMatchObject({ generatorUrl: '', updatedAt: at(-1) });
    const annotations = LabelSet.fromObject({ summary: 's' });
    expect(
      mergeAlert(stored, incomingOf({ startsAt: at(-9), endsAt: at(6), annotations }), NOON).annotations,
    ).toBe(annotations);
  });
  it('keeps the stored label set, whose hashes are made', () => {
    expect(mergeAlert(stored, incomingOf({}), NOON).labels).toBe(stored.labels);
  });
  it('never starts later than the incoming alert, nor resolves what is said to fire', () => {
    const minutes = fc.integer({ min: -20, max: 20 });
    const drawn = fc
      .record({ start: minutes, length: fc.nat(20), updated: minutes, isTimeout: fc.boolean() })
      .map((one) =>
        incomingOf({
          startsAt: at(one.start),
          endsAt: addMs(at(one.start), one.length * MINUTE),
          updatedAt: at(one.updated),
          isTimeout: one.isTimeout,
        }),
      );
    fc.assert(
      fc.property(drawn, drawn, (old, incoming) => {
        const merged = mergeAlert(old, incoming, NOON);
        expect(compareInstants(merged.startsAt, incoming.startsAt)).toBeLessThanOrEqual(0);
        const isYounger = compareInstants(incoming.updatedAt, old.updatedAt) >= 0;
        if (isYounger && !isResolvedAt(incoming, NOON)) expect(isResolvedAt(merged, NOON)).toBe(false);
      }),
    );
  });
});
