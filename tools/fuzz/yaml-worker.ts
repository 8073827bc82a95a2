/**
 * The YAML target in a process of its own: a parser that overflows the stack inside the engine ends the
 * process, past any try. Prints each seed before it is tried, and the tally as the last line.
 */
import { Maker } from './maker.ts';
import { fuzz } from './target.ts';
import { yamlTarget } from './yaml-target.ts';

const [seed = '1', runs = '0', seconds = '0'] = process.argv.slice(2);
const end = Date.now() + Number(seconds) * 1000;
const tally = await fuzz(
  yamlTarget,
  seed,
  (each) => {
    process.stdout.write(`${each}\n`);
    return new Maker(each);
  },
  (done) => done >= Number(runs) && Date.now() >= end,
);
process.stdout.write(`${JSON.stringify(tally)}\n`);
