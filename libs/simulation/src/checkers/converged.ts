/** C4: after everything healed all replicas hold the same log and silences, byte for byte. */
import type { StateKind } from '@tocsin/kernel';
import type { Checker, Violation } from './checker.ts';

export const converged: Checker = async ({ universe, lengthMs }) => {
  const nowMs = universe.world.clock.wall();
  const violations: Violation[] = [];
  for (const kind of ['nflog', 'silence'] as const satisfies readonly StateKind[]) {
    const held = await Promise.all(
      universe.alertmanagers.map(async ({ name, disk }) => ({
        name,
        rows: new Map(
          (await disk.rows.load(kind, nowMs)).map((row) => [
            row.key,
            `${row.seconds}.${row.nanos} ${row.bytes.join(' ')}`,
          ]),
        ),
      })),
    );
    const keys = new Set(held.flatMap(({ rows }) => [...rows.keys()]));
    for (const key of keys) {
      const versions = new Map(held.map(({ name, rows }) => [name, rows.get(key) ?? 'absent']));
      if (new Set(versions.values()).size === 1) continue;
      const shown = [...versions].map(([name, version]) => `${name}: ${version.split(' ')[0] ?? ''}`);
      violations.push({ claim: 'C4', at: lengthMs, what: `${kind} ${key} differs (${shown.join(', ')})` });
    }
  }
  return violations;
};
