/**
 * `POST /api/v2/config/validate`: what a reload would say of a configuration, without reloading. The
 * server's own loader judges; nothing is changed, and no file of this machine is read: what a caller
 * names must not tell him what is in it.
 *
 * Reading YAML takes a second for each megabyte, all of it on the thread that flushes groups. So the text
 * is bounded, one is read at a time, and after each as much time goes to other work as it took.
 */
import type { Configuration, RouteNode } from '@tocsin/alerting';
import {
  AppError,
  bodyText,
  type Clock,
  type HttpRequest,
  type HttpResponse,
  type Meter,
  type Timers,
} from '@tocsin/kernel';
import type { ConfigurationLoader } from '../configuration-loader.ts';
import type { TemplateFile } from '../parts.ts';
import { malformed, Malformed, ok } from './answer.ts';
import { apiMetrics } from './api-metrics.ts';
import { mediaTypeOf } from './negotiation.ts';
import { parseJson } from './post-body.ts';

/** Bytes of the body. A larger file is loaded by the server, but not checked here. */
export const validateBytesMax: number = 256 * 1024;
/** Requests that wait for their turn. */
const WAITING_MAX = 8;

interface Told {
  readonly line?: number;
  readonly column?: number;
  readonly path?: string;
  readonly message: string;
  /** The template that line and column are of. */
  readonly file?: string;
}

export async function validateConfiguration(
  turns: ValidationTurns,
  judge: ConfigurationLoader['judge'],
  request: HttpRequest,
): Promise<HttpResponse> {
  const { length } = request.body;
  if (length > validateBytesMax)
    return malformed(413, 413, `body of ${length} bytes: at most ${validateBytesMax} are checked`);
  const { config, templates } = readBody(request);
  return turns.take(async () => ok(await verdict(judge, config, templates)));
}

function readBody(request: HttpRequest): {
  readonly config: string;
  readonly templates: readonly TemplateFile[];
} {
  const text = bodyText(request);
  if (mediaTypeOf(request) !== 'application/json') return { config: text, templates: [] };
  const body = parseJson('configuration', text);
  const { config, templates = [] } = asObject(body, 'the body');
  if (typeof config !== 'string') throw new Malformed(422, 602, 'config in body is required');
  if (!Array.isArray(templates)) throw new Malformed(422, 601, 'templates in body must be of type array');
  return {
    config,
    templates: templates.map((each: unknown, index) => {
      const { name, text: content } = asObject(each, `templates.${index}`);
      if (typeof name !== 'string')
        throw new Malformed(422, 602, `templates.${index}.name in body is required`);
      if (typeof content !== 'string')
        throw new Malformed(422, 602, `templates.${index}.text in body is required`);
      return { name, text: content };
    }),
  };
}

function asObject(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  throw new Malformed(422, 601, `${what} must be of type object`);
}

async function verdict(
  judge: ConfigurationLoader['judge'],
  text: string,
  templates: readonly TemplateFile[],
): Promise<unknown> {
  try {
    const configuration = await judge(text, { readTemplates: () => Promise.resolve(templates) });
    return {
      valid: true,
      errors: [],
      warnings: configuration.warnings,
      notChecked: notChecked(configuration, templates),
      receivers: configuration.receivers.length,
      integrations: configuration.receivers.reduce((sum, { integrations }) => sum + integrations.length, 0),
      routes: routesIn(configuration.route),
      inhibitRules: configuration.inhibitRules.length,
      timeIntervals: configuration.timeIntervals.length,
    };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { valid: false, errors: errorsOf(error), warnings: [], notChecked: [] };
  }
}

const routesIn = ({ routes }: RouteNode): number => routes.reduce((sum, each) => sum + routesIn(each), 1);

/** One entry a mistake, with its place in the text when it has one. */
function errorsOf({ message, facts }: AppError): readonly Told[] {
  const { mistakes } = facts;
  if (!Array.isArray(mistakes)) return [{ message }];
  return mistakes.map((mistake: string | Told) =>
    typeof mistake === 'string' ? { message: mistake } : mistake,
  );
}

function notChecked({ templates: globs }: Configuration, given: readonly TemplateFile[]): readonly string[] {
  const isWithout = globs.length > 0 && given.length === 0;
  return [
    'files that the configuration names (secrets, certificates, outputs of the event recorder) are not opened',
    'names are not resolved and receivers are not called',
    ...(isWithout
      ? [
          'templates: the files are not read; send their texts as templates in a JSON body to have them checked',
        ]
      : []),
  ];
}

/** One at a time, and never more than half of the time. */
export class ValidationTurns {
  readonly #deps: { readonly clock: Clock; readonly timers: Timers; readonly meter: Meter };
  #queue: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(deps: { readonly clock: Clock; readonly timers: Timers; readonly meter: Meter }) {
    this.#deps = deps;
  }

  /** Rejects with AppError `unavailable` when too many wait already. */
  async take<T>(run: () => Promise<T>): Promise<T> {
    const { clock, timers, meter } = this.#deps;
    if (this.#waiting >= WAITING_MAX) {
      meter.add(apiMetrics.limitReached, 1, { limit: 'validations' });
      throw new AppError('unavailable', `${WAITING_MAX} configurations wait to be checked; try again later`);
    }
    this.#waiting++;
    const turn = this.#queue;
    let release = (): void => undefined;
    this.#queue = new Promise((resolve) => (release = resolve));
    await turn;
    const startedAt = clock.mono();
    try {
      return await run();
    } finally {
      this.#waiting--;
      timers.after(clock.mono() - startedAt, release);
    }
  }
}
