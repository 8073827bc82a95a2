/**
 * @module runtime/yaml
 *
 * YAML as the Go parser of the peers reads it: version 1.1, only the first document, merge keys. The
 * `yaml` package parses; what a scalar means is left to the reader, so nothing is resolved here
 * (`toJS()` would turn 007 into 7 and 12:30 into 750).
 *
 * The package ends the whole process on deep nesting, past any try/catch, and follows aliases at
 * quadratic cost. So depth is measured on its token stream before it parses, and anchors, aliases,
 * merge keys and repeated keys are handled here, each in linear time and with a limit.
 */
import {
  InvariantError,
  isWellFormed,
  Mistakes,
  utf8Length,
  type DocEntry,
  type DocNode,
  type Position,
  type ReadDocument,
} from '@tocsin/kernel';
import {
  Composer,
  CST,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  Parser,
  type Document,
  type ParsedNode,
} from 'yaml';

/** Bytes of a document. */
export const MAX_YAML_BYTES: number = 4 * 1024 * 1024;
/** Collections inside each other, aliases followed. */
export const MAX_YAML_DEPTH = 100;
/** Nodes that stand in the result by alias or merge key: a short text can name billions. */
export const MAX_ALIASED_NODES = 100_000;
/** Mistakes told about one text. */
const MAX_YAML_MISTAKES = 20;
/** The package quotes the text it can't read, however long. */
const MAX_MESSAGE = 200;

/** Implements the port of the kernel. An empty document is an empty plain scalar. */
export const readYaml: ReadDocument = (text) => {
  const bytes = utf8Length(text);
  if (bytes > MAX_YAML_BYTES)
    fail({ line: 1, column: 1 }, `document of ${bytes} bytes: at most ${MAX_YAML_BYTES} are allowed`);
  checkDepth(text);
  const lines = new LineCounter();
  const document = firstDocument(text, lines);
  if (document === undefined) return { kind: 'scalar', text: '', isPlain: true, line: 1, column: 1 };
  checkDocument(document, lines);
  return new Walk(lines).read(document.contents, 0).node;
};

function fail(at: Position, message: string): never {
  const mistakes = new Mistakes();
  mistakes.add(at, '', message);
  mistakes.throwIfAny();
  throw new InvariantError('a mistake was added, so it must have been thrown');
}

const positionOf = (lines: LineCounter, offset: number): Position => {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
};

function firstDocument(text: string, lines: LineCounter): Document.Parsed<ParsedNode> | undefined {
  const composer = new Composer<ParsedNode>({
    version: '1.1',
    schema: 'failsafe',
    merge: true,
    uniqueKeys: false,
    prettyErrors: false,
  });
  // A generator: what comes after the first document is never parsed.
  for (const document of composer.compose(new Parser(lines.addNewLine).parse(text))) return document;
  return undefined;
}

function checkDocument(document: Document.Parsed<ParsedNode>, lines: LineCounter): void {
  const mistakes = new Mistakes();
  const { yaml } = document.directives;
  if (yaml.explicit === true && yaml.version !== '1.1') {
    mistakes.add({ line: 1, column: 1 }, '', `YAML version ${yaml.version} is not supported, expected 1.1`);
  }
  // A tag that nobody knows is only a warning to the package.
  for (const problem of [...document.errors, ...document.warnings].slice(0, MAX_YAML_MISTAKES)) {
    mistakes.add(positionOf(lines, problem.pos[0]), '', problem.message.slice(0, MAX_MESSAGE));
  }
  mistakes.throwIfAny();
}

/**
 * Refuses a text whose collections lie deeper than the limit, before it is parsed. Flow collections
 * are counted by their brackets, block collections by the columns at which they can begin: a list may
 * share the column of the map around it, so the true depth is at most twice what is counted, and
 * `Walk` has the last word.
 */
function checkDepth(text: string): void {
  const columns: number[] = [];
  let flow = 0;
  let line = 1;
  let column = 0;
  let canBegin = true;
  for (const token of new Lexer().lex(text)) {
    const type = CST.tokenType(token);
    if (type === 'newline') {
      canBegin = true;
    } else if (type === 'flow-map-start' || type === 'flow-seq-start') flow++;
    else if (type === 'flow-map-end' || type === 'flow-seq-end') flow = Math.max(0, flow - 1);
    else if (flow === 0 && !INERT.has(type ?? '')) {
      if (canBegin) enter(columns, column);
      canBegin = INDICATORS.has(type ?? '');
    }
    // One more, because a scalar that shares a line with what holds it has a column of its own.
    if (columns.length + flow > MAX_YAML_DEPTH + 1) {
      fail({ line, column: column + 1 }, `nested deeper than ${MAX_YAML_DEPTH} levels`);
    }
    if (CONTROL.has(type ?? '')) continue;
    const newline = token.lastIndexOf('\n');
    if (newline < 0) column += token.length;
    else {
      line += token.split('\n').length - 1;
      column = token.length - newline - 1;
    }
  }
}

function enter(columns: number[], column: number): void {
  while ((columns.at(-1) ?? -1) > column) columns.pop();
  if (columns.at(-1) !== column) columns.push(column);
}

