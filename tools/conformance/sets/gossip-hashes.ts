/** Both hashes of alerts and the keys of groups, as the original packages gave them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { groupKey } from '@tocsin/alerting';
import { compareMatchers, createMatcher, formatMatchers, LabelSet, type MatchType } from '@tocsin/model';
import type { CaseNote, ConformanceSet } from '../conformance-set.ts';

interface Hashes {
  readonly hashes: readonly {
    readonly canonical_hex: string;
    readonly fingerprint: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly labelset_string: string;
    readonly nflog_hash: string;
  }[];
  readonly group_keys: readonly {
    readonly route_matchers_root_to_leaf: readonly (readonly (readonly [string, MatchType, string])[])[];
    readonly group_labels: Readonly<Record<string, string>>;
    readonly group_key: string;
  }[];
}

export const set: ConformanceSet = {
  area: 'gossip',
  name: 'hashes',
  run: (dir) => {
    const { hashes, group_keys: keys } = JSON.parse(
      readFileSync(join(dir, 'gossip/hashes.json'), 'utf8'),
    ) as Hashes;
    const failed: CaseNote[] = [];
    const check = (name: string, found: unknown, wanted: unknown): void => {
      const [is, shouldBe] = [JSON.stringify(found), JSON.stringify(wanted)];
      if (is !== shouldBe) failed.push({ case: name, why: `${is}, expected ${shouldBe}` });
    };
    for (const one of hashes) {
      const labels = LabelSet.fromObject(one.labels);
      check(
        one.labelset_string,
        [labels.fingerprint, BigInt(`0x${labels.hash}`).toString(), labels.toString()],
        [one.fingerprint, one.nflog_hash, one.labelset_string],
      );
    }
    for (const one of keys) {
      const path = one.route_matchers_root_to_leaf.map((matchers) =>
        formatMatchers(
          matchers.map(([name, type, value]) => createMatcher(name, type, value)).sort(compareMatchers),
        ),
      );
      check(
        one.group_key,
        groupKey({ key: path.join('/') }, LabelSet.fromObject(one.group_labels)),
        one.group_key,
      );
    }
    return { passed: hashes.length + keys.length - failed.length, failed, notCovered: [] };
  },
};
