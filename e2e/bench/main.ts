/**
 * @module e2e/bench
 *
 * `npm run bench`: our alertmanager beside Debian's, both started here, one after the other under the
 * same load. What counts is CPU time of the server process, read from /proc, and the ratio of the two:
 * wall time depends on what else the machine does. `npm run bench -- NAME` runs one of them.
 */
import { Stage } from '../support/processes.ts';
import { closeConnections, type Row, type RowOf } from './bench-stage.ts';
import { benchInhibition } from './inhibition.ts';
import { benchIntake } from './intake.ts';
import { benchLatency } from './latency.ts';
import { benchListing } from './listing.ts';
import { benchNotifications } from './notifications.ts';
import { benchSilences } from './silences.ts';

const BENCHES: Readonly<Record<string, (stage: Stage, row: RowOf) => Promise<void>>> = {
  intake: benchIntake,
  listing: benchListing,
  notifications: benchNotifications,
  silences: benchSilences,
  inhibition: benchInhibition,
  latency: benchLatency,
};

async function main(): Promise<void> {
  const wanted = process.argv.slice(2);
  const rows: Row[] = [];
  const row: RowOf = (what, unit, isRate, goal) => {
    let found = rows.find((each) => each.what === what);
    if (found === undefined)
      rows.push((found = { what, unit, isRate, values: new Map(), ...(goal === undefined ? {} : { goal }) }));
    return found;
  };
  const stage = new Stage();
  try {
    for (const [name, run] of Object.entries(BENCHES))
      if (wanted.length === 0 || wanted.includes(name)) await run(stage, row);
  } finally {
    await stage.end();
    closeConnections();
  }
  console.log('| what | unit | real | tocsin | times better | goal |\n| --- | --- | --- | --- | --- | --- |');
  for (const { what, unit, values, isRate, goal } of rows) {
    const [real = 0, ours = 0] = [values.get('real'), values.get('tocsin')];
    const ratio = isRate ? ours / real : real / ours;
    const shown = (value: number): string => (value >= 100 ? String(Math.round(value)) : value.toFixed(2));
    console.log(
      `| ${what} | ${unit} | ${shown(real)} | ${shown(ours)} | ${ratio.toFixed(2)} | ${goal ?? ''} |`,
    );
  }
}

await main();
