/** Go's fmt package for template values: `Sprint`, `Sprintln`, `Sprintf`. */
import { Flags, Printer } from './go-printer.ts';
import { MAX_FORMAT_WIDTH, type Budget } from './limits.ts';
import { intOf, textOf, typeName, type Value } from './values.ts';

/** A space goes between two operands when neither is a string. */
export function sprint(args: readonly Value[], budget: Budget): string {
  const printer = new Printer(budget);
  for (const [index, arg] of args.entries()) {
    if (index > 0 && textOf(arg) === undefined && textOf(args[index - 1]) === undefined) printer.write(' ');
    printer.printArgument(arg, 'v');
  }
  return printer.finish();
}

export function sprintln(args: readonly Value[], budget: Budget): string {
  const printer = new Printer(budget);
  for (const [index, arg] of args.entries()) {
    if (index > 0) printer.write(' ');
    printer.printArgument(arg, 'v');
  }
  printer.write('\n');
  return printer.finish();
}

export function sprintf(format: string, args: readonly Value[], budget: Budget): string {
  return new Formatter(format, args, new Printer(budget)).run();
}

class Formatter {
  readonly #format: string;
  readonly #args: readonly Value[];
  readonly #printer: Printer;
  #at = 0;
  #next = 0;
  #isReordered = false;
  #isGoodIndex = true;
  // An explicit index was read and waits for its verb.
  #hasIndex = false;

  constructor(format: string, args: readonly Value[], printer: Printer) {
    this.#format = format;
    this.#args = args;
    this.#printer = printer;
  }

  run(): string {
    for (;;) {
      const percent = this.#format.indexOf('%', this.#at);
      this.#printer.write(this.#format.slice(this.#at, percent < 0 ? undefined : percent));
      if (percent < 0) break;
      this.#at = percent + 1;
      this.#directive();
    }
    if (!this.#isReordered && this.#next < this.#args.length) this.#surplus();
    return this.#printer.finish();
  }

  #directive(): void {
    const flags = new Flags();
    this.#printer.flags = flags;
    this.#isGoodIndex = true;
    this.#hasIndex = false;
    this.#readFlags(flags);
    this.#readIndex();
    this.#readWidth(flags);
    this.#readPrecision(flags);
    if (!this.#hasIndex) this.#readIndex();
    const code = this.#format.codePointAt(this.#at);
    if (code === undefined) return this.#printer.write('%!(NOVERB)');
    const verb = String.fromCodePoint(code);
    this.#at += verb.length;
    this.#verb(verb, flags);
  }

  #verb(verb: string, flags: Flags): void {
    if (verb === '%') return this.#printer.write('%');
    if (!this.#isGoodIndex) return this.#printer.write(`%!${verb}(BADINDEX)`);
    if (this.#next >= this.#args.length) return this.#printer.write(`%!${verb}(MISSING)`);
    if (verb === 'v') {
      flags.sharpV = flags.sharp;
      flags.plusV = flags.plus;
      flags.sharp = false;
      flags.plus = false;
    }
    this.#printer.printArgument(this.#args[this.#next++], verb);
  }

  #readFlags(flags: Flags): void {
    for (; ; this.#at++) {
      switch (this.#format[this.#at]) {
        case '#':
          flags.sharp = true;
          break;
        case '0':
          flags.zero = true;
          break;
        case '+':
          flags.plus = true;
          break;
        case '-':
          flags.minus = true;
          break;
        case ' ':
          flags.space = true;
          break;
        default:
          return;
      }
    }
  }

  #readWidth(flags: Flags): void {
    if (this.#format[this.#at] !== '*') {
      flags.width = this.#readNumber();
      if (this.#hasIndex && flags.width !== undefined) this.#isGoodIndex = false;
      return;
    }
    this.#at++;
    const width = this.#starArgument();
    if (width === undefined) this.#printer.write('%!(BADWIDTH)');
    else {
      flags.width = Math.abs(width);
      if (width < 0) flags.minus = true;
    }
  }

  #readPrecision(flags: Flags): void {
    if (this.#format[this.#at] !== '.') return;
    this.#at++;
    if (this.#hasIndex) this.#isGoodIndex = false;
    this.#readIndex();
    if (this.#format[this.#at] !== '*') {
      flags.precision = this.#readNumber() ?? 0;
      return;
    }
    this.#at++;
    const precision = this.#starArgument();
    if (precision === undefined) this.#printer.write('%!(BADPREC)');
    else if (precision >= 0) flags.precision = precision;
    else this.#printer.write('%!(BADPREC)');
  }

  #starArgument(): number | undefined {
    this.#hasIndex = false;
    if (this.#next >= this.#args.length) return undefined;
    const int = intOf(this.#args[this.#next++]);
    return int === undefined || int > MAX_FORMAT_WIDTH || int < -MAX_FORMAT_WIDTH ? undefined : Number(int);
  }

  #readNumber(): number | undefined {
    const start = this.#at;
    while (/^[0-9]$/.test(this.#format[this.#at] ?? '')) this.#at++;
    if (this.#at === start) return undefined;
    const number = Number(this.#format.slice(start, this.#at));
    return number > MAX_FORMAT_WIDTH ? undefined : number;
  }

  // `[3]` takes the third operand next.
  #readIndex(): void {
    if (this.#format[this.#at] !== '[') return;
    this.#isReordered = true;
    const close = this.#format.indexOf(']', this.#at);
    const digits = close < 0 ? '' : this.#format.slice(this.#at + 1, close);
    const index = /^[0-9]{1,7}$/.test(digits) ? Number(digits) : 0;
    this.#at = close < 0 ? this.#at + 1 : close + 1;
    if (index < 1 || index > this.#args.length) {
      this.#isGoodIndex = false;
      return;
    }
    this.#next = index - 1;
    this.#hasIndex = true;
  }

  #surplus(): void {
    const printer = this.#printer;
    printer.flags = new Flags();
    printer.write('%!(EXTRA ');
    for (const [index, arg] of this.#args.slice(this.#next).entries()) {
      if (index > 0) printer.write(', ');
      if (arg === undefined || arg === null) printer.write('<nil>');
      else {
        printer.write(`${typeName(arg)}=`);
        printer.printArgument(arg, 'v');
      }
    }
    printer.write(')');
  }
}
