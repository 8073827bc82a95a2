/** Numbers that the original functions gave for the sizes and intervals in the file. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pushPullScale, retransmitLimit, suspicionBounds, suspicionTimeout } from '@tocsin/cluster/testing';
import type { CaseNote, ConformanceSet } from '../conformance-set.ts';

const set: ConformanceSet = {
  area: 'gossip',
  name: 'formulas',
  run: (dir) => {
    const file = readFileSync(join(dir, 'gossip', 'formulas.json'), 'utf8');
    const { lines } = JSON.parse(file) as { readonly lines: readonly string[] };
    const failed: CaseNote[] = [];
    const notCovered: CaseNote[] = [];
    for (const line of lines) {
      const checks = checksOf(line);
      if (checks.length === 0)
        notCovered.push({ case: line, why: 'the line is of a kind that is not understood' });
      for (const { actual, expected } of checks)
        if (actual !== expected) failed.push({ case: line, why: `${actual} instead of ${expected}` });
    }
    return { passed: lines.length - failed.length - notCovered.length, failed, notCovered };
  },
};
export default set;

interface Check {
  readonly actual: number;
  readonly expected: number;
}

/** Go's duration text, of minutes and seconds. */
function milliseconds(text: string): number {
  const [, minutes = '0', seconds = '0'] = /^(?:(\d+)m)?(?:([\d.]+)s)?$/.exec(text) ?? [];
  return Math.round(Number(minutes) * 60_000 + Number(seconds) * 1000);
}

function checksOf(line: string): readonly Check[] {
  const limits = /^retransmitLimit mult=3 n=(\d+) -> (\d+) ; mult=4 -> (\d+)$/.exec(line);
  if (limits !== null)
    return [3, 4].map((multiplier, index) => ({
      actual: retransmitLimit(multiplier, Number(limits[1])),
      expected: Number(limits[index + 2]),
    }));
  const scale = /^retransmit mult3 n=(\d+) -> (\d+) ; pushPullScale 60s -> (\S+)$/.exec(line);
  if (scale !== null)
    return [
      { actual: retransmitLimit(3, Number(scale[1])), expected: Number(scale[2]) },
      { actual: pushPullScale(60_000, Number(scale[1])), expected: milliseconds(scale[3] ?? '') },
    ];
  const timeout = /^suspicionTimeout mult=4 n=(\d+) interval=1s -> (\S+)$/.exec(line);
  if (timeout !== null)
    return [
      { actual: suspicionBounds(Number(timeout[1]), 1000).minMs, expected: milliseconds(timeout[2] ?? '') },
    ];
  const remaining = /^remainingSuspicionTime n=(\d+) k=2 elapsed=0 min=4s max=24s -> (\S+)$/.exec(line);
  if (remaining !== null) {
    const bounds = { confirmations: 2, minMs: 4000, maxMs: 24_000 };
    return [
      { actual: suspicionTimeout(bounds, Number(remaining[1])), expected: milliseconds(remaining[2] ?? '') },
    ];
  }
  return [];
}
