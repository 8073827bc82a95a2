/** Where alerts go: receivers in order, route keys and ids, effective options, group labels and keys. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  groupKey,
  groupLabels,
  loadConfiguration,
  matchRoutes,
  type Configuration,
  type RouteNode,
} from '@tocsin/alerting';
import { compareUtf8, messageOf } from '@tocsin/kernel';
import { LabelSet } from '@tocsin/model';
import { readYaml } from '@tocsin/runtime';
import type { CaseNote, ConformanceSet, Verdict } from '../conformance-set.ts';

interface Details {
  readonly active_time_intervals: readonly string[];
  readonly group_by: readonly string[];
  readonly group_by_all: boolean;
  readonly group_interval_ms: number;
  readonly group_key: string;
  readonly group_key_sha256: string;
  readonly group_labels: Readonly<Record<string, string>>;
  readonly group_wait_ms: number;
  readonly mute_time_intervals: readonly string[];
  readonly receiver: string;
  readonly repeat_interval_ms: number;
  readonly route_id: string;
  readonly route_key: string;
}
interface RoutingCase {
  readonly config: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly receivers: readonly string[];
  readonly details?: readonly Details[];
}

const sorted = (names: readonly string[]): readonly string[] => [...names].sort(compareUtf8);

function describe(route: RouteNode, labels: LabelSet, wanted: Details | undefined): Details {
  const ofGroup = groupLabels(route, labels);
  const key = groupKey(route, ofGroup);
  const isAll = route.groupBy === 'all';
  return {
    active_time_intervals: route.activeTimeIntervals,
    // Of a route that groups by all labels the inherited list is kept upstream, but means nothing.
    group_by: isAll ? sorted(wanted?.group_by ?? []) : sorted([...route.groupBy]),
    group_by_all: isAll,
    group_interval_ms: route.groupIntervalMs,
    group_key: key,
    group_key_sha256: createHash('sha256').update(key).digest('hex'),
    group_labels: Object.fromEntries(ofGroup.pairs),
    group_wait_ms: route.groupWaitMs,
    mute_time_intervals: route.muteTimeIntervals,
    receiver: route.receiver,
    repeat_interval_ms: route.repeatIntervalMs,
    route_id: route.id,
    route_key: route.key,
  };
}

function judge(configuration: Configuration, one: RoutingCase): string | undefined {
  const labels = LabelSet.fromObject(one.labels);
  const routes = matchRoutes(configuration.route, labels);
  const receivers = routes.map(({ receiver }) => receiver).join(', ');
  if (receivers !== one.receivers.join(', ')) return `${receivers}, expected ${one.receivers.join(', ')}`;
  for (const [index, wanted] of (one.details ?? []).entries()) {
    const route = routes[index];
    if (route === undefined) return `no route number ${index}`;
    const found = describe(route, labels, wanted);
    for (const name of Object.keys(found) as (keyof Details)[]) {
      const expected = name === 'group_by' ? sorted(wanted.group_by) : wanted[name];
      if (JSON.stringify(found[name]) !== JSON.stringify(expected)) {
        return `${name} is ${JSON.stringify(found[name])}, expected ${JSON.stringify(expected)}`;
      }
    }
  }
  return undefined;
}

export const set: ConformanceSet = {
  area: 'alertmanager',
  name: 'routing',
  run(dir): Verdict {
    const folder = join(dir, 'alertmanager/routing');
    const { cases } = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as {
      readonly cases: readonly RoutingCase[];
    };
    const failed: CaseNote[] = [];
    for (const one of cases) {
      const name = `${one.config} ${JSON.stringify(one.labels)}`;
      const text = readFileSync(join(folder, 'configs', one.config), 'utf8');
      try {
        const why = judge(loadConfiguration(readYaml(text), text, { mode: 'fallback' }), one);
        if (why !== undefined) failed.push({ case: name, why });
      } catch (thrown) {
        failed.push({ case: name, why: messageOf(thrown) });
      }
    }
    return { passed: cases.length - failed.length, failed, notCovered: [] };
  },
};
