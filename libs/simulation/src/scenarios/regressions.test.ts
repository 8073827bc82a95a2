/** Seeds that once were red, each with the mistake it found. A seed is added with the fix. */
import { expect, it } from 'vitest';
import { run } from '../run.ts';
import { scenarios } from './scenarios.ts';

it.each([
  ['codecs', 3, 'a group that was emptied lived on at the replicas that still waited, and rhythms parted'],
  ['crash', 107, 'what was silenced during the wait for a turn was logged as resolved, and told again later'],
  ['loss', 112, 'the same, with packets lost'],
  ['embedded', 20, 'an alert that fired again was told at once by a replica whose flush was older'],
  ['pause', 230, 'a resolve that was sent again during the flush kept its group alive'],
  ['receivers-crash', 256, 'an alert that joined the group during the wait was called resolved'],
  ['skew', 213, 'a replica whose clock was a little behind did not believe a resolve'],
  [
    'alone',
    220,
    'after a restart a group was told twice, for its overdue tick and for the one before the gate',
  ],
] as const)('%s seed %i keeps every promise: %s', async (name, seed, _why) => {
  const scenario = scenarios.find((each) => each.name === name);
  if (scenario === undefined) throw new Error(`there is no scenario ${name}`);
  const { violations, replay } = await run(scenario, seed);
  expect(violations, replay).toEqual([]);
});
