/**
 * @module alertmanager-service/api/alert-reader
 *
 * Reading of `POST /api/v2/alerts`, quickly. Senders repeat the same alerts every minute with another
 * end, in the compact JSON that Go writes. So an alert's objects and strings are cut out of the text
 * as they stand and looked up by the text of its labels (alert-texts.ts): what is held already is
 * neither parsed, checked nor hashed again.
 *
 * Anything this reader does not expect (white space, escapes, an unknown or repeated field, a mistake)
 * makes it give up, and the whole body goes through `readAlerts`, which says what is wrong. It never
 * accepts what that one refuses: a piece of text is only believed after `JSON.parse` and the very same
 * checks took it once, and JSON that starts with a complete value can't mean another one.
 */
import { prepareAnnotations, prepareLabels } from '@tocsin/alerting';
import { AppError, bodyText, type HttpRequest } from '@tocsin/kernel';
import { LabelSet, sharedText, type Instant } from '@tocsin/model';
import type { PostedAlert } from '../alert-store.ts';
import { heldText, type AlertTexts, type KnownText } from '../alert-texts.ts';
import type { AlertmanagerSettings } from '../settings.ts';
import { Malformed } from './answer.ts';
import { readAlerts, readLabels, readTime, readUri } from './post-body.ts';

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
  #startsText = '';
  #startsAt: Instant | undefined;
  #endsText = '';
  #endsAt: Instant | undefined;

  constructor(mode: AlertmanagerSettings['matcherMode']) {
    this.#mode = mode;
  }

  /** Throws Malformed, with upstream's codes and texts. */
  read(request: HttpRequest, traceparent: string, texts: AlertTexts): readonly PostedAlert[] {
    const text = bodyText(request);
    const alerts = this.#readFast(text, traceparent, texts);
    // They are pieces of the body, which need not live until the next one comes.
    this.#startsText = this.#endsText = '';
    this.#startsAt = this.#endsAt = undefined;
    return alerts ?? readAlerts(text, traceparent);
  }

  #readFast(text: string, traceparent: string, texts: AlertTexts): readonly PostedAlert[] | undefined {
    if (!text.startsWith('[{"')) return undefined;
    const alerts: PostedAlert[] = [];
    const pieces: Pieces = { labels: '', annotations: '', startsAt: '', endsAt: '', generatorUrl: '' };
    let at = 1;
    for (;;) {
      const end = cut(text, at, pieces);
      if (end < 0) return undefined;
      const alert = this.#alertOf(pieces, traceparent, texts);
      if (alert === undefined) return undefined;
      alerts.push(alert);
      if (text.charCodeAt(end) !== COMMA) return text.slice(end).trimEnd() === ']' ? alerts : undefined;
      at = end + 1;
    }
  }

  #alertOf(pieces: Pieces, traceparent: string, texts: AlertTexts): PostedAlert | undefined {
    try {
      const known = texts.get(pieces.labels) ?? this.#read(pieces.labels);
      if (known.annotationsText !== pieces.annotations) this.#readAnnotations(known, pieces.annotations);
      if (known.generatorUrl !== pieces.generatorUrl) {
        known.generatorUrl =
          readUri(stringOf(pieces.generatorUrl), 0) === '' ? '' : sharedText(pieces.generatorUrl);
      }
      // A sender gives all alerts of one evaluation the same times.
      if (this.#startsText !== pieces.startsAt) {
        this.#startsAt = timeOf('startsAt', pieces.startsAt);
        this.#startsText = pieces.startsAt;
      }
      if (this.#endsText !== pieces.endsAt) {
        this.#endsAt = timeOf('endsAt', pieces.endsAt);
        this.#endsText = pieces.endsAt;
      }
      return {
        labels: known.labels,
        annotations: known.annotations,
        startsAt: this.#startsAt,
        endsAt: this.#endsAt,
        generatorUrl: known.generatorUrl,
        traceparent,
        isPrepared: true,
        known,
      };
    } catch (error) {
      if (error instanceof Malformed || error instanceof AppError || error instanceof SyntaxError)
        return undefined;
      throw error;
    }
  }

  // Not looked up again before the store has taken the alert: what it refuses is not remembered.
  #read(text: string): KnownText {
    const labels = prepareLabels(readLabels('labels', JSON.parse(text)), this.#mode).share();
    return {
      text: heldText(text, labels),
      labels,
      annotationsText: '',
      annotations: LabelSet.empty,
      generatorUrl: '',
      held: undefined,
    };
  }

  #readAnnotations(known: KnownText, text: string): void {
    const pairs = text === '' ? [] : readLabels('annotations', JSON.parse(text));
    known.annotations = prepareAnnotations(pairs, this.#mode).compact();
    known.annotationsText = heldText(text, known.annotations);
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
