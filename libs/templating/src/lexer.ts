/**
 * Cuts a template into tokens, after the lexical rules of Go's text/template. A fault becomes an
 * `error` token at its place instead of an exception: an earlier grammatical fault wins, as it
 * does in Go, where lexer and parser run side by side.
 */

export type TokenKind =
  | 'text'
  | 'left'
  | 'right'
  | 'space'
  | 'identifier'
  | 'keyword'
  | 'field'
  | 'variable'
  | 'dot'
  | 'nil'
  | 'bool'
  | 'string'
  | 'rawString'
  | 'number'
  | 'char'
  | 'assign'
  | 'declare'
  | 'pipe'
  | 'leftParen'
  | 'rightParen'
  | 'punctuation'
  | 'eof'
  | 'error';

export interface Token {
  readonly kind: TokenKind;
  /** Offset of the first unit. */
  readonly pos: number;
  /** The source; of an error its message. */
  readonly text: string;
}

const KEYWORDS: ReadonlySet<string> = new Set([
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'range',
  'template',
  'with',
]);

const SPACES = ' \t\r\n';
const isSpace = (character: string | undefined): boolean =>
  character !== undefined && character !== '' && SPACES.includes(character);
const ALPHANUMERIC = /^[\p{L}\p{Nd}_]$/u;
const isDigit = (character: string): boolean =>
  character >= '0' && character <= '9' && character.length === 1;

export function tokenize(text: string): readonly Token[] {
  return new Lexer(text).run();
}

class Lexer {
  readonly #text: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  #parens = 0;

  constructor(text: string) {
    this.#text = text;
  }

