/**
 * Runs a parsed template over a value. Follows the evaluation rules of Go's text/template, also
 * where they surprise: arguments are checked against the function's signature one by one, and
 * the node that is named in an error is the one that was looked at last.
 */
import { AppError } from '@tocsin/kernel';
import { goQuote } from '@tocsin/model';
import {
  nodeText,
  type BranchNode,
  type ChainNode,
  type CommandNode,
  type Definition,
  type FieldNode,
  type IdentifierNode,
  type Node,
  type NumberNode,
  type Operand,
  type PipeNode,
  type Statement,
  type TemplateNode,
  type VariableNode,
} from './ast.ts';
import { callValue } from './builtins.ts';
import { sprint } from './go-fmt.ts';
import { Budget, type TemplateLimits } from './limits.ts';
import { placeOf } from './parser.ts';
import {
  ANY,
  BOOL,
  canBeNil,
  GoComplex,
  GoFunc,
  GoInt,
  GoList,
  GoMap,
  GoObject,
  GoStruct,
  intOf,
  isAssignable,
  isTrue,
  REFLECTED,
  STRING,
  typeOf,
  zeroOf,
  type CallContext,
  type GoFunction,
  type GoType,
  type Signature,
  type Value,
} from './values.ts';

export interface ExecutionOptions {
  readonly limits: TemplateLimits;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly functions: ReadonlyMap<string, GoFunction>;
  /** Take the place of functions of the same name. */
  readonly overrides: ReadonlyMap<string, GoFunction> | undefined;
  readonly lookup: (name: string) => Definition | undefined;
  /** What a map answers for a key it lacks: its zero value, or no value at all. */
  readonly missingKey: 'zero' | 'invalid';
  /** Last step before a value becomes output; the place of an HTML escaper. */
  readonly escape?: ((text: string, value: Value) => string) | undefined;
}

/** Throws `AppError` (invalid, limit, or what a function threw) with Go's message and place. */
export function execute(definition: Definition, data: Value, options: ExecutionOptions): string {
  return new Execution(options).run(definition, data);
}

// How much of the stack one level of each takes, next to a block.
const BLOCK_WEIGHT = 1;
const RANGE_WEIGHT = 1;
const PIPELINE_WEIGHT = 3;

/** How a block ended: at its end, or by a jump of the innermost `range`. */
type Outcome = 'done' | 'break' | 'continue';

// No value was piped in; `undefined` is a value of its own.
const NOTHING: unique symbol = Symbol('nothing piped in');
type Piped = Value | typeof NOTHING;

interface Variable {
  readonly name: string;
  value: Value;
}

/** An error that has its place already; calls around it don't add theirs. */
class PlacedError extends AppError {}

class Execution {
  readonly #options: ExecutionOptions;
  readonly #budget: Budget;
  readonly #context: CallContext;
  readonly #output: string[] = [];
  #outputLength = 0;
  #variables: Variable[] = [];
  #definition: Definition | undefined;
  #node: Node | undefined;
  #depth = 0;

  constructor(options: ExecutionOptions) {
    this.#options = options;
    this.#budget = new Budget(options.limits);
    this.#context = { now: options.now, budget: this.#budget };
  }

  run(definition: Definition, data: Value): string {
    this.#definition = definition;
    this.#variables = [{ name: '$', value: data }];
    try {
      this.#block(data, definition.body);
    } catch (thrown) {
      // The budget does not know where it ran out.
      if (!(thrown instanceof AppError) || thrown instanceof PlacedError) throw thrown;
      this.#fail(thrown.message, thrown);
    }
    return this.#output.join('');
  }

