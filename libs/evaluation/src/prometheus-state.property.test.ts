import { LabelSet } from '@tocsin/model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ActiveAlert } from './expand.ts';
import { decodeInstance, encodeInstance } from './instance-record.ts';
import { endOf, evaluateRule, type Instance, type Instances, type RuleTiming } from './prometheus-state.ts';

const START = 1_795_341_600_000;
const alerts = ['a', 'b', 'c'].map((instance): ActiveAlert => ({
  labels: LabelSet.fromObject({ alertname: 'Down', instance }),
  annotations: LabelSet.fromObject({ summary: `${instance} is down` }),
  value: 1,
}));

const timings = fc.record({
  forMs: fc.integer({ min: 0, max: 20 }),
  keepFiringForMs: fc.integer({ min: 0, max: 20 }),
  intervalMs: fc.integer({ min: 1, max: 10 }),
  resendDelayMs: fc.integer({ min: 0, max: 30 }),
  limit: fc.constant(0),
});
/** Steps in time and which of the alerts hold; undefined: the evaluation failed. */
const histories = fc.array(
  fc.record({
    after: fc.integer({ min: 1, max: 15 }),
    holding: fc.option(fc.subarray(alerts), { nil: undefined }),
  }),
  { maxLength: 60 },
);

type History = readonly { readonly after: number; readonly holding: readonly ActiveAlert[] | undefined }[];

function replay(
  timing: RuleTiming,
  history: History,
  visit: (sent: readonly Instance[], now: number) => void,
  between?: (instances: Instances) => Instances,
): Instances {
  let instances: Instances = new Map();
  let now = START;
  for (const { after, holding } of history) {
    now += after;
    if (holding !== undefined) {
      const evaluation = evaluateRule(instances, holding, timing, now);
      ({ instances } = evaluation);
      visit(evaluation.due, now);
    }
    instances = between?.(instances) ?? instances;
  }
  return instances;
}

const stored = (instances: Instances): Instances =>
  new Map(
    [...instances].map(([fingerprint, instance]) => {
      const restored = decodeInstance(encodeInstance(instance));
      if (restored === undefined) throw new Error('a stored instance could not be read');
      return [fingerprint, restored];
    }),
  );

describe('the state machine of a rule', () => {
  it('sends no resolve without a firing before it, and no pending alert ever', () => {
    fc.assert(
      fc.property(timings, histories, (timing, history) => {
        const fired = new Set<string>();
        replay(timing, history, (sent) => {
          for (const { labels, state } of sent) {
            expect(state.kind).not.toBe('pending');
            if (state.kind === 'resolved') expect(fired).toContain(labels.fingerprint);
            else fired.add(labels.fingerprint);
          }
        });
      }),
    );
  });

  it('repeats nothing earlier than the resend delay, and nothing that fires ends before the next repeat', () => {
    fc.assert(
      fc.property(timings, histories, (timing, history) => {
        const last = new Map<string, { readonly at: number; readonly what: string }>();
        replay(timing, history, (sent, now) => {
          for (const instance of sent) {
            const { state } = instance;
            const what =
              state.kind === 'resolved'
                ? `resolved ${state.resolvedAt}`
                : `firing ${state.kind === 'pending' ? 0 : state.firedAt}`;
            const before = last.get(instance.labels.fingerprint);
            if (before?.what === what) expect(now - before.at).toBeGreaterThan(timing.resendDelayMs);
            if (state.kind !== 'resolved')
              expect(endOf(instance)).toBeGreaterThan(now + timing.resendDelayMs);
            last.set(instance.labels.fingerprint, { at: now, what });
          }
        });
      }),
    );
  });

  it('fires no earlier than `for` after the alert became active, and resolves no earlier than keep_firing_for after it was gone', () => {
    fc.assert(
      fc.property(timings, histories, (timing, history) => {
        const lastSeen = new Map<string, number>();
        let now = START;
        let instances: Instances = new Map();
        for (const { after, holding } of history) {
          now += after;
          if (holding === undefined) continue;
          ({ instances } = evaluateRule(instances, holding, timing, now));
          for (const { labels } of holding) lastSeen.set(labels.fingerprint, now);
          for (const [fingerprint, { state }] of instances) {
            if (state.kind === 'pending') continue;
            expect(state.firedAt - state.activeAt).toBeGreaterThanOrEqual(timing.forMs);
            if (state.kind === 'resolved') {
              expect(state.resolvedAt - (lastSeen.get(fingerprint) ?? 0)).toBeGreaterThanOrEqual(
                timing.keepFiringForMs,
              );
            }
          }
        }
      }),
    );
  });

  it('goes through the same states when it is stored and restored after every evaluation', () => {
    const statesOf = (instances: Instances): unknown =>
      [...instances].map(([fingerprint, { annotations, labels, state, value }]) => [
        fingerprint,
        annotations.json,
        labels.json,
        state,
        value,
      ]);
    fc.assert(
      fc.property(timings, histories, (timing, history) => {
        const straight = replay(timing, history, () => undefined);
        const restarted = replay(timing, history, () => undefined, stored);
        expect(statesOf(restarted)).toEqual(statesOf(straight));
      }),
    );
  });
});

describe('a stored instance', () => {
  it('comes back with any labels and any value', () => {
    const texts = fc.dictionary(
      fc.string({ unit: 'grapheme', minLength: 1 }),
      fc.string({ unit: 'grapheme' }),
    );
    fc.assert(
      fc.property(texts, texts, fc.double(), (labels, annotations, value) => {
        const instance: Instance = {
          labels: LabelSet.fromObject(labels),
          annotations: LabelSet.fromObject(annotations),
          value,
          state: { kind: 'keeping', activeAt: START, firedAt: START + 1, since: START + 2 },
          lastSentAt: undefined,
          validUntil: 0,
          traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        };
        const restored = decodeInstance(encodeInstance(instance));
        expect(restored?.labels.json).toBe(instance.labels.json);
        expect(restored?.annotations.json).toBe(instance.annotations.json);
        expect(restored?.state).toEqual(instance.state);
        expect(restored?.traceparent).toBe(instance.traceparent);
        // The sign of zero is not worth a byte.
        expect(restored?.value === value || Number.isNaN(value)).toBe(true);
      }),
    );
  });

  it('is refused, never thrown at, when its bytes are anything else', () => {
    const encoder = new TextEncoder();
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => encoder.encode(text)),
        ),
        (bytes) => {
          expect(decodeInstance(bytes)).toBeUndefined();
        },
      ),
    );
    const broken = {
      version: 1,
      state: 'firing',
      activeAt: 1,
      value: '1',
      labels: [],
      annotations: [],
      traceparent: '',
    };
    expect(decodeInstance(encoder.encode(JSON.stringify(broken)))).toBeUndefined();
    expect(decodeInstance(encoder.encode(JSON.stringify({ ...broken, firedAt: 2 })))?.state.kind).toBe(
      'firing',
    );
  });
});
