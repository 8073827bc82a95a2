/** Grafana's server-side expressions: recorded, so that the gap is seen. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ConformanceSet } from '../conformance-set.ts';

const WHY =
  'server-side expressions of Grafana rules (reduce, math, threshold, resample) are not built: the data source computes';

export const set: ConformanceSet = {
  area: 'scheduler',
  name: 'expressions',
  run(dir) {
    const { cases } = JSON.parse(readFileSync(join(dir, 'scheduler/expressions.json'), 'utf8')) as {
      readonly cases: readonly { readonly id: string }[];
    };
    return { passed: 0, failed: [], notCovered: cases.map(({ id }) => ({ case: id, why: WHY })) };
  },
};
