/**
 * The tree of a parsed template. Positions are offsets into the text, in UTF-16 units; error
 * messages turn them into line and byte column. `nodeText` writes a node in its normal form,
 * which is what messages quote.
 */
import { goQuote } from '@tocsin/model';

export interface TextNode {
  readonly kind: 'text';
  readonly pos: number;
  readonly text: string;
}

export interface ActionNode {
  readonly kind: 'action';
  readonly pos: number;
  readonly pipe: PipeNode;
}

export interface BranchNode {
  readonly kind: 'if' | 'with' | 'range';
  readonly pos: number;
  readonly pipe: PipeNode;
  readonly body: readonly Statement[];
  readonly otherwise: readonly Statement[] | undefined;
}

export interface TemplateNode {
  readonly kind: 'template';
  readonly pos: number;
  readonly name: string;
  readonly pipe: PipeNode | undefined;
}

export interface JumpNode {
  readonly kind: 'break' | 'continue';
  readonly pos: number;
}

export type Statement = TextNode | ActionNode | BranchNode | TemplateNode | JumpNode;

export interface PipeNode {
  readonly kind: 'pipe';
  readonly pos: number;
  readonly declared: readonly string[];
  /** `=` instead of `:=`. */
  readonly isAssign: boolean;
  readonly commands: readonly CommandNode[];
}

export interface CommandNode {
  readonly kind: 'command';
  readonly pos: number;
  readonly args: readonly Operand[];
}

export interface IdentifierNode {
  readonly kind: 'identifier';
  readonly pos: number;
  readonly name: string;
}

export interface FieldNode {
  readonly kind: 'field';
  readonly pos: number;
  readonly path: readonly string[];
}

export interface VariableNode {
  readonly kind: 'variable';
  readonly pos: number;
  /** With the dollar sign. */
  readonly name: string;
  readonly path: readonly string[];
}

/** `(pipeline).Field.Field`, also a function's result. */
export interface ChainNode {
  readonly kind: 'chain';
  readonly pos: number;
  readonly of: Operand;
  readonly path: readonly string[];
}

export interface DotNode {
  readonly kind: 'dot' | 'nil';
  readonly pos: number;
}

export interface BoolNode {
  readonly kind: 'bool';
  readonly pos: number;
  readonly value: boolean;
}

export interface StringNode {
  readonly kind: 'string';
  readonly pos: number;
  readonly value: string;
  /** With its quotes. */
  readonly source: string;
}

/** A constant can be several things at once: `1e3` is an integer where one is asked for. */
export interface NumberNode {
  readonly kind: 'number';
  readonly pos: number;
  readonly source: string;
  readonly int: bigint | undefined;
  readonly float: number | undefined;
  readonly complex: readonly [real: number, imaginary: number] | undefined;
  /** What it is when nothing else decides. */
  readonly ideal: 'int' | 'float' | 'complex' | 'overflow';
}

export type Operand =
  | IdentifierNode
  | FieldNode
  | VariableNode
  | ChainNode
  | DotNode
  | BoolNode
  | StringNode
  | NumberNode
  | PipeNode;

export type Node = Statement | Operand | CommandNode;

/** One `{{define}}`, or the main text. */
export interface Definition {
  readonly name: string;
  /** The text it was cut from, for positions. */
  readonly unit: Unit;
  readonly body: readonly Statement[];
}

/** One parsed text: what messages call it, and where lines begin. */
export interface Unit {
  readonly name: string;
  readonly text: string;
}

export function nodeText(node: Node): string {
  switch (node.kind) {
    case 'text':
      return node.text;
    case 'action':
      return `{{${nodeText(node.pipe)}}}`;
    case 'if':
    case 'with':
    case 'range':
      return branchText(node);
    case 'template':
      return `{{template ${goQuote(node.name)}${node.pipe === undefined ? '' : ` ${nodeText(node.pipe)}`}}}`;
    case 'break':
    case 'continue':
      return `{{${node.kind}}}`;
    case 'pipe':
      return pipeText(node);
    case 'command':
      return node.args.map(argumentText).join(' ');
    case 'identifier':
      return node.name;
    case 'field':
      return pathText(node.path);
    case 'variable':
      return node.name + pathText(node.path);
    case 'chain':
      return argumentText(node.of) + pathText(node.path);
    case 'dot':
      return '.';
    case 'nil':
      return 'nil';
    case 'bool':
      return String(node.value);
    case 'string':
    case 'number':
      return node.source;
  }
}

const argumentText = (node: Operand): string =>
  node.kind === 'pipe' ? `(${nodeText(node)})` : nodeText(node);
const pathText = (path: readonly string[]): string => path.map((name) => `.${name}`).join('');

function branchText(node: BranchNode): string {
  const body = node.body.map(nodeText).join('');
  const otherwise = node.otherwise === undefined ? '' : `{{else}}${node.otherwise.map(nodeText).join('')}`;
  return `{{${node.kind} ${nodeText(node.pipe)}}}${body}${otherwise}{{end}}`;
}

function pipeText(node: PipeNode): string {
  const declared =
    node.declared.length === 0 ? '' : `${node.declared.join(', ')} ${node.isAssign ? '=' : ':='} `;
  return declared + node.commands.map(nodeText).join(' | ');
}
