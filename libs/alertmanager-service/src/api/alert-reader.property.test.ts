import { intakeAlert, type RawAlert } from '@tocsin/alerting';
import { AppError, decodeUtf8, encodeUtf8, type HttpRequest } from '@tocsin/kernel';
import { LabelSet, instantOf, type Alert } from '@tocsin/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PostedAlert } from '../alert-store.ts';
import { AlertTexts } from '../alert-texts.ts';
import { AlertReader } from './alert-reader.ts';
import { Malformed } from './answer.ts';
import { readAlerts } from './post-body.ts';

const requestOf = (text: string): HttpRequest => ({
  method: 'POST',
  path: '/api/v2/alerts',
  query: [],
  headers: {},
  body: encodeUtf8(text),
});

const NO_ALERT: Omit<Alert, 'labels'> = {
  annotations: LabelSet.empty,
  startsAt: instantOf(0),
  endsAt: instantOf(0),
  isTimeout: false,
  updatedAt: instantOf(0),
  generatorUrl: '',
  traceparent: '',
};

/** A reader whose alerts are all taken by a store, and so recognised when they come again. */
function rememberingReader(): (json: string) => readonly RawAlert[] {
  const texts = new AlertTexts();
  const reader = new AlertReader('fallback');
  return (json) => {
    const read: readonly PostedAlert[] = reader.read(requestOf(json), '', texts);
    for (const { known } of read)
      if (known !== undefined)
        texts.keep(known, { alert: { ...NO_ALERT, labels: known.labels }, routing: undefined });
    return read;
  };
}

/** What the store would see of a body: the alerts taken, the refusals, or the answer that refuses all of it. */
function outcome(read: () => readonly RawAlert[]): unknown {
  try {
    return read().map((raw) => {
      try {
        const { labels, annotations, ...rest } = intakeAlert(raw, {
          now: 1_795_000_000_000,
          resolveTimeoutMs: 300_000,
          mode: 'fallback',
        });
        return {
          labels: labels.pairs,
          annotations: annotations.pairs,
          fingerprint: labels.fingerprint,
          ...rest,
        };
      } catch (error) {
        if (error instanceof AppError) return error.message;
        throw error;
      }
    });
  } catch (error) {
    if (error instanceof Malformed) return error.response.body;
    throw error;
  }
}

const odd = fc.constantFrom(
  '{',
  '}',
  '"',
  '\\',
  '\n',
  '',
  '__proto__',
  'é',
  '\u2028',
  '😀',
  ',',
  ':',
  '":',
  'labels',
  '\u0000',
);
const text = fc.oneof(fc.string({ maxLength: 6 }), odd, fc.constantFrom('a', 'alertname', 'web-1'));
const time = fc.constantFrom(
  '2026-11-22T00:00:00Z',
  '2026-11-22T00:00:00.123+02:00',
  '',
  'soon',
  '0001-01-01T00:00:00Z',
);
const alert = fc.record(
  {
    labels: fc.dictionary(text, text, { maxKeys: 3 }),
    annotations: fc.dictionary(text, text, { maxKeys: 2 }),
    startsAt: time,
    endsAt: time,
    generatorURL: fc.constantFrom('http://p/graph?g0.expr=up', '', '::::', '/x', 'a"b'),
    other: fc.constant(1),
  },
  { requiredKeys: [] },
);
const body = fc.array(alert, { maxLength: 4 }).map((alerts) => JSON.stringify(alerts));

describe('the quick reader of posted alerts', () => {
  it('sees what the plain one sees, the first time and when it remembers', () => {
    const read = rememberingReader();
    fc.assert(
      fc.property(body, (json) => {
        const plain = outcome(() => readAlerts(json, ''));
        expect(outcome(() => read(json))).toEqual(plain);
        expect(outcome(() => read(json))).toEqual(plain);
      }),
      { numRuns: 3_000 },
    );
  });

  it('takes nothing that the plain one refuses, however a body was damaged', () => {
    const read = rememberingReader();
    fc.assert(
      fc.property(
        body,
        fc.nat(),
        fc.nat(3),
        fc.constantFrom('', '}', '"', ',', ' ', ']', '{"labels":{}}', '\\'),
        (json, at, cut, put) => {
          read('[{"labels":{"a":"b"}}]');
          const place = at % (json.length + 1);
          // As it would arrive: half a surrogate pair is U+FFFD on the wire.
          const damaged = decodeUtf8(encodeUtf8(json.slice(0, place) + put + json.slice(place + cut)));
          expect(outcome(() => read(damaged))).toEqual(outcome(() => readAlerts(damaged, '')));
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it('follows an alert whose annotations, start or source change under the same labels', () => {
    const read = rememberingReader();
    const json = (n: number): string =>
      `[{"labels":{"a":"b"},"annotations":{"n":"${n}"},"startsAt":"2026-11-22T00:00:0${n}Z","endsAt":"2026-11-22T01:00:0${n}Z","generatorURL":"http://p/${n}"}]`;
    for (const n of [1, 2, 1])
      expect(outcome(() => read(json(n)))).toEqual(outcome(() => readAlerts(json(n), '')));
  });

  it('recognises an alert only when every character of its labels is the same', () => {
    const read = rememberingReader();
    const known = '[{"labels":{"alertname":"Down","instance":"web-1"}}]';
    read(known);
    fc.assert(
      fc.property(fc.nat(known.length - 1), fc.constantFrom('x', '0', '"', '\\', 'é'), (at, put) => {
        const other = known.slice(0, at) + put + known.slice(at + 1);
        expect(outcome(() => read(other))).toEqual(outcome(() => readAlerts(other, '')));
      }),
    );
  });
});
