/** What a fuzz target is. */
import type { Maker } from './maker.ts';

/** Whether the input was taken; either is right. */
export type Outcome = 'accepted' | 'refused';

export interface FuzzTarget {
  readonly name: string;
  /** Makes one input and hands it over. Throws Finding for what must never happen. */
  run(maker: Maker): Promise<Outcome> | Outcome;
}

export class Finding extends Error {
  override readonly name = 'Finding';

  constructor(what: string, input: unknown, cause?: unknown) {
    const shown = typeof input === 'string' ? input : JSON.stringify(input);
    const why = cause instanceof Error ? `\n${cause.stack ?? cause.message}` : '';
    super(`${what}\n${shown.length > 2_000 ? `${shown.slice(0, 2_000)}… (${shown.length})` : shown}${why}`);
  }
}

export interface Tally {
  readonly target: string;
  readonly accepted: number;
  readonly refused: number;
  readonly findings: readonly string[];
}

const FINDINGS_MAX = 5;

/** Runs a target until `isEnough`, from inputs `seed/0`, `seed/1`, … */
export async function fuzz(
  target: FuzzTarget,
  seed: string,
  newMaker: (seed: string) => Maker,
  isEnough: (runs: number) => boolean,
): Promise<Tally> {
  const counts = { accepted: 0, refused: 0 };
  const findings: string[] = [];
  for (let run = 0; !isEnough(run) && findings.length < FINDINGS_MAX; run++) {
    try {
      counts[await target.run(newMaker(`${seed}/${run}`))]++;
    } catch (error) {
      findings.push(
        `${target.name}, seed ${seed}/${run}: ${error instanceof Error ? `${error.message}${error.name === 'Finding' ? '' : `\n${error.stack ?? ''}`}` : String(error)}`,
      );
    }
  }
  return { target: target.name, ...counts, findings };
}
