/**
 * Builds the tree of a template, by recursive descent over Go's grammar. Functions and variables
 * are checked here, so that a text that parses can fail only because of its data.
 */
import { AppError, utf8Length } from '@tocsin/kernel';
import { goQuote } from '@tocsin/model';
import type {
  CommandNode,
  BranchNode,
  Definition,
  JumpNode,
  NumberNode,
  Operand,
  PipeNode,
  Statement,
  TemplateNode,
  Unit,
} from './ast.ts';
import { nodeText } from './ast.ts';
import { tokenize, type Token, type TokenKind } from './lexer.ts';
import { MAX_PARSE_DEPTH, MAX_TEMPLATE_TEXT } from './limits.ts';
import { parseNumber, unquote } from './literals.ts';

export interface ParsedUnit {
  readonly main: Definition;
  /** `define` and `block` of this text, by name. */
  readonly definitions: ReadonlyMap<string, Definition>;
}

/** Throws `AppError` (invalid) with Go's message; its facts hold template, line and column. */
export function parseUnit(name: string, text: string, hasFunction: (name: string) => boolean): ParsedUnit {
  if (text.length > MAX_TEMPLATE_TEXT) {
    throw AppError.invalid(
      `template: ${name}: text has ${text.length} characters, at most ${MAX_TEMPLATE_TEXT} are allowed`,
    );
  }
  return new Parser({ name, text }, hasFunction).parse();
}

export interface Place {
  /** From 1. */
  readonly line: number;
  /** Bytes before it in its line. */
  readonly column: number;
}

export function placeOf(text: string, pos: number): Place {
  const before = text.slice(0, pos);
  const lineStart = before.lastIndexOf('\n') + 1;
  let line = 1;
  for (let at = before.indexOf('\n'); at >= 0; at = before.indexOf('\n', at + 1)) line++;
  return { line, column: utf8Length(before.slice(lineStart)) };
}

/** True when a definition would print nothing: such a one does not replace another. */
export const isEmptyBody = (body: readonly Statement[]): boolean =>
  body.every((node) => node.kind === 'text' && node.text.trim() === '');

type BlockEnd = 'end' | 'else';

interface Block {
  readonly body: readonly Statement[];
  readonly end: BlockEnd;
}

// Tokens that begin an operand.
const OPERANDS: ReadonlySet<TokenKind> = new Set<TokenKind>([
  'bool',
  'char',
  'dot',
  'field',
  'identifier',
  'number',
  'nil',
  'rawString',
  'string',
  'variable',
  'leftParen',
]);

class Parser {
  readonly #unit: Unit;
  readonly #hasFunction: (name: string) => boolean;
  readonly #tokens: readonly Token[];
  readonly #definitions = new Map<string, Definition>();
  #next = 0;
  #variables: string[] = ['$'];
  #rangeDepth = 0;
  #depth = 0;
  // Of the action that is being read, for faults that show lines later.
  #actionStart: number | undefined;

  constructor(unit: Unit, hasFunction: (name: string) => boolean) {
    this.#unit = unit;
    this.#hasFunction = hasFunction;
    this.#tokens = tokenize(unit.text);
  }

  parse(): ParsedUnit {
    const body: Statement[] = [];
    while (this.#peek().kind !== 'eof') {
      if (this.#isDefine()) {
        this.#definition();
        continue;
      }
      const node = this.#textOrAction();
      if (typeof node === 'string') this.#fail(`unexpected {{${node}}}`);
      body.push(node);
    }
    return { main: { name: this.#unit.name, unit: this.#unit, body }, definitions: this.#definitions };
  }

  #isDefine(): boolean {
    if (this.#peek().kind !== 'left') return false;
    const index = this.#tokens[this.#next + 1]?.kind === 'space' ? 2 : 1;
    const token = this.#tokens[this.#next + index];
    return token?.kind === 'keyword' && token.text === 'define';
  }

  #definition(): void {
    const context = 'define clause';
    this.#take();
    this.#takeNonSpace();
    const name = this.#templateName(context);
    this.#expectRight(context);
    const block = this.#inFreshScope(() => this.#block());
    if (block.end === 'else') this.#fail(`unexpected {{else}} in ${context}`);
    this.#define(name, block.body);
  }

  // A definition sees no variables of what surrounds it.
  #inFreshScope<T>(parse: () => T): T {
    const [variables, rangeDepth] = [this.#variables, this.#rangeDepth];
    this.#variables = ['$'];
    this.#rangeDepth = 0;
    const result = parse();
    this.#variables = variables;
    this.#rangeDepth = rangeDepth;
    return result;
  }

  #define(name: string, body: readonly Statement[]): void {
    const earlier = this.#definitions.get(name);
    if (earlier === undefined || isEmptyBody(earlier.body)) {
      this.#definitions.set(name, { name, unit: this.#unit, body });
    } else if (!isEmptyBody(body)) this.#fail(`template: multiple definition of template ${goQuote(name)}`);
  }