  #block(dot: Value, body: readonly Statement[]): Outcome {
    this.#enter(BLOCK_WEIGHT);
    let outcome: Outcome = 'done';
    for (const statement of body) {
      outcome = this.#statement(dot, statement);
      if (outcome !== 'done') break;
    }
    this.#depth -= BLOCK_WEIGHT;
    return outcome;
  }

  #statement(dot: Value, node: Statement): Outcome {
    this.#at(node);
    switch (node.kind) {
      case 'text':
        this.#write(node.text);
        return 'done';
      case 'action': {
        const value = this.#pipeline(dot, node.pipe);
        if (node.pipe.declared.length === 0) this.#print(node, value);
        return 'done';
      }
      case 'if':
      case 'with':
        return this.#ifOrWith(dot, node);
      case 'range':
        return this.#range(dot, node);
      case 'template':
        this.#template(dot, node);
        return 'done';
      case 'break':
      case 'continue':
        return node.kind;
    }
  }

  #ifOrWith(dot: Value, node: BranchNode): Outcome {
    const mark = this.#variables.length;
    const value = this.#pipeline(dot, node.pipe);
    let outcome: Outcome = 'done';
    if (isTrue(value)) outcome = this.#block(node.kind === 'with' ? value : dot, node.body);
    else if (node.otherwise !== undefined) outcome = this.#block(dot, node.otherwise);
    this.#variables.length = mark;
    return outcome;
  }

  #range(dot: Value, node: BranchNode): Outcome {
    const mark = this.#variables.length;
    const value = this.#pipeline(dot, node.pipe);
    this.#enter(RANGE_WEIGHT);
    const isEmpty = this.#iterate(value, node);
    this.#depth -= RANGE_WEIGHT;
    const outcome = isEmpty && node.otherwise !== undefined ? this.#block(dot, node.otherwise) : 'done';
    this.#variables.length = mark;
    return outcome;
  }

  // False once the body has run.
  #iterate(value: Value, node: BranchNode): boolean {
    const mark = this.#variables.length;
    if (value === undefined || value === null) return true;
    const count = intOf(value);
    if (count !== undefined) {
      if (node.pipe.declared.length > 1) {
        this.#fail(`can't use ${this.#printed(value)} to iterate over more than one variable`);
      }
      for (let index = 0n; index < count; index++) {
        const element = value instanceof GoInt ? new GoInt(value.type, index) : index;
        if (!this.#iteration(node, mark, undefined, element)) break;
      }
      return count <= 0n;
    }
    if (value instanceof GoList) {
      for (const [index, element] of value.items.entries()) {
        if (!this.#iteration(node, mark, BigInt(index), element)) break;
      }
      return value.items.length === 0;
    }
    if (value instanceof GoMap) {
      for (const key of value.keys) if (!this.#iteration(node, mark, key, value.entries.get(key))) break;
      return value.entries.size === 0;
    }
    return this.#fail(`range can't iterate over ${this.#printed(value)}`);
  }

  // False when the body broke out.
  #iteration(node: BranchNode, mark: number, index: Value, element: Value): boolean {
    const { declared, isAssign } = node.pipe;
    this.#budget.spend(1);
    const [first, second] = declared;
    if (second !== undefined && first !== undefined) {
      if (isAssign) {
        this.#assign(first, index);
        this.#assign(second, element);
      } else {
        this.#setFromTop(2, index);
        this.#setFromTop(1, element);
      }
    } else if (first !== undefined) {
      if (isAssign) this.#assign(first, element);
      else this.#setFromTop(1, element);
    }
    const outcome = this.#block(element, node.body);
    this.#variables.length = mark;
    return outcome !== 'break';
  }

  #template(dot: Value, node: TemplateNode): void {
    const target = this.#options.lookup(node.name);
    if (target === undefined) return this.#fail(`template ${goQuote(node.name)} not defined`);
    // Here, so that the error names the call and not what is in it.
    this.#checkDepth(BLOCK_WEIGHT + PIPELINE_WEIGHT);
    const data = node.pipe === undefined ? undefined : this.#pipeline(dot, node.pipe);
    const [variables, definition] = [this.#variables, this.#definition];
    this.#variables = [{ name: '$', value: data }];
    this.#definition = target;
    this.#block(data, target.body);
    this.#variables = variables;
    this.#definition = definition;
  }

  #pipeline(dot: Value, pipe: PipeNode): Value {
    this.#at(pipe);
    this.#enter(PIPELINE_WEIGHT);
    let value: Piped = NOTHING;
    for (const command of pipe.commands) {
      const result = this.#command(dot, command, value);
      // A nil interface is unpacked to no value at all.
      value = result === null ? undefined : result;
    }
    this.#depth -= PIPELINE_WEIGHT;
    const result = value === NOTHING ? undefined : value;
    for (const name of pipe.declared) {
      if (pipe.isAssign) this.#assign(name, result);
      else this.#variables.push({ name, value: result });
    }
    return result;
  }

  #command(dot: Value, command: CommandNode, piped: Piped): Value {
    const first = command.args[0];
    if (first === undefined) return undefined;
    const args = command.args.slice(1);
    switch (first.kind) {
      case 'field':
        return this.#field(dot, first, args, piped);
      case 'chain':
        return this.#chain(dot, first, args, piped);
      case 'identifier':
        return this.#function(dot, first, command, args, piped);
      case 'variable':
        return this.#variable(dot, first, args, piped);
      case 'pipe':
        this.#refuseArguments(first, args, piped);
        return this.#pipeline(dot, first);
      default:
        this.#at(first);
        this.#refuseArguments(first, args, piped);
        return first.kind === 'nil' ? this.#fail('nil is not a command') : this.#constant(dot, first);
    }
  }

  #refuseArguments(first: Operand, args: readonly Operand[], piped: Piped): void {
    if (args.length > 0 || piped !== NOTHING) {
      this.#fail(`can't give argument to non-function ${nodeText(first)}`);
    }
  }

  #constant(dot: Value, node: Operand): Value {
    switch (node.kind) {
      case 'dot':
        return dot;
      case 'bool':
      case 'string':
        return node.value;
      case 'number':
        return this.#number(node);
      default:
        return this.#fail(`can't evaluate command ${goQuote(nodeText(node))}`);
    }
  }

  #number(node: NumberNode): Value {
    this.#at(node);
    switch (node.ideal) {
      case 'int':
        return node.int;
      case 'float':
        return node.float;
      case 'complex':
        return new GoComplex(node.complex?.[0] ?? 0, node.complex?.[1] ?? 0);
      case 'overflow':
        return this.#fail(`${node.source} overflows int`);
    }
  }

  #field(dot: Value, node: FieldNode, args: readonly Operand[], piped: Piped): Value {
    this.#at(node);
    return this.#path(dot, dot, node, node.path, args, piped);
  }

  #chain(dot: Value, node: ChainNode, args: readonly Operand[], piped: Piped): Value {
    this.#at(node);
    const receiver = this.#argument(dot, undefined, node.of);
    return this.#path(dot, receiver, node, node.path, args, piped);
  }

  #variable(dot: Value, node: VariableNode, args: readonly Operand[], piped: Piped): Value {
    this.#at(node);
    const { value } = this.#find(node.name);
    if (node.path.length === 0) {
      this.#refuseArguments(node, args, piped);
      return value;
    }
    return this.#path(dot, value, node, node.path, args, piped);
  }

  #path(
    dot: Value,
    from: Value,
    node: Operand,
    path: readonly string[],
    args: readonly Operand[],
    piped: Piped,
  ): Value {
    let receiver = from;
    for (const [index, name] of path.entries()) {
      const isLast = index === path.length - 1;
      receiver = this.#member(dot, receiver, name, node, isLast ? args : [], isLast ? piped : NOTHING);
    }
    return receiver;
  }

  #member(
    dot: Value,
    receiver: Value,
    name: string,
    node: Operand,
    args: readonly Operand[],
    piped: Piped,
  ): Value {
    if (receiver === undefined) return undefined;
    if (receiver === null) return this.#fail(`nil pointer evaluating interface {}.${name}`);
    const type = typeOf(receiver);
    const method = type?.methods?.get(name);
    if (method !== undefined && receiver instanceof GoObject) {
      const call = (values: readonly Value[]): Value => method.call(receiver, values, this.#context);
      return this.#call(dot, name, method, call, node, args, piped);
    }
    const hasArguments = args.length > 0 || piped !== NOTHING;
    if (receiver instanceof GoStruct && receiver.fields.has(name)) {
      if (hasArguments) this.#fail(`${name} has arguments but cannot be invoked as function`);
      return receiver.fields.get(name);
    }
    if (receiver instanceof GoMap) {
      if (hasArguments) this.#fail(`${name} is not a method but has arguments`);
      if (receiver.entries.has(name)) return receiver.entries.get(name);
      return this.#options.missingKey === 'zero' ? zeroOf(receiver.type.elem ?? ANY) : undefined;
    }
    return this.#fail(`can't evaluate field ${name} in type ${type?.name ?? 'interface {}'}`);
  }

  #function(dot: Value, node: IdentifierNode, at: Node, args: readonly Operand[], piped: Piped): Value {
    this.#at(node);
    const { name } = node;
    const target = this.#options.overrides?.get(name) ?? this.#options.functions.get(name);
    if (target === undefined) return this.#fail(`${goQuote(name)} is not a defined function`);
    if (name === 'and' || name === 'or') return this.#shortCircuit(dot, name, args, piped);
    const call =
      name === 'call'
        ? (values: readonly Value[]): Value => callValue(values, calleeText(args), this.#context)
        : (values: readonly Value[]): Value => target.call(values, this.#context);
    return this.#call(dot, name, target, call, at, args, piped);
  }

  #shortCircuit(dot: Value, name: 'and' | 'or', args: readonly Operand[], piped: Piped): Value {
    if (args.length === 0 && piped === NOTHING) {
      this.#fail(`wrong number of args for ${name}: want at least 1 got 0`);
    }
    let value: Value;
    for (const arg of args) {
      value = this.#argument(dot, REFLECTED, arg);
      if (isTrue(value) === (name === 'or')) return value;
    }
    return piped === NOTHING ? value : piped;
  }

  #call(
    dot: Value,
    name: string,
    signature: Signature,
    call: (values: readonly Value[]) => Value,
    node: Node,
    args: readonly Operand[],
    piped: Piped,
  ): Value {
    this.#countArguments(name, signature, args.length, piped);
    const { params, variadic } = signature;
    const values: Value[] = [];
    for (const [index, arg] of args.entries()) {
      values.push(this.#argument(dot, params[index] ?? variadic ?? ANY, arg));
    }
    if (piped !== NOTHING) values.push(this.#check(piped, params[values.length] ?? variadic ?? ANY));
    this.#budget.spend(1 + weightOf(values));
    try {
      const result = call(values);
      if (typeof result === 'string') this.#budget.spendText(result.length);
      return result;
    } catch (thrown) {
      if (!(thrown instanceof AppError) || thrown instanceof PlacedError) throw thrown;
      this.#at(node);
      return this.#fail(`error calling ${name}: ${thrown.message}`, thrown);
    }
  }

  #countArguments(name: string, signature: Signature, given: number, piped: Piped): void {
    const total = given + (piped === NOTHING ? 0 : 1);
    const wanted = signature.params.length;
    if (signature.variadic === undefined) {
      if (total !== wanted) this.#fail(`wrong number of args for ${name}: want ${wanted} got ${total}`);
    } else if (total < wanted)
      this.#fail(`wrong number of args for ${name}: want at least ${wanted} got ${given}`);
  }

  // The value of an argument, fit for a parameter of `type`; undefined: anything goes.
  #argument(dot: Value, type: GoType | undefined, node: Operand): Value {
    this.#at(node);
    switch (node.kind) {
      case 'dot':
        return this.#check(dot, type);
      case 'nil':
        if (type === undefined || !canBeNil(type))
          return this.#fail(`cannot assign nil to ${type?.name ?? 'nil'}`);
        return type === REFLECTED ? undefined : null;
      case 'field':
        return this.#check(this.#field(dot, node, [], NOTHING), type);
      case 'variable':
        return this.#check(this.#variable(dot, node, [], NOTHING), type);
      case 'pipe':
        return this.#check(this.#pipeline(dot, node), type);
      case 'identifier':
        return this.#check(this.#function(dot, node, node, [], NOTHING), type);
      case 'chain':
        return this.#check(this.#chain(dot, node, [], NOTHING), type);
      default:
        return this.#literal(type ?? ANY, node);
    }
  }

  // Constants take the type of the parameter if they can.
  #literal(type: GoType, node: Operand): Value {
    switch (type.kind) {
      case 'bool':
        return node.kind === 'bool' && type === BOOL ? node.value : this.#expected('bool', node);
      case 'string':
        return node.kind === 'string' && type === STRING ? node.value : this.#expected('string', node);
      case 'int':
      case 'uint':
        if (node.kind !== 'number' || node.int === undefined) return this.#expected('integer', node);
        return type.name === 'int' ? node.int : new GoInt(type, node.int);
      case 'float':
        return node.kind === 'number' && node.float !== undefined
          ? node.float
          : this.#expected('float', node);
      case 'complex':
        return node.kind === 'number' ? this.#number(node) : this.#expected('complex', node);
      case 'interface':
        return this.#constant(undefined, node);
      default:
        return this.#fail(`can't handle ${nodeText(node)} for arg of type ${type.name}`);
    }
  }

  #expected(what: string, node: Operand): never {
    return this.#fail(`expected ${what}; found ${nodeText(node)}`);
  }

  #check(value: Value, type: GoType | undefined): Value {
    if (type === undefined) return value;
    if (value === undefined) {
      if (type === REFLECTED) return undefined;
      return canBeNil(type) ? null : this.#fail(`invalid value; expected ${type.name}`);
    }
    if (value === null) {
      if (type.kind === 'interface') return value;
      return this.#fail(`wrong type for value; expected ${type.name}; got interface {}`);
    }
    const from = typeOf(value);
    if (from !== undefined && isAssignable(from, type)) return value;
    return this.#fail(`wrong type for value; expected ${type.name}; got ${from?.name ?? 'interface {}'}`);
  }

  #print(node: Node, value: Value): void {
    this.#at(node);
    if (value instanceof GoFunc) this.#fail(`can't print ${nodeText(node)} of type ${value.type.name}`);
    const { escape } = this.#options;
    const text = typeof value === 'string' ? value : this.#printed(value);
    this.#write(escape === undefined ? text : escape(text, value));
  }

  #printed(value: Value): string {
    return value === undefined || value === null ? '<no value>' : sprint([value], this.#budget);
  }

  #write(text: string): void {
    this.#outputLength += text.length;
    this.#budget.spendText(
      this.#outputLength > this.#options.limits.maxOutput ? this.#outputLength : text.length,
    );
    this.#output.push(text);
  }

  #find(name: string): Variable {
    for (let index = this.#variables.length - 1; index >= 0; index--) {
      const variable = this.#variables[index];
      if (variable?.name === name) return variable;
    }
    return this.#fail(`undefined variable: ${name}`);
  }

  #assign(name: string, value: Value): void {
    this.#find(name).value = value;
  }

  #setFromTop(distance: number, value: Value): void {
    const variable = this.#variables.at(-distance);
    if (variable !== undefined) variable.value = value;
  }

  #at(node: Node): void {
    this.#node = node;
  }

  #enter(weight: number): void {
    this.#checkDepth(weight);
    this.#depth += weight;
    this.#budget.spend(1);
  }

  #checkDepth(weight: number): void {
    const { maxDepth } = this.#options.limits;
    if (this.#depth + weight <= maxDepth) return;
    this.#fail(`exceeded maximum template depth (${maxDepth})`, new AppError('limit', 'too deep'));
  }

  #fail(message: string, cause?: AppError): never {
    const name = this.#definition?.unit.name ?? '';
    const place = placeOf(this.#definition?.unit.text ?? '', this.#node?.pos ?? 0);
    const at = quoteNode(this.#node);
    throw new PlacedError(
      cause?.code ?? 'invalid',
      `template: ${name}:${place.line}:${place.column}: executing ${goQuote(this.#definition?.name ?? '')} at <${at}>: ${message}`,
      { facts: { ...cause?.facts, template: name, ...place }, cause },
    );
  }
}

// Most functions walk through their texts once.
function weightOf(values: readonly Value[]): number {
  let weight = 0;
  for (const value of values) if (typeof value === 'string') weight += value.length >> 5;
  return weight;
}

/** Longest quotation of a node in an error. */
const MAX_QUOTED_NODE = 500;

function quoteNode(node: Node | undefined): string {
  const text = node === undefined ? '' : nodeText(node);
  return text.length > MAX_QUOTED_NODE ? `${text.slice(0, MAX_QUOTED_NODE)}…` : text;
}

const calleeText = (args: readonly Operand[]): string => (args[0] === undefined ? '' : nodeText(args[0]));
