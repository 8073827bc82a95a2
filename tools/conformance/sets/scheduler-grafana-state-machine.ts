/** Grafana's alert state machine: recorded, so that the gap is seen. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConformanceSet } from '../conformance-set.ts';

const WHY =
  'rules of the Grafana kind (NoData, Error, Recovering states) are not built: the scheduler runs Prometheus rules';

export const set: ConformanceSet = {
  area: 'scheduler',
  name: 'grafana-state-machine',
  run(dir) {
    const { cases } = JSON.parse(readFileSync(join(dir, 'scheduler/grafana-state-machine.json'), 'utf8')) as {
      readonly cases: readonly { readonly id: string }[];
    };
    return { passed: 0, failed: [], notCovered: cases.map(({ id }) => ({ case: id, why: WHY })) };
  },
};