  // Statements up to `end` or `else`.
  #block(): Block {
    this.#descend();
    const body: Statement[] = [];
    while (this.#peekNonSpace().kind !== 'eof') {
      const node = this.#textOrAction();
      if (typeof node === 'string') {
        this.#depth--;
        return { body, end: node };
      }
      body.push(node);
    }
    return this.#fail('unexpected EOF');
  }

  #textOrAction(): Statement | BlockEnd {
    const token = this.#takeNonSpace();
    if (token.kind === 'text') return { kind: 'text', pos: token.pos, text: token.text };
    if (token.kind !== 'left') return this.#unexpected(token, 'input');
    this.#actionStart = token.pos;
    const node = this.#action();
    this.#actionStart = undefined;
    return node;
  }

  #action(): Statement | BlockEnd {
    const token = this.#peekNonSpace();
    if (token.kind === 'keyword') {
      const statement = this.#keyword(token);
      if (statement !== undefined) return statement;
    }
    return { kind: 'action', pos: this.#peekNonSpace().pos, pipe: this.#pipeline('command', 'right') };
  }

  #keyword(token: Token): Statement | BlockEnd | undefined {
    if (token.text === 'define') return undefined;
    this.#takeNonSpace();
    switch (token.text) {
      case 'if':
      case 'with':
      case 'range':
        return this.#branch(token.text, token.pos);
      case 'break':
      case 'continue':
        return this.#jump(token.text, token.pos);
      case 'template':
        return this.#templateCall();
      case 'block':
        return this.#blockDefinition();
      case 'else':
        return this.#else();
      default:
        this.#expectRight('end');
        return 'end';
    }
  }

  #else(): BlockEnd {
    const next = this.#peekNonSpace();
    // `else if` and `else with` leave their keyword for the branch that is being parsed.
    if (next.kind !== 'keyword' || (next.text !== 'if' && next.text !== 'with')) this.#expectRight('else');
    return 'else';
  }

  #jump(kind: 'break' | 'continue', pos: number): JumpNode {
    this.#expectRight(`{{${kind}}}`);
    if (this.#rangeDepth === 0) this.#fail(`{{${kind}}} outside {{range}}`);
    return { kind, pos };
  }

  #branch(kind: BranchNode['kind'], pos: number): BranchNode {
    const scope = this.#variables.length;
    const pipe = this.#pipeline(kind, 'right');
    if (kind === 'range') this.#rangeDepth++;
    const { body, end } = this.#block();
    if (kind === 'range') this.#rangeDepth--;
    const otherwise = end === 'else' ? this.#otherwise(kind) : undefined;
    this.#variables.length = scope;
    return { kind, pos, pipe, body, otherwise };
  }

  #otherwise(kind: BranchNode['kind']): readonly Statement[] {
    const token = this.#peekNonSpace();
    if (token.kind === 'keyword' && token.text === kind && (kind === 'if' || kind === 'with')) {
      this.#takeNonSpace();
      this.#descend();
      const branch = this.#branch(kind, token.pos);
      this.#depth--;
      return [branch];
    }
    const { body, end } = this.#block();
    if (end === 'else') this.#fail('expected end; found {{else}}');
    return body;
  }

  #templateCall(): TemplateNode {
    const context = 'template clause';
    const { pos } = this.#peekNonSpace();
    const name = this.#templateName(context);
    let pipe: PipeNode | undefined;
    if (this.#peekNonSpace().kind === 'right') this.#takeNonSpace();
    else pipe = this.#pipeline(context, 'right');
    return { kind: 'template', pos, name, pipe };
  }

  #blockDefinition(): TemplateNode {
    const context = 'block clause';
    const { pos } = this.#peekNonSpace();
    const name = this.#templateName(context);
    const pipe = this.#pipeline(context, 'right');
    const block = this.#inFreshScope(() => this.#block());
    if (block.end === 'else') this.#fail(`unexpected {{else}} in ${context}`);
    this.#define(name, block.body);
    return { kind: 'template', pos, name, pipe };
  }

  #templateName(context: string): string {
    const token = this.#takeNonSpace();
    if (token.kind !== 'string' && token.kind !== 'rawString') return this.#unexpected(token, context);
    return unquote(token.text) ?? this.#fail('invalid syntax');
  }

  #pipeline(context: string, end: 'right' | 'rightParen'): PipeNode {
    this.#descend();
    const { pos } = this.#peekNonSpace();
    const { declared, isAssign } = this.#declarations(context);
    const commands: CommandNode[] = [];
    for (;;) {
      const token = this.#peekNonSpace();
      if (token.kind === end) break;
      if (!OPERANDS.has(token.kind)) {
        this.#takeNonSpace();
        this.#unexpected(token, context);
      }
      commands.push(this.#command());
    }
    this.#takeNonSpace();
    this.#checkStages(commands, context);
    this.#depth--;
    return { kind: 'pipe', pos, declared, isAssign, commands };
  }

  #checkStages(commands: readonly CommandNode[], context: string): void {
    if (commands.length === 0) this.#fail(`missing value for ${context}`);
    for (const [index, command] of commands.entries()) {
      const kind = command.args[0]?.kind;
      const isConstant =
        kind === 'bool' || kind === 'dot' || kind === 'nil' || kind === 'number' || kind === 'string';
      if (index > 0 && isConstant) this.#fail(`non executable command in pipeline stage ${index + 1}`);
    }
  }

  #declarations(context: string): { readonly declared: readonly string[]; readonly isAssign: boolean } {
    const declared: string[] = [];
    for (;;) {
      const start = this.#next;
      const variable = this.#peekNonSpace();
      if (variable.kind !== 'variable') return { declared, isAssign: false };
      this.#takeNonSpace();
      const operator = this.#peekNonSpace();
      const isComma = operator.kind === 'punctuation' && operator.text === ',';
      if (operator.kind !== 'assign' && operator.kind !== 'declare' && !isComma) {
        this.#next = start;
        return { declared, isAssign: false };
      }
      this.#takeNonSpace();
      declared.push(variable.text);
      this.#variables.push(variable.text);
      if (!isComma) return { declared, isAssign: operator.kind === 'assign' };
      if (context !== 'range' || declared.length > 1) this.#fail(`too many declarations in ${context}`);
      const { kind } = this.#peekNonSpace();
      if (kind !== 'variable' && kind !== 'right' && kind !== 'rightParen') {
        this.#fail('range can only initialize variables');
      }
    }
  }

  #command(): CommandNode {
    const { pos } = this.#peekNonSpace();
    const args: Operand[] = [];
    for (;;) {
      this.#peekNonSpace();
      const operand = this.#operand();
      if (operand !== undefined) args.push(operand);
      const token = this.#take();
      if (token.kind === 'space') continue;
      if (token.kind === 'right' || token.kind === 'rightParen') this.#next--;
      else if (token.kind !== 'pipe') this.#unexpected(token, 'operand');
      break;
    }
    if (args.length === 0) this.#fail('empty command');
    return { kind: 'command', pos, args };
  }

  #operand(): Operand | undefined {
    const node = this.#term();
    if (node === undefined || this.#peek().kind !== 'field') return node;
    const { pos } = this.#peek();
    const path: string[] = [];
    while (this.#peek().kind === 'field') path.push(this.#take().text.slice(1));
    switch (node.kind) {
      case 'field':
        return { kind: 'field', pos, path: [...node.path, ...path] };
      case 'variable':
        return { kind: 'variable', pos, name: node.name, path };
      case 'bool':
      case 'string':
      case 'number':
      case 'nil':
      case 'dot':
        return this.#fail(`unexpected . after term ${goQuote(nodeText(node))}`);
      case 'identifier':
      case 'chain':
      case 'pipe':
        return { kind: 'chain', pos, of: node, path };
    }
  }

  #term(): Operand | undefined {
    const token = this.#peekNonSpace();
    const { pos, text } = token;
    if (!OPERANDS.has(token.kind)) return undefined;
    this.#takeNonSpace();
    switch (token.kind) {
      case 'identifier':
        if (!this.#hasFunction(text)) this.#fail(`function ${goQuote(text)} not defined`);
        return { kind: 'identifier', pos, name: text };
      case 'dot':
      case 'nil':
        return { kind: token.kind, pos };
      case 'variable':
        if (!this.#variables.includes(text)) this.#fail(`undefined variable ${goQuote(text)}`);
        return { kind: 'variable', pos, name: text, path: [] };
      case 'field':
        return { kind: 'field', pos, path: [text.slice(1)] };
      case 'bool':
        return { kind: 'bool', pos, value: text === 'true' };
      case 'char':
      case 'number':
        return this.#number(token);
      case 'leftParen':
        return this.#pipeline('parenthesized pipeline', 'rightParen');
      default:
        return { kind: 'string', pos, source: text, value: unquote(text) ?? this.#fail('invalid syntax') };
    }
  }

  #number(token: Token): NumberNode {
    const parts = token.text.length > MAX_NUMBER_TEXT ? undefined : parseNumber(token.text);
    if (parts !== undefined) return { kind: 'number', pos: token.pos, source: token.text, ...parts };
    const shown = token.text.slice(0, MAX_NUMBER_TEXT);
    if (token.kind === 'char') return this.#fail(`malformed character constant: ${shown}`);
    const isDigits = /^[+-]?[0-9]+(?:_[0-9]+)*$/.test(token.text);
    return this.#fail(`${isDigits ? 'integer overflow' : 'illegal number syntax'}: ${goQuote(shown)}`);
  }

  #expectRight(context: string): void {
    const token = this.#takeNonSpace();
    if (token.kind !== 'right') this.#unexpected(token, context);
  }

  #descend(): void {
    if (++this.#depth > MAX_PARSE_DEPTH) this.#fail(`nested deeper than ${MAX_PARSE_DEPTH} levels`);
  }

  #peek(): Token {
    // The list ends with `eof` or `error`, and neither is ever passed.
    return this.#tokens[Math.min(this.#next, this.#tokens.length - 1)] ?? END;
  }

  #take(): Token {
    const token = this.#peek();
    if (token.kind === 'error') this.#failToken(token);
    this.#next++;
    return token;
  }

  #peekNonSpace(): Token {
    while (this.#peek().kind === 'space') this.#next++;
    return this.#peek();
  }

  #takeNonSpace(): Token {
    this.#peekNonSpace();
    return this.#take();
  }

  #unexpected(token: Token, context: string): never {
    return this.#failAt(token.pos, `unexpected ${tokenText(token)} in ${context}`);
  }

  #fail(message: string): never {
    const last = this.#tokens[Math.max(0, Math.min(this.#next, this.#tokens.length) - 1)];
    return this.#failAt(last?.pos ?? 0, message);
  }

  // A text that can't be cut into tokens, often because an action was not closed lines before.
  #failToken(token: Token): never {
    const { line } = placeOf(this.#unit.text, this.#actionStart ?? token.pos);
    if (line === placeOf(this.#unit.text, token.pos).line) return this.#failAt(token.pos, token.text);
    const within = token.text.endsWith(' action') ? '' : ' in action';
    return this.#failAt(token.pos, `${token.text}${within} started at ${this.#unit.name}:${line}`);
  }

  #failAt(pos: number, message: string): never {
    const { name, text } = this.#unit;
    const place = placeOf(text, pos);
    throw AppError.invalid(`template: ${name}:${place.line}: ${message}`, { template: name, ...place });
  }
}

const END: Token = { kind: 'eof', pos: 0, text: '' };
/** Longer constants can't be told apart by a double anyway. */
const MAX_NUMBER_TEXT = 400;

function tokenText(token: Token): string {
  if (token.kind === 'eof') return 'EOF';
  if (token.kind === 'keyword' || token.kind === 'dot' || token.kind === 'nil') return `<${token.text}>`;
  return [...token.text].length > 10
    ? `${goQuote([...token.text].slice(0, 10).join(''))}...`
    : goQuote(token.text);
}
