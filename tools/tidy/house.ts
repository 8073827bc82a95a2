/**
 * @module tools/tidy/house
 *
 * What the architecture test reads: every tracked file, parsed once, and every package with its layer. The
 * rules (one file each) are pure functions of this, so that a test can plant a sin and see it found.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const layers = ['kernel', 'contract', 'domain', 'service', 'adapter', 'app', 'test'] as const;
export type Layer = (typeof layers)[number];

/** Lower may never import higher; services and apps never each other. */
export const mayImport: Readonly<Record<Layer, readonly Layer[]>> = {
  kernel: ['kernel'],
  contract: ['kernel', 'contract'],
  domain: ['kernel', 'domain'],
  service: ['kernel', 'contract', 'domain'],
  adapter: ['kernel', 'contract', 'domain', 'service', 'adapter'],
  app: ['kernel', 'contract', 'domain', 'service', 'adapter'],
  test: ['kernel', 'contract', 'domain', 'service', 'adapter', 'test'],
};
/** Run in the simulator under virtual time, and partly in a browser. */
export const pureLayers: ReadonlySet<Layer> = new Set<Layer>(['kernel', 'domain', 'service']);

export interface Package {
  readonly name: string;
  /** `libs/kernel` */
  readonly root: string;
  readonly layer: Layer;
  /** npm packages, ours left out. */
  readonly dependencies: readonly string[];
  /** Files that `exports` names as source. */
  readonly entries: readonly string[];
}

export interface SourceFile {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  readonly text: string;
}

export interface House {
  readonly files: readonly SourceFile[];
  readonly packages: readonly Package[];
}

export interface Finding {
  /** `libs/model/src/a.ts:12` */
  readonly where: string;
  readonly what: string;
}

export const rootDir: string = join(dirname(fileURLToPath(import.meta.url)), '../..');

const textFiles =
  /\.(?:ts|tsx|mjs|js|json|md|ya?ml|proto|sh|ini|conf|txt|html|css|tmpl|toml)$|(?:^|\/)(?:\.[a-z.]+|run|LICENSE|Dockerfile)$/;
/** Recorded data and lists of versions: not ours to style. */
const skipped = /(?:^|\/)(?:testdata|node_modules|out-tsc|dist)\/|package-lock\.json$/;

export function readHouse(root: string = rootDir): House {
  const files = trackedPaths(root)
    .filter((path) => textFiles.test(path) && !skipped.test(path))
    .filter((path) => existsSync(join(root, path)) && statSync(join(root, path)).isFile())
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
  return { files, packages: packagesOf(files) };
}

/** Tracked, or about to be: what the ignore files leave. */
function trackedPaths(root: string): readonly string[] {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  return execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
    .split('\0')
    .filter((path) => path !== '');
}

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly nx?: { readonly tags?: readonly string[] };
}

export function packagesOf(files: readonly SourceFile[]): readonly Package[] {
  return files
    .filter(({ path }) => /^(?:(?:libs|apps)\/[^/]+|tools|e2e)\/package\.json$/.test(path))
    .map(({ path, text }): Package => {
      const manifest = JSON.parse(text) as Manifest;
      const root = dirname(path);
      const layer = layers.find((each) => manifest.nx?.tags?.includes(`layer:${each}`) === true);
      if (layer === undefined) throw new Error(`${path}: has no layer tag`);
      const dependencies = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies });
      return {
        name: manifest.name,
        root,
        layer,
        dependencies: dependencies.filter((name) => !name.startsWith('@tocsin/')),
        entries: Object.values(manifest.exports ?? {}).flatMap((entry) => sourceOf(root, entry)),
      };
    });
}

function sourceOf(root: string, entry: unknown): readonly string[] {
  const source: unknown =
    typeof entry === 'object' && entry !== null ? Reflect.get(entry, '@tocsin/source') : undefined;
  return typeof source === 'string' ? [join(root, source)] : [];
}

/** Contracts are tests that several implementations run. */
export const isTest = (path: string): boolean => /\.(?:test|contract)\.tsx?$|\/bench\//.test(path);
export const isCode = (path: string): boolean =>
  /\.(?:ts|tsx|mjs)$/.test(path) && !/\.gen\.(?:d\.)?[jt]s$/.test(path);

export function packageOf(house: House, path: string): Package | undefined {
  return house.packages.find(({ root }) => path.startsWith(`${root}/`));
}

export interface Import {
  readonly specifier: string;
  readonly line: number;
}

const trees = new WeakMap<SourceFile, ts.SourceFile>();

export function treeOf(file: SourceFile): ts.SourceFile {
  let tree = trees.get(file);
  if (tree === undefined)
    trees.set(file, (tree = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, true)));
  return tree;
}

export const lineOf = (tree: ts.SourceFile, node: ts.Node): number =>
  tree.getLineAndCharacterOfPosition(node.getStart()).line + 1;

/** Static and dynamic imports, re-exports, and files named as `new URL('./x.ts', import.meta.url)`. */
export function importsOf(file: SourceFile): readonly Import[] {
  const tree = treeOf(file);
  const found: Import[] = [];
  const keep = (node: ts.Node | undefined): void => {
    if (node !== undefined && ts.isStringLiteralLike(node))
      found.push({ specifier: node.text, line: lineOf(tree, node) });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) keep(node.moduleSpecifier);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      keep(node.arguments[0]);
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) keep(node.argument.literal);
    if (
      ts.isNewExpression(node) &&
      node.expression.getText() === 'URL' &&
      /^\.\.?\//.test(literalOf(node.arguments?.[0]))
    )
      keep(node.arguments?.[0]);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

const literalOf = (node: ts.Node | undefined): string =>
  node !== undefined && ts.isStringLiteralLike(node) ? node.text : '';
