import { existsSync, readdirSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

const packages = ['apps', 'libs'].flatMap((dir) =>
  readdirSync(dir).map((name) => ({ dir: `${dir}/${name}`, name: dir === 'apps' ? `${name}-app` : name })),
);
const extra = ['tools', 'e2e'].filter((dir) => existsSync(dir)).map((name) => ({ dir: name, name }));

// `npx vitest run` tests everything in one process; `--project NAME` one package of it.
export default defineConfig({
  ssr: { resolve: { conditions: ['@tocsin/source', 'node', 'default'] } },
  test: {
    projects: [
      ...packages.map(({ dir, name }) => ({
        extends: true as const,
        root: dir,
        test: { name, environment: 'node', include: ['src/**/*.test.ts'], testTimeout: 30_000 },
      })),
      ...extra.map(({ dir, name }) => ({
        extends: true as const,
        root: dir,
        test: {
          name,
          environment: 'node',
          include: ['**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          // Real processes on two cores: one file at a time.
          fileParallelism: name !== 'e2e',
        },
      })),
    ],
  },
});
