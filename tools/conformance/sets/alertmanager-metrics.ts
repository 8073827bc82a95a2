/** The names, types and labels of what upstream exposes, against what is declared here. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { alertmanagerMetrics, recorderMetrics, stateMetrics } from '@tocsin/alertmanager-service';
import { clusterMetrics } from '@tocsin/cluster';
import type { MetricSpec } from '@tocsin/kernel';
import { metricsPageMetrics } from '@tocsin/runtime';
import { dialerMetrics, httpMetrics } from '@tocsin/transport';
import type { CaseNote, ConformanceSet, Verdict } from '../conformance-set.ts';

interface Recorded {
  readonly name: string;
  readonly type: string;
  readonly labels: Readonly<Record<string, unknown>>;
}

/** Labels that only exist with a feature flag, or name what a Go build has and this one has not. */
const OPTIONAL = new Set(['group_key', 'goarch', 'goos', 'tags', 'le', 'quantile', 'receiver_name']);

const WHY: readonly (readonly [RegExp, string])[] = [[/.*/, 'not measured yet']];

export const set: ConformanceSet = {
  area: 'alertmanager',
  name: 'metrics',
  run(dir): Verdict {
    const text = readFileSync(join(dir, 'alertmanager/metrics/metrics.json'), 'utf8');
    const { metrics } = JSON.parse(text) as { readonly metrics: readonly Recorded[] };
    const all: readonly MetricSpec[] = [
      ...Object.values(alertmanagerMetrics),
      ...Object.values(stateMetrics),
      ...Object.values(recorderMetrics),
      ...Object.values(dialerMetrics),
      ...Object.values(clusterMetrics),
      ...Object.values(httpMetrics),
      ...Object.values(metricsPageMetrics),
    ];
    const declared = new Map(all.map((spec) => [spec.name, spec]));
    const failed: CaseNote[] = [];
    const notCovered: CaseNote[] = [];
    for (const wanted of metrics) {
      const found = declared.get(wanted.name);
      const why = found === undefined ? undefined : difference(found, wanted);
      if (found === undefined)
        notCovered.push({ case: wanted.name, why: WHY.find(([name]) => name.test(wanted.name))?.[1] ?? '' });
      else if (why !== undefined) failed.push({ case: wanted.name, why });
    }
    return { passed: metrics.length - failed.length - notCovered.length, failed, notCovered };
  },
};

function difference(found: MetricSpec, wanted: Recorded): string | undefined {
  if (found.type !== wanted.type) return `type ${found.type}, expected ${wanted.type}`;
  const names = new Set(found.labels);
  const missing = Object.keys(wanted.labels).filter((name) => !names.has(name) && !OPTIONAL.has(name));
  const extra = found.labels.filter((name) => !(name in wanted.labels));
  if (missing.length === 0 && extra.length === 0) return undefined;
  return `labels ${found.labels.join(', ')}: missing ${missing.join(', ')}, not upstream's ${extra.join(', ')}`;
}
