/** C7: no limit was reached, no queue grew, although nothing but the workload came in. */
import { groupCommitMetrics, type MetricSpec } from '@tocsin/kernel';
import { alertmanagerMetrics } from '@tocsin/alertmanager-service';
import { clusterMetrics } from '@tocsin/cluster';
import type { CaptureMeter } from '@tocsin/kernel/testing';
import type { Checker, Violation } from './checker.ts';

const KINDS = ['nflog', 'silence', 'alert', 'group'] as const;
/** Everything that was queued has long been written when a run ends. */
const QUEUED_ROWS_MAX = 50;

export const bounded: Checker = ({ universe, lengthMs }) =>
  universe.alertmanagers.flatMap(({ name, meter, state }) => {
    if (state === 'down') return [];
    meter.collect();
    return [...measured(meter)]
      .filter(({ value, max }) => value > max)
      .map(({ what, value, max }): Violation => ({
        claim: 'C7',
        at: lengthMs,
        what: `${name}: ${what} is ${value}, expected at most ${max}`,
      }));
  });

interface Measured {
  readonly what: string;
  readonly value: number;
  readonly max: number;
}

function* measured(meter: CaptureMeter): Iterable<Measured> {
  const read = (spec: Pick<MetricSpec, 'name'>, max: number, labels?: Record<string, string>): Measured => ({
    what: spec.name,
    value: meter.value(spec, labels),
    max,
  });
  yield read(alertmanagerMetrics.groupLimit, 0);
  yield read(clusterMetrics.unacknowledgedDropped, 0);
  for (const kind of KINDS) {
    yield read(groupCommitMetrics.limitReached, 0, { kind });
    yield read(groupCommitMetrics.queueLength, QUEUED_ROWS_MAX, { kind });
  }
}
