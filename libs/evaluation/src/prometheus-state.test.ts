import { LabelSet } from '@tocsin/model';
import { describe, expect, it } from 'vitest';
import type { ActiveAlert } from './expand.ts';
import {
  alertStateOf,
  endOf,
  evaluateRule,
  isDueAt,
  RESOLVED_RETENTION_MS,
  stepInstance,
  type Instance,
  type Instances,
  type InstanceState,
  type RuleTiming,
} from './prometheus-state.ts';

const at = 1_795_341_600_000;
const MINUTE = 60_000;
const timing: RuleTiming = {
  forMs: 5 * MINUTE,
  keepFiringForMs: 3 * MINUTE,
  intervalMs: MINUTE,
  resendDelayMs: MINUTE,
  limit: 0,
};

type Kind = InstanceState['kind'] | 'none';
type Situation =
  | 'seen'
  | 'seen, for is over'
  | 'seen, for was raised'
  | 'gone'
  | 'gone, patience is over'
  | 'gone, for was raised';

const states: Record<Kind, InstanceState | undefined> = {
  none: undefined,
  pending: { kind: 'pending', activeAt: at - 5 * MINUTE },
  firing: { kind: 'firing', activeAt: at - 9 * MINUTE, firedAt: at - 4 * MINUTE },
  keeping: { kind: 'keeping', activeAt: at - 9 * MINUTE, firedAt: at - 4 * MINUTE, since: at - 3 * MINUTE },
  resolved: {
    kind: 'resolved',
    activeAt: at - 90 * MINUTE,
    firedAt: at - 85 * MINUTE,
    resolvedAt: at - RESOLVED_RETENTION_MS - 1,
  },
};

const situations: Record<
  Situation,
  { readonly isSeen: boolean; readonly forMs: number; readonly keepFiringForMs: number; readonly now: number }
> = {
  seen: { isSeen: true, forMs: 5 * MINUTE, keepFiringForMs: 3 * MINUTE, now: at - 1 },
  'seen, for is over': { isSeen: true, forMs: 5 * MINUTE, keepFiringForMs: 3 * MINUTE, now: at },
  'seen, for was raised': { isSeen: true, forMs: 60 * MINUTE, keepFiringForMs: 3 * MINUTE, now: at },
  gone: { isSeen: false, forMs: 5 * MINUTE, keepFiringForMs: 3 * MINUTE, now: at - 1 },
  'gone, patience is over': { isSeen: false, forMs: 5 * MINUTE, keepFiringForMs: 0, now: at },
  'gone, for was raised': { isSeen: false, forMs: 60 * MINUTE, keepFiringForMs: 4 * MINUTE, now: at },
};

/** Every state crossed with every situation: no cell can be forgotten. */
const table: Record<Kind, Record<Situation, Kind>> = {
  none: {
    seen: 'pending',
    'seen, for is over': 'pending',
    'seen, for was raised': 'pending',
    gone: 'none',
    'gone, patience is over': 'none',
    'gone, for was raised': 'none',
  },
  pending: {
    seen: 'pending',
    'seen, for is over': 'firing',
    'seen, for was raised': 'pending',
    gone: 'none',
    'gone, patience is over': 'none',
    'gone, for was raised': 'none',
  },
  firing: {
    seen: 'firing',
    'seen, for is over': 'firing',
    'seen, for was raised': 'pending',
    gone: 'keeping',
    'gone, patience is over': 'resolved',
    'gone, for was raised': 'pending',
  },
  keeping: {
    seen: 'firing',
    'seen, for is over': 'firing',
    'seen, for was raised': 'pending',
    gone: 'keeping',
    'gone, patience is over': 'resolved',
    'gone, for was raised': 'pending',
  },
  resolved: {
    seen: 'pending',
    'seen, for is over': 'pending',
    'seen, for was raised': 'pending',
    gone: 'resolved',
    'gone, patience is over': 'none',
    'gone, for was raised': 'none',
  },
};

describe('stepInstance', () => {
  for (const [kind, row] of Object.entries(table) as [Kind, Record<Situation, Kind>][]) {
    for (const [situation, expected] of Object.entries(row) as [Situation, Kind][]) {
      it(`goes from ${kind} to ${expected} when the condition is ${situation}`, () => {
        const { isSeen, now, ...rest } = situations[situation];
        expect(stepInstance(states[kind], isSeen, rest, now)?.kind ?? 'none').toBe(expected);
      });
    }
  }

  it('fires at once, without a pending step, when `for` is 0', () => {
    const fired = { kind: 'firing', activeAt: at, firedAt: at };
    expect(stepInstance(undefined, true, { forMs: 0, keepFiringForMs: 0 }, at)).toEqual(fired);
    expect(stepInstance(states.resolved, true, { forMs: 0, keepFiringForMs: 0 }, at)).toEqual(fired);
  });

  it('keeps the time since which the condition is gone until it comes back', () => {
    const gone = stepInstance(states.firing, false, timing, at);
    expect(stepInstance(gone, false, timing, at + MINUTE)).toBe(gone);
    const back = stepInstance(gone, true, timing, at + MINUTE);
    expect(stepInstance(back, false, timing, at + 2 * MINUTE)).toMatchObject({
      kind: 'keeping',
      since: at + 2 * MINUTE,
    });
  });
});