// Tokens that begin nothing; the control tokens of the lexer have no source text.
const CONTROL: ReadonlySet<string> = new Set(['doc-mode', 'flow-error-end', 'scalar', 'byte-order-mark']);
const INERT: ReadonlySet<string> = new Set([
  ...CONTROL,
  'space',
  'comment',
  'doc-start',
  'doc-end',
  'directive-line',
]);
const INDICATORS: ReadonlySet<string> = new Set(['seq-item-ind', 'explicit-key-ind', 'map-value-ind']);

/** A node of the result with what it weighs when aliases are followed. */
interface Read {
  readonly node: DocNode;
  readonly size: number;
  /** Levels of collections, itself included; a scalar has none. */
  readonly depth: number;
}

/** One walk through a document, in the order of the text, so that an alias means the anchor before it. */
class Walk {
  readonly #lines: LineCounter;
  readonly #anchors = new Map<string, Read | 'open'>();
  #aliased = 0;

  constructor(lines: LineCounter) {
    this.#lines = lines;
  }

  /** `levels`: collections around this node. */
  read(node: ParsedNode | null, levels: number, around: Position = { line: 1, column: 1 }): Read {
    if (node === null) {
      const { line, column } = around;
      return { node: { kind: 'scalar', text: '', isPlain: true, line, column }, size: 1, depth: 0 };
    }
    const at = positionOf(this.#lines, node.range[0]);
    if (isAlias(node)) return this.#follow(node.source, at, levels);
    const anchor = node.anchor;
    if (anchor !== undefined) this.#anchors.set(anchor, 'open');
    const read = this.#readValue(node, at, levels);
    if (anchor !== undefined) this.#anchors.set(anchor, read);
    return read;
  }

  #readValue(
    node: Exclude<ParsedNode, { source: string; range: never }>,
    at: Position,
    levels: number,
  ): Read {
    if (isScalar(node)) return this.#readScalar(node, at);
    this.#checkLevels(at, levels + 1);
    if (isMap(node)) return this.#readMap(node.items, at, levels);
    if (!isSeq(node)) fail(at, 'expected a scalar, a list or a map');
    const items: DocNode[] = [];
    let size = 1;
    let depth = 0;
    for (const item of node.items) {
      const read = this.read(item, levels + 1, at);
      items.push(read.node);
      size += read.size;
      depth = Math.max(depth, read.depth);
    }
    return { node: { kind: 'list', items, ...at }, size, depth: depth + 1 };
  }

  #readScalar(node: ParsedNode & { readonly source?: string; readonly value?: unknown }, at: Position): Read {
    const text = typeof node.value === 'string' ? node.value : (node.source ?? '');
    if (!isWellFormed(text)) fail(at, 'text with half a surrogate pair is not valid Unicode');
    // `!!str 5` is a string as "5" is.
    const isPlain = isScalar(node) && node.type === 'PLAIN' && node.tag === undefined;
    return { node: { kind: 'scalar', text, isPlain, ...at }, size: 1, depth: 0 };
  }

  #readMap(
    pairs: readonly { readonly key: unknown; readonly value: unknown }[],
    at: Position,
    levels: number,
  ): Read {
    const own = new Map<string, DocEntry>();
    const merged = new Map<string, DocEntry>();
    let size = 1;
    let depth = 0;
    for (const pair of pairs) {
      const key = this.read(pair.key as ParsedNode | null, levels + 1, at).node;
      if (key.kind !== 'scalar') fail(key, `expected a plain key, found a ${key.kind}`);
      const value = this.read(pair.value as ParsedNode | null, levels + 1, key);
      size += value.size;
      depth = Math.max(depth, value.depth);
      if (key.text === '<<' && key.isPlain) {
        this.#merge(value.node, merged);
        continue;
      }
      if (own.has(key.text)) fail(key, `key ${JSON.stringify(key.text)} is already set in this map`);
      own.set(key.text, { key: key.text, value: value.node, line: key.line, column: key.column });
    }
    for (const [name, entry] of merged) if (!own.has(name)) own.set(name, entry);
    return { node: { kind: 'map', entries: [...own.values()], ...at }, size, depth: depth + 1 };
  }

  // Of several maps the first that has a key gives it.
  #merge(value: DocNode, into: Map<string, DocEntry>): void {
    for (const source of value.kind === 'list' ? value.items : [value]) {
      if (source.kind !== 'map')
        fail(source, `a merge key needs a map or a list of maps, found a ${source.kind}`);
      this.#countAliased(source, source.entries.length);
      for (const entry of source.entries) if (!into.has(entry.key)) into.set(entry.key, entry);
    }
  }

  #follow(name: string, at: Position, levels: number): Read {
    const target = this.#anchors.get(name);
    if (target === undefined) fail(at, `unknown anchor ${JSON.stringify(name)}`);
    if (target === 'open') fail(at, `anchor ${JSON.stringify(name)} contains itself`);
    this.#countAliased(at, target.size);
    this.#checkLevels(at, levels + target.depth);
    return target;
  }

  #countAliased(at: Position, nodes: number): void {
    this.#aliased += nodes;
    if (this.#aliased > MAX_ALIASED_NODES) fail(at, `aliases unfold to more than ${MAX_ALIASED_NODES} nodes`);
  }

  #checkLevels(at: Position, levels: number): void {
    if (levels > MAX_YAML_DEPTH) fail(at, `nested deeper than ${MAX_YAML_DEPTH} levels`);
  }
}
