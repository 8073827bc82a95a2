/** Files that nothing reaches, and tests that shut the others up. */
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { importsOf, isCode, isTest, lineOf, treeOf } from './house.ts';
import type { Finding, House, SourceFile } from './house.ts';

/**
 * A code file is alive when an entry reaches it: an export of its package, a main, a worker, a test, a
 * conformance set (loaded by folder), or a path that a script, a tool or a configuration names.
 */
export function deadFileFindings(house: House): readonly Finding[] {
  // Generated code imports too, but only what people wrote can be dead.
  const files = house.files.filter(({ path }) => isCode(path) || path.endsWith('.gen.ts'));
  const code = new Map(files.map((file) => [file.path, file]));
  const naming = house.files
    .filter(({ path }) => /(?:package\.json|\.mjs|^\.ci\/.*|vitest\.config\.ts)$/.test(path))
    .map(({ text }) => text)
    .join('\n');
  const alive = new Set<string>();
  const waiting = [...code.keys()].filter((path) => isEntry(house, path) || naming.includes(path));
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const file = code.get(path);
    if (file === undefined || alive.has(path)) continue;
    alive.add(path);
    for (const { specifier } of importsOf(file))
      if (specifier.startsWith('.')) waiting.push(...targetsOf(path, specifier));
  }
  return [...code.keys()]
    .filter((path) => isCode(path) && !alive.has(path))
    .map((where) => ({ where, what: 'nothing imports this file' }));
}

function isEntry(house: House, path: string): boolean {
  if (house.packages.some(({ entries }) => entries.includes(path))) return true;
  return (
    isTest(path) ||
    /(?:\/src\/main\.ts|\/settings\.ts|-worker\.ts|\.config\.(?:ts|mjs)|\.mjs|\.d\.ts)$/.test(path) ||
    path.startsWith('tools/conformance/sets/')
  );
}

/** A worker's URL names the JavaScript file that the bundle has. */
const targetsOf = (from: string, specifier: string): readonly string[] => {
  const target = join(dirname(from), specifier);
  return [target, target.replace(/\.js$/, '.ts')];
};

/** `it.only` and its kin: a green run that ran nothing. */
export function focusedTestFindings(house: House): readonly Finding[] {
  return house.files.filter(({ path }) => isTest(path) && isCode(path)).flatMap(focusedIn);
}

function focusedIn(file: SourceFile): readonly Finding[] {
  const tree = treeOf(file);
  const findings: Finding[] = [];
  const visit = (node: ts.Node): void => {
    const isOnly =
      ts.isPropertyAccessExpression(node) &&
      node.name.text === 'only' &&
      /^(?:it|test|describe|suite)(?:\.(?:concurrent|sequential|fails))*$/.test(node.expression.getText());
    const isFocused =
      ts.isCallExpression(node) && /^(?:fit|fdescribe|ftest)$/.test(node.expression.getText());
    if (isOnly || isFocused)
      findings.push({ where: `${file.path}:${lineOf(tree, node)}`, what: 'runs only this test' });
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return findings;
}
