/** Every set of the recorded data as one test. */
import { describe, expect, it } from 'vitest';
import { absentNotice, conformanceDir, isDataThere, loadSets } from './sets.ts';

const isThere = isDataThere();
if (!isThere) console.log(absentNotice);
const sets = await loadSets();

describe('conformance', () => {
  it('has its data at hand in CI', () => {
    if (process.env['CI'] === 'true') expect(isThere, absentNotice).toBe(true);
  });

  it('has sets of different names', () => {
    const names = sets.map(({ area, name }) => `${area}/${name}`);
    expect(names).toEqual([...new Set(names)]);
  });

  it.skipIf(!isThere).each(sets.map((set) => [`${set.area}/${set.name}`, set] as const))(
    '%s agrees with the real programs',
    async (_name, set) => {
      const { passed, failed, notCovered } = await set.run(conformanceDir);
      expect(failed).toEqual([]);
      expect(passed + notCovered.length).toBeGreaterThan(0);
    },
  );
});
