/** The one group key in which releases differ: ours is that of the newer ones, sorted by label name. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { groupKey, groupLabels } from '@tocsin/alerting';
import { LabelSet } from '@tocsin/model';
import type { ConformanceSet } from '../conformance-set.ts';

interface Versions {
  readonly labels: Readonly<Record<string, string>>;
  readonly run: Readonly<Record<string, string>>;
}

export const set: ConformanceSet = {
  area: 'gossip',
  name: 'groupkey-versions',
  run: (dir) => {
    const { labels, run } = JSON.parse(
      readFileSync(join(dir, 'gossip/groupkey_versions.json'), 'utf8'),
    ) as Versions;
    const key = groupKey({ key: '{}' }, groupLabels({ groupBy: 'all' }, LabelSet.fromObject(labels)));
    const old = 'Alertmanager/0.25.0';
    const verdicts = Object.entries(run).filter(([version]) => version !== old);
    const failed = verdicts
      .filter(([, wanted]) => wanted !== key)
      .map(([version, wanted]) => ({ case: version, why: `${key}, expected ${wanted}` }));
    const why =
      'releases before 0.28 sort by the whole text of a label; one key can’t suit both, and ours is the newer one';
    return { passed: verdicts.length - failed.length, failed, notCovered: [{ case: old, why }] };
  },
};