  run(): readonly Token[] {
    while (this.#plainText() && this.#action());
    return this.#tokens;
  }

  // Everything up to the next action; false at the end.
  #plainText(): boolean {
    const open = this.#text.indexOf('{{', this.#at);
    const end = open < 0 ? this.#text.length : open;
    let textEnd = end;
    if (open >= 0 && this.#trimsLeft(open + 2)) {
      while (textEnd > this.#at && isSpace(this.#text[textEnd - 1])) textEnd--;
    }
    if (textEnd > this.#at) this.#push('text', this.#at, this.#text.slice(this.#at, textEnd));
    this.#at = end;
    if (open >= 0) return true;
    this.#push('eof', end, '');
    return false;
  }

  // One action or comment, from its opening braces on; false after a fault.
  #action(): boolean {
    const open = this.#at;
    const inside = open + (this.#trimsLeft(open + 2) ? 4 : 2);
    if (this.#text.startsWith('/*', inside)) return this.#comment(inside);
    this.#push('left', open, '{{');
    // The white space of the marker belongs to the marker.
    this.#at = inside;
    this.#parens = 0;
    for (;;) {
      const close = this.#rightDelimiter(this.#at);
      if (close > 0) {
        if (this.#parens > 0) return this.#fail(this.#at, 'unclosed left paren');
        this.#closeAction(close);
        return true;
      }
      if (!this.#token()) return false;
    }
  }

  #comment(start: number): boolean {
    const end = this.#text.indexOf('*/', start + 2);
    if (end < 0) return this.#fail(start, 'unclosed comment');
    const close = this.#rightDelimiter(end + 2);
    if (close === 0) return this.#fail(start, 'comment ends before closing delimiter');
    this.#at = end + 2 + close;
    if (close === 4) this.#skipSpaces();
    return true;
  }

  #closeAction(length: number): void {
    this.#push('right', this.#at + length - 2, '}}');
    this.#at += length;
    if (length === 4) this.#skipSpaces();
  }

  // One token inside an action; false after a fault.
  #token(): boolean {
    const start = this.#at;
    const character = this.#peek();
    if (character === '') return this.#fail(start, 'unclosed action');
    if (isSpace(character)) return this.#spaces();
    if (character === ':') {
      return this.#text.startsWith(':=', start) ? this.#take('declare', 2) : this.#fail(start, 'expected :=');
    }
    if (character === '"') return this.#quoted('"', 'string', 'unterminated quoted string');
    if (character === "'") return this.#quoted("'", 'char', 'unterminated character constant');
    if (character === '`') return this.#raw();
    if (character === '$') return this.#fieldOrVariable('variable');
    // At the very end a dot counts as a number that is malformed.
    if (character === '.' && !isDigit(this.#text[start + 1] ?? '0')) return this.#fieldOrVariable('field');
    if (character === '.' || character === '+' || character === '-' || isDigit(character))
      return this.#number();
    if (ALPHANUMERIC.test(character)) return this.#identifier();
    return this.#mark(character);
  }

  #mark(character: string): boolean {
    switch (character) {
      case '=':
        return this.#take('assign', 1);
      case '|':
        return this.#take('pipe', 1);
      case '(':
        this.#parens++;
        return this.#take('leftParen', 1);
      case ')':
        this.#parens--;
        return this.#parens < 0
          ? this.#fail(this.#at, 'unexpected right paren')
          : this.#take('rightParen', 1);
      default:
        if (/^[!-~]$/.test(character)) return this.#take('punctuation', 1);
        return this.#fail(this.#at, `unrecognized character in action: ${codePointName(character)}`);
    }
  }

  #spaces(): boolean {
    const start = this.#at;
    while (isSpace(this.#text[this.#at]) && this.#rightDelimiter(this.#at) === 0) this.#at++;
    if (this.#at > start) this.#push('space', start, this.#text.slice(start, this.#at));
    return true;
  }

  #identifier(): boolean {
    const start = this.#at;
    this.#skipAlphanumeric();
    const word = this.#text.slice(start, this.#at);
    if (!this.#atTerminator()) return this.#badCharacter();
    if (KEYWORDS.has(word)) this.#push('keyword', start, word);
    else if (word === 'true' || word === 'false') this.#push('bool', start, word);
    else this.#push(word === 'nil' ? 'nil' : 'identifier', start, word);
    return true;
  }

  #fieldOrVariable(kind: 'field' | 'variable'): boolean {
    const start = this.#at;
    this.#at++;
    if (this.#atTerminator()) {
      this.#push(kind === 'field' ? 'dot' : 'variable', start, this.#text.slice(start, this.#at));
      return true;
    }
    this.#skipAlphanumeric();
    if (!this.#atTerminator()) return this.#badCharacter();
    this.#push(kind, start, this.#text.slice(start, this.#at));
    return true;
  }

  #quoted(quote: string, kind: 'string' | 'char', fault: string): boolean {
    const start = this.#at;
    for (let index = start + 1; ; index++) {
      let character = this.#text[index];
      if (character === '\\')
        character = this.#text[++index] === '\n' ? '\n' : this.#text[index] === undefined ? undefined : '';
      if (character === undefined || character === '\n') return this.#fail(start, fault);
      if (character === quote) return this.#take(kind, index + 1 - start);
    }
  }

  #raw(): boolean {
    const end = this.#text.indexOf('`', this.#at + 1);
    return end < 0
      ? this.#fail(this.#at, 'unterminated raw quoted string')
      : this.#take('rawString', end + 1 - this.#at);
  }

  #number(): boolean {
    const start = this.#at;
    let isWhole = this.#scanNumber();
    const sign = this.#text[this.#at];
    if (isWhole && (sign === '+' || sign === '-'))
      isWhole = this.#scanNumber() && this.#text[this.#at - 1] === 'i';
    const source = this.#text.slice(start, this.#at);
    if (!isWhole) return this.#fail(start, `bad number syntax: "${source}"`);
    this.#push('number', start, source);
    return true;
  }

  #scanNumber(): boolean {
    this.#accept('+-');
    let digits = '0123456789_';
    if (this.#accept('0')) {
      if (this.#accept('xX')) digits = '0123456789abcdefABCDEF_';
      else if (this.#accept('oO')) digits = '01234567_';
      else if (this.#accept('bB')) digits = '01_';
    }
    this.#acceptRun(digits);
    if (this.#accept('.')) this.#acceptRun(digits);
    if ((digits.length === 11 && this.#accept('eE')) || (digits.length === 23 && this.#accept('pP'))) {
      this.#accept('+-');
      this.#acceptRun('0123456789_');
    }
    this.#accept('i');
    if (!ALPHANUMERIC.test(this.#peek())) return true;
    this.#at += this.#peek().length;
    return false;
  }

  #accept(valid: string): boolean {
    const character = this.#text[this.#at];
    if (character === undefined || !valid.includes(character)) return false;
    this.#at++;
    return true;
  }

  #acceptRun(valid: string): void {
    while (this.#accept(valid));
  }

  // Length of a closing delimiter here: 0 (none), 2, or 4 with its trim marker.
  #rightDelimiter(at: number): 0 | 2 | 4 {
    if (this.#text.startsWith('}}', at)) return 2;
    return isSpace(this.#text[at]) && this.#text.startsWith('-}}', at + 1) ? 4 : 0;
  }

  #trimsLeft(at: number): boolean {
    return this.#text[at] === '-' && isSpace(this.#text[at + 1]);
  }

  #atTerminator(): boolean {
    const character = this.#text[this.#at];
    if (character === undefined || isSpace(character) || '.,|:)('.includes(character)) return true;
    return this.#text.startsWith('}}', this.#at);
  }

  #skipAlphanumeric(): void {
    for (let character = this.#peek(); ALPHANUMERIC.test(character); character = this.#peek()) {
      this.#at += character.length;
    }
  }

  #skipSpaces(): void {
    while (isSpace(this.#text[this.#at])) this.#at++;
  }

  #peek(): string {
    const code = this.#text.codePointAt(this.#at);
    return code === undefined ? '' : String.fromCodePoint(code);
  }

  #badCharacter(): boolean {
    return this.#fail(this.#at, `bad character ${codePointName(this.#peek())}`);
  }

  #take(kind: TokenKind, length: number): boolean {
    this.#push(kind, this.#at, this.#text.slice(this.#at, this.#at + length));
    this.#at += length;
    return true;
  }

  #push(kind: TokenKind, pos: number, text: string): void {
    this.#tokens.push({ kind, pos, text });
  }

  #fail(pos: number, message: string): false {
    this.#push('error', pos, message);
    return false;
  }
}

function codePointName(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16).toUpperCase().padStart(4, '0');
  return code < 0x20 || code === 0x7f ? `U+${hex}` : `U+${hex} '${character}'`;
}
