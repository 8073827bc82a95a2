/**
 * @module evaluation/expression-check
 *
 * Slips in an expression that no PromQL dialect takes: open strings and brackets, an operator with
 * nothing beside it. The data source is the judge of everything else, when it runs the query: it
 * knows its own functions and its own extensions, and a check here that refused one of them would
 * keep a good rule from running.
 */

const CLOSERS: ReadonlyMap<string, string> = new Map([
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
]);
// Longest first: `==` must not be read as `=` twice.
const BINARY = ['==', '!=', '<=', '>=', '=~', '!~', '<', '>', '*', '/', '%', '^'];
const SIGNS = ['+', '-'];

/** What is wrong with the expression, or undefined. */
export function expressionMistake(expr: string): string | undefined {
  const open: string[] = [];
  let at = 0;
  let before: Token = 'start';
  while (at < expr.length) {
    const character = expr[at] ?? '';
    const skipped = skipBlank(expr, at);
    if (skipped > at) {
      at = skipped;
      continue;
    }
    if (character === '"' || character === "'" || character === '`') {
      const end = endOfString(expr, at, character);
      if (end === undefined) return parseError(at, 'unterminated quoted string');
      at = end;
      before = 'operand';
      continue;
    }
    if (CLOSERS.has(character)) {
      open.push(character);
      at++;
      before = 'start';
      continue;
    }
    if (character === ')' || character === ']' || character === '}') {
      const opener = open.pop();
      if (opener === undefined || CLOSERS.get(opener) !== character)
        return parseError(at, `unexpected ${JSON.stringify(character)}`);
      if (before === 'operator' && character !== '}')
        return parseError(at, `operator without a right-hand side before ${JSON.stringify(character)}`);
      at++;
      before = 'operand';
      continue;
    }
    const operator = BINARY.find((each) => expr.startsWith(each, at));
    if (operator !== undefined) {
      if (before !== 'operand')
        return parseError(at, `unexpected ${JSON.stringify(operator)}, expected an expression`);
      at += operator.length;
      before = 'operator';
      continue;
    }
    before = SIGNS.includes(character) ? 'operator' : character === ',' ? 'start' : 'operand';
    at++;
  }
  if (open.length > 0) return parseError(at, `unclosed ${JSON.stringify(open.at(-1))}`);
  if (before === 'operator') return parseError(at, 'unexpected end of input after an operator');
  return before === 'start' ? 'no expression found in input' : undefined;
}

/** What the last thing read was: nothing yet, an operator that wants an operand, or an operand. */
type Token = 'start' | 'operator' | 'operand';

const parseError = (at: number, message: string): string => `character ${at + 1}: parse error: ${message}`;

/** Past spaces and comments. */
function skipBlank(expr: string, from: number): number {
  let at = from;
  for (;;) {
    const character = expr[at];
    if (character === ' ' || character === '\t' || character === '\n' || character === '\r') at++;
    else if (character === '#') {
      const end = expr.indexOf('\n', at);
      at = end === -1 ? expr.length : end;
    } else return at;
  }
}

function endOfString(expr: string, from: number, quote: string): number | undefined {
  for (let at = from + 1; at < expr.length; at++) {
    const character = expr[at];
    if (character === quote) return at + 1;
    if (quote === '`') continue;
    if (character === '\n') return undefined;
    if (character === '\\') at++;
  }
  return undefined;
}
