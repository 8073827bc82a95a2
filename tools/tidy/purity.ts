/**
 * Below the adapters, time and chance come through a seam, or the simulator is a lie. The compiler refuses
 * what is Node's; these belong to the language itself.
 */
import ts from 'typescript';
import { isCode, isTest, lineOf, packageOf, pureLayers, treeOf } from './house.ts';
import type { Finding, House, SourceFile } from './house.ts';

const globals: ReadonlyMap<string, string> = new Map([
  ['process', 'take what it offers through a seam'],
  ['Buffer', 'use Uint8Array and the kernel’s UTF-8'],
  ['performance', 'take a Clock'],
  ['setTimeout', 'take Timers'],
  ['setInterval', 'take Timers'],
  ['setImmediate', 'take Timers'],
  ['queueMicrotask', 'take Timers'],
  ['AbortSignal', 'take Timers'],
  ['fetch', 'take HttpOut'],
  ['console', 'take a Logger'],
  ['randomUUID', 'take Random'],
  ['WeakRef', 'garbage collection must not be observable'],
  ['FinalizationRegistry', 'garbage collection must not be observable'],
]);

const members: ReadonlyMap<string, string> = new Map([
  ['Date.now', 'take a Clock, or now as a parameter'],
  ['Math.random', 'take Random'],
  ['crypto.randomUUID', 'take Random'],
]);

/** Of any object: their results depend on the machine's language or time zone. */
const methods: ReadonlyMap<string, string> = new Map([
  ['localeCompare', 'use compareUtf8'],
  ...[
    'toLocaleString',
    'toLocaleDateString',
    'toLocaleTimeString',
    'toLocaleUpperCase',
    'toLocaleLowerCase',
  ].map((name) => [name, 'its result depends on the machine’s language'] as const),
  ...[
    'getFullYear',
    'getMonth',
    'getDate',
    'getDay',
    'getHours',
    'getMinutes',
    'getSeconds',
    'getTimezoneOffset',
  ].map((name) => [name, 'its result depends on the machine’s time zone; use the getUTC form'] as const),
]);

export function purityFindings(house: House): readonly Finding[] {
  return house.files
    .filter(({ path }) => isCode(path) && !isTest(path))
    .filter(({ path }) => {
      const own = packageOf(house, path);
      return own !== undefined && pureLayers.has(own.layer);
    })
    .flatMap(findingsOf);
}

function findingsOf(file: SourceFile): readonly Finding[] {
  const tree = treeOf(file);
  const findings: Finding[] = [];
  const visit = (node: ts.Node): void => {
    const what = sinOf(node);
    if (what !== undefined) findings.push({ where: `${file.path}:${lineOf(tree, node)}`, what });
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return findings;
}

function sinOf(node: ts.Node): string | undefined {
  if (
    ts.isNewExpression(node) &&
    node.expression.getText() === 'Date' &&
    (node.arguments?.length ?? 0) === 0
  ) {
    return 'new Date() is banned here: take a Clock, or now as a parameter';
  }
  if (ts.isCallExpression(node) && isDefaultSort(node))
    return 'sorts by UTF-16 units; pass compareUtf8, or a comparison of numbers';
  if (ts.isPropertyAccessExpression(node)) {
    const path = `${node.expression.getText()}.${node.name.text}`;
    const why = members.get(path) ?? methods.get(node.name.text);
    return why === undefined
      ? undefined
      : `${members.has(path) ? path : node.name.text} is banned here: ${why}`;
  }
  if (ts.isIdentifier(node) && globals.has(node.text) && isReference(node))
    return `${node.text} is banned here: ${globals.get(node.text)}`;
  return undefined;
}

/** What peers hash and compare is in the order of the UTF-8 bytes. */
function isDefaultSort({ expression, arguments: given }: ts.CallExpression): boolean {
  return (
    given.length === 0 &&
    ts.isPropertyAccessExpression(expression) &&
    /^(?:sort|toSorted)$/.test(expression.name.text)
  );
}

/** A use of the name, not a field, parameter or declaration that happens to be called so. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  if (ts.isCallExpression(parent) || ts.isNewExpression(parent)) return true;
  return ts.isVariableDeclaration(parent) ? parent.initializer === node : ts.isTypeReferenceNode(parent);
}
