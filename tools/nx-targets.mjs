// A workspace-local Nx plugin: every package gets the same targets, so that a package is nothing but
// package.json, tsconfig.json and src/.
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const tsc = 'node ../../node_modules/typescript-native/bin/tsc -b';
const oxlint = (root, paths) => `oxlint -c ${root}.oxlintrc.json --type-aware --deny-warnings ${paths}`;
const inPackage = (command) => ({ command, options: { cwd: '{projectRoot}' } });

function librarySuite(root) {
  return {
    build: inPackage(tsc),
    lint: inPackage(oxlint('../../', 'src')),
    test: { command: `vitest run --project ${basename(root)} --passWithNoTests` },
  };
}

function appSuite(root, hasMain) {
  return {
    build: inPackage(tsc),
    lint: inPackage(oxlint('../../', 'src')),
    test: { command: `vitest run --project ${basename(root)}-app --passWithNoTests` },
    ...(hasMain && {
      bundle: {
        ...inPackage('node ../../tools/bundle.mjs'),
        outputs: [`{workspaceRoot}/dist/${root}`],
      },
    }),
  };
}

function testSuite(root) {
  return {
    lint: inPackage(oxlint('../', '.')),
    [root === 'e2e' ? 'e2e' : 'test']: { command: `vitest run --project ${root} --passWithNoTests` },
  };
}

export const name = 'tocsin-targets';
export const createNodesV2 = [
  '{apps/*,libs/*,tools,e2e}/package.json',
  (files, _options, context) =>
    files.map((file) => {
      const root = dirname(file);
      const { name: packageName } = JSON.parse(readFileSync(join(context.workspaceRoot, file), 'utf8'));
      const isApp = root.startsWith('apps/');
      const hasMain = existsSync(join(context.workspaceRoot, root, 'src/main.ts'));
      const targets = isApp
        ? appSuite(root, hasMain)
        : root.startsWith('libs/')
          ? librarySuite(root)
          : testSuite(root);
      const project = { root, name: packageName, projectType: isApp ? 'application' : 'library', targets };
      return [file, { projects: { [root]: project } }];
    }),
];
