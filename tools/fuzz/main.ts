/** npm run fuzz -- [--seconds N] [--seed S]: every decoder in turn, until the time is over. A finding ends with status 1. */
import { parseArgs } from 'node:util';
import { HttpTarget } from './http-target.ts';
import { Maker } from './maker.ts';
import { fuzz, type Tally } from './target.ts';
import { matcherTarget, queryTarget, settingsOf, settingsTarget } from './text-targets.ts';
import { wireTarget } from './wire-target.ts';
import { fuzzYaml } from './yaml-process.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now()) },
  },
});
const { seed } = values;
const targets = [
  new HttpTarget(),
  matcherTarget,
  queryTarget,
  ...(await Promise.all(
    ['alertmanager', 'scheduler', 'receivers'].map(async (app) => settingsTarget(await settingsOf(app))),
  )),
  wireTarget,
];
// HTTP has the most behind it.
const shares = new Map([['http', 5]]);
const all = targets.reduce((sum, { name }) => sum + (shares.get(name) ?? 1), 2);
const secondsOf = (share: number): number => (Number(values.seconds) * share) / all;

console.log(`seed ${seed}, ${values.seconds} s`);
const tallies: Tally[] = [];
for (const target of targets) {
  const end = Date.now() + secondsOf(shares.get(target.name) ?? 1) * 1000;
  tallies.push(
    await fuzz(
      target,
      seed,
      (each) => new Maker(each),
      () => Date.now() >= end,
    ),
  );
}
tallies.push(await fuzzYaml(seed, 0, secondsOf(2)));
for (const { target, accepted, refused, findings } of tallies) {
  console.log(`${target}: ${accepted} accepted, ${refused} refused, ${findings.length} findings`);
  for (const finding of findings) console.log(`\n${finding}\n`);
}
const { heapUsed } = process.memoryUsage();
console.log(`heap at the end: ${Math.round(heapUsed / 1024 / 1024)} MiB`);
process.exit(tallies.some(({ findings }) => findings.length > 0) ? 1 : 0);
