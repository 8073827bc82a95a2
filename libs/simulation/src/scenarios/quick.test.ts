/** A few seeds of each scenario on every run of the tests; `npm run sim` takes as many as one likes. */
import { describe, expect, it } from 'vitest';
import { run, runTwice } from '../run.ts';
import { scenarios } from './scenarios.ts';

const SEEDS = 3;

describe.each(scenarios.map((scenario) => [scenario.name, scenario] as const))('%s', (_, scenario) => {
  it(`keeps every promise although ${scenario.about}`, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { violations, replay, notifications } = await run(scenario, seed);
      expect(violations, replay).toEqual([]);
      expect(notifications, replay).toBeGreaterThan(0);
    }
  }, 60_000);
});

it('the same seed gives the same trace, whatever goes wrong in it', async () => {
  const crash = scenarios.find(({ name }) => name === 'crash');
  if (crash === undefined) throw new Error('there is no scenario crash');
  expect((await runTwice(crash, 5)).violations).toEqual([]);
}, 60_000);

it('the real clock and real chance are out of reach while a world runs', async () => {
  const { withoutRealWorld } = await import('../world/real-world.ts');
  await withoutRealWorld(() => {
    for (const reach of [() => Date.now(), () => Math.random(), () => setTimeout(() => undefined, 0)])
      expect(reach).toThrow(/use the seam/);
    return Promise.resolve();
  });
  expect(Date.now()).toBeGreaterThan(0);
});
