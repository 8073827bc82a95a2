/**
 * Configuration files and what amtool says of them, in the three modes. A message that quotes a YAML
 * decoder's types need not be repeated; every other one must be among ours.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfiguration, type Configuration } from '@tocsin/alerting';
import { AppError, type Mistake } from '@tocsin/kernel';
import type { MatcherMode } from '@tocsin/model';
import { readYaml } from '@tocsin/runtime';
import type { CaseNote, ConformanceSet, Verdict } from '../conformance-set.ts';

interface Judgement {
  readonly valid: boolean;
  readonly message: string | null;
}
interface ConfigCase extends Judgement {
  readonly file: string;
  readonly warnings: readonly string[];
  readonly found: Readonly<Record<string, number>> | null;
  readonly utf8_strict: Judgement;
  readonly classic: Judgement;
  readonly in_0_34?: Judgement;
}

interface Outcome {
  readonly configuration?: Configuration;
  readonly messages: readonly string[];
}

function load(text: string, mode: MatcherMode): Outcome {
  try {
    return { configuration: loadConfiguration(readYaml(text), text, { mode }), messages: [] };
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.code !== 'invalid') throw thrown;
    const mistakes = (thrown.facts['mistakes'] ?? []) as readonly Mistake[];
    return { messages: mistakes.map(({ message }) => message) };
  }
}

const NOT_BUILT = /uses (\w+)_configs, and this version delivers by/;

/** Undefined: as expected. */
function compare(outcome: Outcome, wanted: Judgement): string | undefined {
  const isValid = outcome.configuration !== undefined;
  const found = isValid ? 'valid' : outcome.messages.join('; ');
  if (isValid !== wanted.valid) return `${found}, expected ${wanted.valid ? 'valid' : wanted.message}`;
  if (wanted.message === null || wanted.message.startsWith('yaml: ')) return undefined;
  // An integration that is not built is refused before its own settings are looked at.
  const isKnown = outcome.messages.some((message) => message === wanted.message || NOT_BUILT.test(message));
  return isKnown ? undefined : `${found}, expected ${wanted.message}`;
}

function compareCounts({ configuration }: Outcome, one: ConfigCase): string | undefined {
  if (configuration === undefined || one.found === null) return undefined;
  const counts = {
    'inhibit rules': configuration.inhibitRules.length,
    receivers: configuration.receivers.length,
    templates: configuration.templates.length,
  };
  const wrong = Object.entries(counts).find(([name, count]) => (one.found?.[name] ?? 0) !== count);
  return wrong === undefined ? undefined : `${wrong[1]} ${wrong[0]}, expected ${one.found[wrong[0]] ?? 0}`;
}

const WARNINGS: Readonly<Record<string, RegExp>> = {
  disagreement: /to the classic parser, which decides/,
  'fallback-to-classic': /can only be read by the classic parser/,
};

function compareWarnings({ configuration }: Outcome, one: ConfigCase): string | undefined {
  if (configuration === undefined) return undefined;
  for (const [kind, text] of Object.entries(WARNINGS)) {
    const isGiven = configuration.warnings.some((warning) => text.test(warning));
    if (isGiven !== one.warnings.includes(kind)) return `warning ${kind} is ${isGiven ? 'given' : 'missing'}`;
  }
  return undefined;
}

export const set: ConformanceSet = {
  area: 'alertmanager',
  name: 'configs',
  run(dir): Verdict {
    const folder = join(dir, 'alertmanager/configs');
    const { cases } = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as {
      readonly cases: readonly ConfigCase[];
    };
    const failed: CaseNote[] = [];
    const notCovered: CaseNote[] = [];
    let passed = 0;
    for (const one of cases) {
      const text = readFileSync(join(folder, one.file), 'utf8');
      const fallback = load(text, 'fallback');
      const wanted = one.in_0_34 ?? one;
      const notBuilt = fallback.messages
        .map((message) => NOT_BUILT.exec(message)?.[1])
        .find((name) => name !== undefined);
      if (wanted.valid && notBuilt !== undefined) {
        notCovered.push({ case: one.file, why: `the integration ${notBuilt} is not built yet` });
        continue;
      }
      const why =
        compare(fallback, wanted) ??
        compareCounts(fallback, one) ??
        compareWarnings(fallback, one) ??
        // The verdict of the newer version was taken in the default mode only.
        (one.in_0_34 === undefined
          ? (compare(load(text, 'utf8'), one.utf8_strict) ?? compare(load(text, 'classic'), one.classic))
          : undefined);
      if (why === undefined) passed++;
      else failed.push({ case: one.file, why });
    }
    return { passed, failed, notCovered };
  },
};
