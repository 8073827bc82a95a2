/** Prints one line a set, what fails, and why what is not covered is not. Exit code 1 when a case fails. */
import type { CaseNote, ConformanceSet, Verdict } from './conformance-set.ts';
import { absentNotice, conformanceDir, isDataThere, loadSets, uncovered } from './sets.ts';

/** Failures of one set that are printed. */
const failuresShownMax = 20;

const areas = process.argv.slice(2);
process.exitCode = isDataThere() ? await runAll() : absent();

function absent(): number {
  console.log(absentNotice);
  return process.env['CI'] === 'true' ? 1 : 0;
}

async function runAll(): Promise<number> {
  const all = await loadSets();
  const wanted = all.filter(
    (set) => areas.length === 0 || areas.includes(set.area) || areas.includes(`${set.area}/${set.name}`),
  );
  if (wanted.length === 0) {
    console.error(
      `no set of ${areas.join(', ')}; there are ${all.map(({ area, name }) => `${area}/${name}`).join(', ')}`,
    );
    return 2;
  }
  const verdicts: (readonly [ConformanceSet, Verdict])[] = [];
  for (const set of wanted) verdicts.push([set, await verdictOf(set)]);
  printTable(verdicts);
  for (const [set, { failed }] of verdicts) printFailures(set, failed);
  printNotCovered(verdicts);
  if (areas.length === 0) printUncovered(all);
  return verdicts.some(([, { failed }]) => failed.length > 0) ? 1 : 0;
}

async function verdictOf(set: ConformanceSet): Promise<Verdict> {
  try {
    return await set.run(conformanceDir);
  } catch (thrown) {
    const why = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    return { passed: 0, failed: [{ case: 'the set itself', why }], notCovered: [] };
  }
}

function printTable(verdicts: readonly (readonly [ConformanceSet, Verdict])[]): void {
  const rows = verdicts.map(
    ([{ area, name }, verdict]) =>
      [`${area}/${name}`, verdict.passed, verdict.failed.length, verdict.notCovered.length] as const,
  );
  const sum = (column: 1 | 2 | 3): number => rows.reduce((total, row) => total + row[column], 0);
  const lines = [
    ['area/set', 'passed', 'failed', 'not covered'] as const,
    ...rows,
    ['all', sum(1), sum(2), sum(3)] as const,
  ];
  for (const [name, ...counts] of lines)
    console.log(name.padEnd(44) + counts.map((count) => String(count).padStart(13)).join(''));
}

function printFailures({ area, name }: ConformanceSet, failed: readonly CaseNote[]): void {
  if (failed.length === 0) return;
  console.log(`\n${area}/${name}: ${failed.length} failed`);
  for (const { case: id, why } of failed.slice(0, failuresShownMax)) console.log(`  ${id}: ${why}`);
  if (failed.length > failuresShownMax) console.log(`  and ${failed.length - failuresShownMax} more`);
}

function printNotCovered(verdicts: readonly (readonly [ConformanceSet, Verdict])[]): void {
  const reasons = new Map<string, number>();
  for (const [{ area, name }, { notCovered }] of verdicts) {
    for (const { why } of notCovered) {
      const key = `${area}/${name}: ${why}`;
      reasons.set(key, (reasons.get(key) ?? 0) + 1);
    }
  }
  if (reasons.size > 0) console.log('\nNot covered');
  for (const [reason, count] of reasons) console.log(`  ${String(count).padStart(4)} × ${reason}`);
}

function printUncovered(all: readonly ConformanceSet[]): void {
  const paths = uncovered(all);
  console.log(
    paths.length === 0 ? '\nEvery data file has its set.' : `\nData without a set: ${paths.join(', ')}`,
  );
}
