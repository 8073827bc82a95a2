/**
 * The house itself: what a linter can't see, or can be told to skip. Reads every tracked file; guards only
 * what would make the product wrong if it slipped.
 */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { deadFileFindings, focusedTestFindings } from './dead-files.ts';
import { dependencyPageFindings, linkFindings, traceFindings } from './documents.ts';
import { packagesOf, readHouse, rootDir } from './house.ts';
import type { Finding, House } from './house.ts';
import { dependencyFindings, layerFindings } from './layers.ts';
import { purityFindings } from './purity.ts';

const house = readHouse();
const show = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ where, what }) => `${where}: ${what}`);

function registryHosts(): readonly string[] {
  const args = ['config', 'get', 'registry'];
  const { host } = new URL(
    execFileSync('npm', args, { cwd: rootDir, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim(),
  );
  // Everybody's registry may be named; a mirror of one machine may not.
  return host === 'registry.npmjs.org' ? [] : [host];
}

describe('this repository', () => {
  it('imports downwards only, and nothing that a package does not declare', () =>
    expect(show(layerFindings(house))).toEqual([]));
  it('takes time, chance and the world through seams below the adapters', () =>
    expect(show(purityFindings(house))).toEqual([]));
  it('hides each npm package in one lib that uses it', () =>
    expect(show(dependencyFindings(house))).toEqual([]));
  it('has no dead files', () => expect(show(deadFileFindings(house))).toEqual([]));
  it('has no test that shuts the others up', () => expect(show(focusedTestFindings(house))).toEqual([]));
  it('has no broken link in its documents', () => expect(show(linkFindings(house))).toEqual([]));
  it('names no path and no registry of one machine', () =>
    expect(show(traceFindings(house, registryHosts()))).toEqual([]));
  it('gives a reason for each dependency', () => expect(show(dependencyPageFindings(house))).toEqual([]));
});

/** A house of three packages with the given files besides. */
function plant(files: Readonly<Record<string, string>>): House {
  const manifest = (
    name: string,
    layer: string,
    dependencies: Readonly<Record<string, string>> = {},
  ): string =>
    JSON.stringify({
      name,
      dependencies,
      exports: { '.': { '@tocsin/source': './src/index.ts' } },
      nx: { tags: [`layer:${layer}`] },
    });
  const all = Object.entries({
    'libs/model/package.json': manifest('@tocsin/model', 'domain', { re2js: '1' }),
    'libs/runtime/package.json': manifest('@tocsin/runtime', 'adapter'),
    'libs/scheduler-service/package.json': manifest('@tocsin/scheduler-service', 'service'),
    'libs/model/src/index.ts': 'export { RE2JS } from "re2js";',
    ...files,
  }).map(([path, text]) => ({ path, text }));
  return { files: all, packages: packagesOf(all) };
}

describe('the rules find what is planted', () => {
  it.each([
    ["import { a } from '@tocsin/runtime';", 'layer domain must not import @tocsin/runtime of layer adapter'],
    [
      "export * from '@tocsin/scheduler-service';",
      'layer domain must not import @tocsin/scheduler-service of layer service',
    ],
    ["const a = await import('node:fs');", 'layer domain must not import node:fs; take a seam'],
    ["import pg from 'pg';", 'imports pg, which libs/model/package.json does not declare'],
    [
      "import { a } from '../../runtime/src/a.ts';",
      'imports ../../runtime/src/a.ts, which is outside its package; import the package by name',
    ],
  ])('layers: %s', (text, what) => {
    expect(layerFindings(plant({ 'libs/model/src/a.ts': text }))).toEqual([
      { where: 'libs/model/src/a.ts:1', what },
    ]);
  });

  it('layers: what is allowed is not found', () => {
    expect(
      layerFindings(
        plant({
          'libs/runtime/src/a.ts': "import 'node:fs'; import { x } from '@tocsin/model'; import './b.ts';",
          'libs/model/src/a.ts': "import { RE2JS } from 're2js/x'; import './b.ts';",
          'libs/model/src/a.test.ts': "import 'node:fs'; import 'vitest';",
        }),
      ),
    ).toEqual([]);
  });

  it.each([
    'const a = Date.now();',
    'const a = new Date();',
    'const a = Math.random();',
    'const a = performance.now();',
    'setTimeout(run, 1);',
    'const run = setImmediate;',
    'const a = process.env;',
    'const a = x.localeCompare(y);',
    'const a = x.toLocaleString();',
    'const a = new Date(5).getHours();',
    'const a = AbortSignal.timeout(5);',
    'const a = new WeakRef(x);',
    'const a: WeakRef<object> = x;',
    'const a = Buffer.from(x);',
    'console.log(1);',
    'const a = names.toSorted();',
  ])('purity: %s', (text) => {
    const at = (path: string): readonly Finding[] => purityFindings(plant({ [path]: text }));
    expect(at('libs/model/src/a.ts')).toHaveLength(1);
    expect(at('libs/scheduler-service/src/a.ts')).toHaveLength(1);
    expect(at('libs/runtime/src/a.ts')).toEqual([]);
    expect(at('libs/model/src/a.test.ts')).toEqual([]);
  });

  it('purity: comments, texts, fields and parameters of such names are innocent', () => {
    const text =
      "// Date.now()\nconst a = { process: 'Date.now', fetch(process: string) { return this.fetch(process.length); } }; new Date(5).getUTCHours();";
    expect(purityFindings(plant({ 'libs/model/src/a.ts': text.replace('process.length', 'x') }))).toEqual([]);
  });

  it('dependencies: two homes, and none that is used', () => {
    const manifest = JSON.stringify({
      name: '@tocsin/storage',
      dependencies: { re2js: '1' },
      nx: { tags: ['layer:adapter'] },
    });
    expect(
      dependencyFindings(plant({ 'libs/storage/package.json': manifest })).map(({ what }) => what),
    ).toEqual([
      're2js already belongs to libs/model; one lib hides it',
      'declares re2js and never imports it',
    ]);
  });

  it('dead files: only what an entry reaches is alive', () => {
    const files = {
      'libs/model/src/index.ts': "export * from './a.ts';",
      'libs/model/src/a.ts': "new URL('./b.js', import.meta.url);",
      'libs/model/src/b.ts': '',
      'libs/model/src/dead.ts': "import './deader.ts';",
      'libs/model/src/deader.ts': '',
      'libs/model/src/only-tested.test.ts': "import './fixture.ts';",
      'libs/model/src/fixture.ts': '',
      'apps/x/src/main.ts': '',
    };
    expect(deadFileFindings(plant(files)).map(({ where }) => where)).toEqual([
      'libs/model/src/dead.ts',
      'libs/model/src/deader.ts',
    ]);
  });

  it('focused tests', () => {
    const text =
      "it.only('a', run); describe.only('b', run); test.skip('c', run); fdescribe('d', run); test.receiver.only('e'); set.only('f'); bench.only.answer();";
    expect(focusedTestFindings(plant({ 'libs/model/src/a.test.ts': text }))).toHaveLength(3);
  });

  it('links: files, folders and anchors', () => {
    const text =
      '# A b-c!\n[ok](../README.md) [ok](#a-b-c) [ok](https://x.y/z) [ok](../libs/model) `[code](nowhere)`\n[bad](none.md) [bad](#none) [bad](../../out.md)';
    const found = linkFindings(plant({ 'docs/a.md': text, 'README.md': '' }));
    expect(found.map(({ where, what }) => `${where} ${what}`)).toEqual([
      'docs/a.md:3 none.md leads nowhere',
      'docs/a.md:3 #none: no heading makes #none',
      'docs/a.md:3 ../../out.md leads out of the repository',
    ]);
  });

  it('traces of one machine', () => {
    const text = ['see "/', 'home/ada/x" and /srv/ok and https://mirror.corp/x'].join('');
    expect(traceFindings(plant({ 'a.md': text }), ['mirror.corp'])).toHaveLength(2);
  });

  it('the page of dependencies: a missing row and a row too many', () => {
    const page = '| Package | Why |\n| --- | --- |\n| `left-pad` | none |\n';
    expect(
      dependencyPageFindings(plant({ 'docs/reference/dependencies.md': page })).map(({ what }) => what),
    ).toEqual([
      're2js has no row in docs/reference/dependencies.md',
      'left-pad is not a dependency any more',
    ]);
  });
});
