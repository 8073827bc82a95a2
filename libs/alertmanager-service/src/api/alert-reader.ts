/**
 * @module alertmanager-service/api/alert-reader
 *
 * Reading of `POST /api/v2/alerts`, quickly. Senders repeat the same alerts every minute with another
 * end, in the compact JSON that Go writes. So an alert's objects and strings are cut out of the text
 * as they stand and looked up by the text of its labels: what is there already is neither parsed,
 * checked nor hashed again.
 *
 * Anything this reader does not expect (white space, escapes, an unknown or repeated field, a mistake)
 * makes it give up, and the whole body goes through `readAlerts`, which says what is wrong. It never
 * accepts what that one refuses: a piece of text is only believed after `JSON.parse` and the very same
 * checks took it once, and JSON that starts with a complete value can't mean another one.
 */
import { prepareAnnotations, prepareLabels, type RawAlert } from '@tocsin/alerting';
import { AppError, bodyText, decodeUtf8, encodeUtf8, type HttpRequest } from '@tocsin/kernel';
import type { Instant, LabelSet } from '@tocsin/model';
import type { AlertmanagerSettings } from '../settings.ts';
import { Malformed } from './answer.ts';
import { readAlerts, readLabels, readTime, readUri } from './post-body.ts';

/** Alerts remembered; when there are more, all are forgotten and read anew. */
const ALERTS_REMEMBERED_MAX = 1_000_000;

interface Remembered {
  readonly labels: LabelSet;
  annotationsText: string;
  annotations: LabelSet;
  startsText: string;
  startsAt: Instant | undefined;
  generatorUrl: string;
}

/** Where the fields of one alert stand in the text; reused from alert to alert. */
interface Pieces {
  labels: string;
  annotations: string;
  startsAt: string;
  endsAt: string;
  generatorUrl: string;
}

const QUOTE = 0x22;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const COMMA = 0x2c;
/** `"name":` of each field, by its first letter. */
const FIELDS: ReadonlyMap<number, readonly [text: string, field: keyof Pieces, isObject: boolean]> = new Map([
  [0x6c, ['labels":', 'labels', true]],
  [0x61, ['annotations":', 'annotations', true]],
  [0x73, ['startsAt":', 'startsAt', false]],
  [0x65, ['endsAt":', 'endsAt', false]],
  [0x67, ['generatorURL":', 'generatorUrl', false]],
]);

export class AlertReader {
  readonly #mode: AlertmanagerSettings['matcherMode'];
  readonly #remembered = new Map<string, Remembered>();
  #endsText = '';
  #endsAt: Instant | undefined;

  constructor(mode: AlertmanagerSettings['matcherMode']) {
    this.#mode = mode;
  }

  /** Throws Malformed, with upstream's codes and texts. */
  read(request: HttpRequest, traceparent: string): readonly RawAlert[] {
    const text = bodyText(request);
    return this.#readFast(text, traceparent) ?? readAlerts(text, traceparent);
  }

  #readFast(text: string, traceparent: string): readonly RawAlert[] | undefined {
    if (!text.startsWith('[{"')) return undefined;
    const alerts: RawAlert[] = [];
    const pieces: Pieces = { labels: '', annotations: '', startsAt: '', endsAt: '', generatorUrl: '' };
    let at = 1;
    for (;;) {
      const end = cut(text, at, pieces);
      if (end < 0) return undefined;
      const alert = this.#alertOf(pieces, traceparent);
      if (alert === undefined) return undefined;
      alerts.push(alert);
      if (text.charCodeAt(end) !== COMMA) return text.slice(end).trimEnd() === ']' ? alerts : undefined;
      at = end + 1;
    }
  }

  #alertOf(pieces: Pieces, traceparent: string): RawAlert | undefined {
    try {
      const known = this.#remembered.get(pieces.labels) ?? this.#remember(pieces.labels);
      if (known.annotationsText !== pieces.annotations) this.#learnAnnotations(known, pieces.annotations);
      if (known.startsText !== pieces.startsAt) {
        known.startsAt = timeOf('startsAt', pieces.startsAt);
        known.startsText = ownCopy(pieces.startsAt);
      }
      if (known.generatorUrl !== pieces.generatorUrl) {
        known.generatorUrl =
          readUri(stringOf(pieces.generatorUrl), 0) === '' ? '' : ownCopy(pieces.generatorUrl);
      }
      // A sender gives all alerts of one evaluation the same end.
      if (this.#endsText !== pieces.endsAt) {
        this.#endsAt = timeOf('endsAt', pieces.endsAt);
        this.#endsText = ownCopy(pieces.endsAt);
      }
      const { labels, annotations, startsAt, generatorUrl } = known;
      return { labels, annotations, startsAt, endsAt: this.#endsAt, generatorUrl, traceparent };
    } catch (error) {
      if (error instanceof Malformed || error instanceof AppError || error instanceof SyntaxError)
        return undefined;
      throw error;
    }
  }

  #remember(text: string): Remembered {
    const labels = prepareLabels(readLabels('labels', JSON.parse(text)), this.#mode);
    const fresh: Remembered = {
      labels,
      annotationsText: '',
      annotations: prepareAnnotations([], this.#mode),
      startsText: '',
      startsAt: undefined,
      generatorUrl: '',
    };
    if (this.#remembered.size >= ALERTS_REMEMBERED_MAX) this.#remembered.clear();
    this.#remembered.set(ownCopy(text), fresh);
    return fresh;
  }

  #learnAnnotations(known: Remembered, text: string): void {
    const pairs = text === '' ? [] : readLabels('annotations', JSON.parse(text));
    known.annotations = prepareAnnotations(pairs, this.#mode);
    known.annotationsText = ownCopy(text);
  }
}

/** Cuts one alert's fields out of the text. Returns where it ends, or -1 for anything unexpected. */
function cut(text: string, start: number, pieces: Pieces): number {
  pieces.labels = pieces.annotations = pieces.startsAt = pieces.endsAt = pieces.generatorUrl = '';
  if (text.charCodeAt(start) !== OPEN) return -1;
  let at = start + 1;
  for (;;) {
    const field = FIELDS.get(text.charCodeAt(at + 1));
    if (field === undefined || text.charCodeAt(at) !== QUOTE || !text.startsWith(field[0], at + 1)) return -1;
    const [name, key, isObject] = field;
    const from = at + 1 + name.length;
    // An object whose strings hold a brace ends too early here, and then is no JSON.
    const to = isObject ? text.indexOf('}', from) : text.indexOf('"', from + 1);
    if (to < 0 || text.charCodeAt(from) !== (isObject ? OPEN : QUOTE) || pieces[key] !== '') return -1;
    // Here '' stands for a field that is not given; an empty string is something else.
    if (to === from + 1 && !isObject) return -1;
    pieces[key] = isObject ? text.slice(from, to + 1) : text.slice(from + 1, to);
    const next = text.charCodeAt(to + 1);
    if (next === CLOSE) return pieces.labels === '' ? -1 : to + 2;
    if (next !== COMMA) return -1;
    at = to + 2;
  }
}

const timeOf = (field: string, text: string): Instant | undefined =>
  text === '' ? undefined : readTime('alerts', field, stringOf(text));

/** What stood between two quotes; throws SyntaxError when an escape or a control character is in it. */
function stringOf(text: string): string {
  if (text.includes('\\')) throw new SyntaxError('an escape');
  return JSON.parse(`"${text}"`) as string;
}

/** A piece that was cut out of a body would keep the whole body in memory. */
const ownCopy = (text: string): string => decodeUtf8(encodeUtf8(text));
