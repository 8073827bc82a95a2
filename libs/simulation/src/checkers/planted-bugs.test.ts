/** A checker that has never been red proves nothing: each is shown a bug that was planted for it. */
import { expect, it } from 'vitest';
import { run, runTwice, type Scenario } from '../run.ts';
import { alone, calm } from '../scenarios/scenarios.ts';
import type { Sabotage } from '../world/sabotage.ts';
import type { Claim } from './checker.ts';

async function reddened(
  scenario: Scenario,
  sabotage: Sabotage,
  seeds: readonly number[],
): Promise<Set<Claim>> {
  const claims = new Set<Claim>();
  for (const seed of seeds) {
    const { violations } = await run(scenario, seed, { sabotage });
    for (const { claim } of violations) claims.add(claim);
  }
  return claims;
}

it('C1 turns red when notifications are lost', async () => {
  expect(await reddened(calm, 'lost-notifications', [1])).toContain('C1');
});
it('C2 turns red when entries of peers are not merged', async () => {
  expect(await reddened(calm, 'log-without-merge', [1, 2, 3])).toContain('C2');
});
it('C3 turns red when a replica sends twice', async () => {
  expect(await reddened(calm, 'sent-twice', [1])).toContain('C3');
});
it('C4 turns red when nothing is gossiped', async () => {
  expect(await reddened(calm, 'mute-gossip', [1])).toContain('C4');
});
it('C5 turns red when silences of peers are ignored', async () => {
  expect(await reddened(calm, 'deaf-to-silences', [1, 2, 3, 4, 5, 6])).toContain('C5');
});
it('C6 turns red when nothing survives a kill', async () => {
  expect(await reddened(alone, 'amnesia', [1, 2, 3, 4])).toContain('C6');
});
it('C7 turns red when a limit is reached', async () => {
  expect(await reddened(calm, 'overflow', [1])).toContain('C7');
});
it('C8 turns red when chance comes from outside', async () => {
  const { violations } = await runTwice(calm, 1, { sabotage: 'real-chance' });
  expect(violations.map(({ claim }) => claim)).toContain('C8');
});
