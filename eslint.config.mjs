// ESLint does one job here: who may import whom (docs: the seven layers). Every other rule is oxlint's
// (.oxlintrc.json). Tests are left out: they may use what they need; the house test in tools/tidy reads them.
import nx from '@nx/eslint-plugin';
import parser from '@typescript-eslint/parser';

const below = {
  kernel: ['layer:kernel'],
  contract: ['layer:kernel', 'layer:contract'],
  domain: ['layer:kernel', 'layer:domain'],
  service: ['layer:kernel', 'layer:contract', 'layer:domain'],
  adapter: ['layer:kernel', 'layer:contract', 'layer:domain', 'layer:service', 'layer:adapter'],
  app: ['layer:kernel', 'layer:contract', 'layer:domain', 'layer:service', 'layer:adapter'],
  test: ['layer:kernel', 'layer:contract', 'layer:domain', 'layer:service', 'layer:adapter', 'layer:test'],
};

// What code may use that has to run in the simulator, and in a browser.
const packages = { kernel: [], domain: ['re2js', '@noble/hashes', '@noble/hashes/*'], service: [] };

export default [
  { ignores: ['**/dist/**', '**/out-tsc/**', '**/*.gen.ts', '**/*.test.ts'] },
  {
    files: ['**/*.ts', '**/*.tsx'],
    languageOptions: { parser },
    linterOptions: { reportUnusedDisableDirectives: 'off' },
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          enforceBuildableLibDependency: true,
          banTransitiveDependencies: true,
          allow: [],
          depConstraints: Object.entries(below).map(([layer, onlyDependOnLibsWithTags]) => ({
            sourceTag: `layer:${layer}`,
            onlyDependOnLibsWithTags,
            ...(packages[layer] && { allowedExternalImports: packages[layer] }),
          })),
        },
      ],
    },
  },
];
