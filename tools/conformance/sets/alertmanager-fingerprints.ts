/** Both hashes of a label set, and the text of it that stands in group keys. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LabelSet } from '@tocsin/model';
import type { CaseNote, ConformanceSet, Verdict } from '../conformance-set.ts';

interface FingerprintCase {
  readonly labels: Readonly<Record<string, string>>;
  readonly fingerprint: string;
  readonly nflog_hash_uint64: string;
  readonly string: string;
}

function judge(one: FingerprintCase): string | undefined {
  const labels = LabelSet.fromObject(one.labels);
  const found = {
    fingerprint: labels.fingerprint,
    hash: BigInt(`0x${labels.hash}`).toString(),
    string: labels.toString(),
  };
  const wanted = { fingerprint: one.fingerprint, hash: one.nflog_hash_uint64, string: one.string };
  return JSON.stringify(found) === JSON.stringify(wanted)
    ? undefined
    : `${JSON.stringify(found)}, expected ${JSON.stringify(wanted)}`;
}

export const set: ConformanceSet = {
  area: 'alertmanager',
  name: 'fingerprints',
  run(dir): Verdict {
    const { cases } = JSON.parse(readFileSync(join(dir, 'alertmanager/fingerprints/index.json'), 'utf8')) as {
      readonly cases: readonly FingerprintCase[];
    };
    const failed: CaseNote[] = [];
    for (const one of cases) {
      const why = judge(one);
      if (why !== undefined) failed.push({ case: JSON.stringify(one.labels), why });
    }
    return { passed: cases.length - failed.length, failed, notCovered: [] };
  },
};
