/**
 * Inputs that are almost right: made from the grammar of what is expected, then damaged. Everything
 * comes from one seed, so that a finding can be made again.
 */
import { decodeUtf8, encodeUtf8, seededRandom, type Random } from '@tocsin/kernel';

/** What has broken parsers before. */
const ODD_TEXTS: readonly string[] = [
  '',
  ' ',
  '\u0000',
  '\n',
  '\r\n',
  '"',
  '\\',
  "'",
  '`',
  '{',
  '}',
  '[',
  ']',
  '%',
  '%zz',
  '&',
  '=',
  '=~',
  '!~',
  ';',
  '#',
  ':',
  '*',
  '&a',
  '*a',
  '!!binary',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '\ud800',
  '\udc00',
  '😀',
  'é',
  '\u2028',
  '\ufeff',
  '\uffff',
  '../..',
  '$__file{x}',
  '${X}',
  '{{',
  '{{ .X }}',
  '-1',
  '0',
  '1e999',
  '9007199254740993',
  '0x10',
  'NaN',
  'true',
  'null',
  'yes',
  '~',
  '<<',
  '(',
  '(?i',
  '[a-',
  'a{1000}',
  '(a+)+$',
  '\\C',
  '\\p{L}',
  'x'.repeat(300),
  '('.repeat(400),
  '2026-01-01T00:00:00Z',
  '0000-01-01',
  '9999-12-31T23:59:59.999999999+23:59',
  '2026-13-01T00:00:00Z',
  '-5m',
  '1y1w1d',
  '99999999999999999999y',
];
const PLAIN_TEXTS: readonly string[] = [
  'a',
  'b',
  'alertname',
  'severity',
  'critical',
  'instance',
  'web-1',
  'team',
  'x=y',
  '5m',
  '1h',
];

/** As it would be after a trip over the wire. */
export const wellFormed = (text: string): string => decodeUtf8(encodeUtf8(text));

export class Maker {
  readonly random: Random;

  constructor(seed: string) {
    this.random = seededRandom(seed);
  }

  chance(oneIn: number): boolean {
    return this.random.below(oneIn) === 0;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.random.below(items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }

  times<T>(atMost: number, make: (index: number) => T): T[] {
    return Array.from({ length: this.random.below(atMost + 1) }, (_, index) => make(index));
  }

  text(): string {
    if (this.chance(3)) return this.pick(ODD_TEXTS);
    if (this.chance(6))
      return this.times(8, () =>
        String.fromCodePoint(this.random.below(this.chance(2) ? 0x80 : 0x11000)),
      ).join('');
    if (this.chance(60)) return this.pick(ODD_TEXTS).repeat(this.random.below(5_000));
    return this.pick(PLAIN_TEXTS);
  }

  matcher(): string {
    if (this.chance(8)) return this.text();
    const value = this.chance(2) ? JSON.stringify(this.text()) : this.text();
    const one = `${this.text()}${this.pick(['=', '!=', '=~', '!~', '==', ''])}${value}`;
    return this.chance(6) ? `{${one},${this.matcherTail()}}` : one;
  }

  matcherTail(): string {
    return this.times(3, () => `${this.text()}=${JSON.stringify(this.text())}`).join(',');
  }

  time(): unknown {
    return this.pick<unknown>([
      '2026-11-22T00:00:00Z',
      '2090-01-01T00:00:00Z',
      '2026-11-22 00:00:00',
      '',
      null,
      5,
      this.text(),
      this.value(),
    ]);
  }

  labels(): unknown {
    if (this.chance(20)) return this.value();
    const pairs = this.times(5, () => [this.text(), this.chance(15) ? this.value() : this.text()] as const);
    return Object.fromEntries([['alertname', 'Fuzz'], ...pairs]);
  }

  /** Any JSON. */
  value(depth = 3): unknown {
    const flat = [null, true, false, 0, -1, 1.5, 1e308, this.text(), [], {}];
    if (depth === 0 || this.chance(2)) return this.pick<unknown>(flat);
    return this.chance(2)
      ? this.times(4, () => this.value(depth - 1))
      : Object.fromEntries(this.times(4, () => [this.text(), this.value(depth - 1)]));
  }

  /** An object with some of its fields left out, doubled under odd names, or of another kind. */
  object(fields: Readonly<Record<string, () => unknown>>): unknown {
    if (this.chance(25)) return this.value();
    const entries = Object.entries(fields).flatMap(([name, make]) =>
      this.chance(12) ? [] : [[name, this.chance(15) ? this.value() : make()] as const],
    );
    if (this.chance(10)) entries.push([this.text(), this.value()]);
    return Object.fromEntries(entries);
  }

  alerts(): unknown {
    if (this.chance(25)) return this.value();
    return this.times(4, () =>
      this.object({
        labels: () => this.labels(),
        annotations: () => this.labels(),
        startsAt: () => this.time(),
        endsAt: () => this.time(),
        generatorURL: () => this.pick<unknown>(['http://p/g', '', '::::', this.text()]),
      }),
    );
  }

  silence(ids: readonly string[]): unknown {
    return this.object({
      id: () => (ids.length > 0 && this.chance(2) ? this.pick(ids) : this.pick<unknown>(['', this.text()])),
      matchers: () =>
        this.times(3, () =>
          this.object({
            name: () => this.text(),
            value: () => this.text(),
            isRegex: () => this.chance(2),
            isEqual: () => this.chance(2),
          }),
        ),
      startsAt: () => this.time(),
      endsAt: () => this.pick<unknown>(['2090-01-01T00:00:00Z', this.time()]),
      createdBy: () => this.text(),
      comment: () => this.text(),
      annotations: () => this.labels(),
    });
  }

  /** Usually as it is; else cut, repeated, with something put in, or with a few characters changed. */
  damaged(text: string, oneIn = 4): string {
    if (!this.chance(oneIn) || text === '') return text;
    const at = this.random.below(text.length);
    const end = at + this.random.below(text.length - at + 1);
    switch (this.random.below(5)) {
      case 0:
        return text.slice(0, at);
      case 1:
        return text.slice(0, at) + text.slice(end);
      case 2:
        return (
          text.slice(0, end) +
          text
            .slice(at, end)
            .slice(0, 500)
            .repeat(1 + this.random.below(4)) +
          text.slice(end)
        );
      case 3:
        return text.slice(0, at) + this.text() + text.slice(at);
      default:
        return text.slice(0, at) + String.fromCharCode(this.random.below(0x250)) + text.slice(at + 1);
    }
  }

  damagedBytes(bytes: Uint8Array): Uint8Array {
    const copy = [...bytes];
    for (let changes = this.random.below(4); changes >= 0; changes--) {
      const at = this.random.below(copy.length + 1);
      switch (this.random.below(4)) {
        case 0:
          copy[at] = this.pick([0, 0x7f, 0x80, 0xff, this.random.below(256)]);
          break;
        case 1:
          copy.splice(at, this.random.below(8));
          break;
        case 2:
          copy.splice(at, 0, ...this.random.bytes(this.random.below(8)));
          break;
        default:
          copy.splice(at, 0, ...copy.slice(at, at + this.random.below(64)));
      }
    }
    return Uint8Array.from(copy.map((byte) => byte ?? 0));
  }
}