const alertOf = (instance: string, over: Partial<ActiveAlert> = {}): ActiveAlert => ({
  labels: LabelSet.fromObject({ alertname: 'Down', instance }),
  annotations: LabelSet.empty,
  value: 1,
  ...over,
});
const instantly: RuleTiming = { ...timing, forMs: 0, keepFiringForMs: 0 };
const only = (instances: Iterable<Instance>): Instance => {
  const all = [...instances];
  if (all.length !== 1 || all[0] === undefined) throw new Error(`expected one instance, found ${all.length}`);
  return all[0];
};

describe('evaluateRule', () => {
  it('refuses samples that end with equal labels, and changes nothing', () => {
    const before = evaluateRule(new Map(), [alertOf('a')], instantly, at).instances;
    const { changes, due, error, instances } = evaluateRule(
      before,
      [alertOf('b'), alertOf('b')],
      instantly,
      at + MINUTE,
    );
    expect(error).toBe('vector contains metrics with the same labelset after applying alert labels');
    expect(instances).toBe(before);
    expect([due, changes]).toEqual([[], []]);
  });

  it('drops all alerts without a resolve when the limit is exceeded, pending ones counted', () => {
    const before = evaluateRule(new Map(), [alertOf('a')], instantly, at).instances;
    const limited = { ...timing, limit: 1 };
    const { changes, due, error, instances } = evaluateRule(
      before,
      [alertOf('a'), alertOf('b')],
      limited,
      at + MINUTE,
    );
    expect(error).toBe('exceeded limit of 1 with 2 alerts');
    expect([instances.size, due]).toEqual([0, []]);
    expect(changes.map(({ after, before: was }) => [was?.state.kind, after])).toEqual([
      ['firing', undefined],
    ]);
    expect(
      evaluateRule(before, [alertOf('a'), alertOf('b')], { ...limited, limit: -1 }, at + MINUTE).error,
    ).toBeUndefined();
  });

  it('does not count resolved alerts against the limit', () => {
    const limited = { ...instantly, limit: 1 };
    const before = evaluateRule(new Map(), [alertOf('a')], limited, at).instances;
    const { error, instances } = evaluateRule(before, [alertOf('b')], limited, at + MINUTE);
    expect(error).toBeUndefined();
    expect([...instances.values()].map(({ state }) => state.kind)).toEqual(['resolved', 'firing']);
  });

  it('refreshes value and annotations without calling it a change, and keeps the trace of the change', () => {
    const before = evaluateRule(new Map(), [alertOf('a')], timing, at, 'trace-1').instances;
    const note = LabelSet.fromObject({ summary: 'now 2' });
    const { changes, instances } = evaluateRule(
      before,
      [alertOf('a', { annotations: note, value: 2 })],
      timing,
      at + MINUTE,
      'trace-2',
    );
    expect(changes).toEqual([]);
    expect(only(instances.values())).toMatchObject({ annotations: note, value: 2, traceparent: 'trace-1' });
  });

  it('takes NaN and 0 for active alerts', () => {
    const { due } = evaluateRule(
      new Map(),
      [alertOf('a', { value: Number.NaN }), alertOf('b', { value: 0 })],
      instantly,
      at,
    );
    expect(due).toHaveLength(2);
  });

  it('sends again only when strictly more than the resend delay has passed, with an end four delays ahead', () => {
    let instances: Instances = new Map();
    const sent: number[] = [];
    for (let now = at; now <= at + 5 * MINUTE; now += 30_000) {
      const evaluation = evaluateRule(instances, [alertOf('a')], { ...instantly, intervalMs: 30_000 }, now);
      ({ instances } = evaluation);
      for (const each of evaluation.due) {
        sent.push(now - at);
        expect(endOf(each)).toBe(now + 4 * MINUTE);
      }
    }
    expect(sent).toEqual([0, 90_000, 180_000, 270_000]);
  });

  it('sends the resolve at once, and again for 15 minutes with the same end', () => {
    let { instances } = evaluateRule(new Map(), [alertOf('a')], instantly, at);
    const ends = new Set<number>();
    let last = 0;
    for (let now = at + MINUTE; now <= at + 20 * MINUTE; now += MINUTE) {
      const evaluation = evaluateRule(instances, [], instantly, now);
      ({ instances } = evaluation);
      for (const each of evaluation.due) {
        ends.add(endOf(each));
        last = now;
      }
    }
    expect([...ends]).toEqual([at + MINUTE]);
    expect(last).toBe(at + 15 * MINUTE);
    expect(instances.size).toBe(0);
  });

  it('forgets what was sent when the alert starts over, so that a new fire is sent at once', () => {
    let { instances } = evaluateRule(new Map(), [alertOf('a')], instantly, at);
    ({ instances } = evaluateRule(instances, [], instantly, at + 1_000));
    const { due } = evaluateRule(instances, [alertOf('a')], instantly, at + 2_000);
    expect(only(due).state).toEqual({ kind: 'firing', activeAt: at + 2_000, firedAt: at + 2_000 });
  });
});

describe('isDueAt', () => {
  it('never sends what is pending, and always what was never sent', () => {
    expect(isDueAt({ kind: 'pending', activeAt: 0 }, undefined, 0, at)).toBe(false);
    expect(isDueAt({ kind: 'firing', activeAt: 0, firedAt: 0 }, undefined, MINUTE, at)).toBe(true);
  });
});

describe('alertStateOf', () => {
  it('shows people three states', () => {
    const shown = Object.values(states).map((state) => alertStateOf(state));
    expect(shown).toEqual(['inactive', 'pending', 'firing', 'firing', 'inactive']);
  });
});
