import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { fileStateStore } from './file-state-store.ts';
import { memoryStateStore } from './memory-state-store.ts';
import { postgresStateStore } from './postgres-state-store.ts';
import { stateStoreContract } from './state-store.contract.ts';
import { noDebianPostgres, startDebianPostgres } from './testing/debian-postgres.ts';
import type { DebianPostgres } from './testing/debian-postgres.ts';
import { jsonSplitters } from './testing/json-splitter.ts';
import { listLogger, nodeClock, nodeRandom, nodeTimers } from './testing/node-seams.ts';
import { newDatabase } from './testing/test-database.ts';

stateStoreContract('the store in memory', () =>
  Promise.resolve({
    isDurable: false,
    open: () => Promise.resolve(memoryStateStore()),
    remove: () => Promise.resolve(),
  }),
);

stateStoreContract('the store in files', async () => {
  const path = await mkdtemp(join(tmpdir(), 'tocsin-file-store-'));
  const seams = { logger: listLogger(), clock: nodeClock, timers: nodeTimers };
  return {
    isDurable: true,
    open: () => Promise.resolve(fileStateStore({ path, splitters: jsonSplitters, ...seams })),
    remove: () => rm(path, { recursive: true }),
  };
});

describe.skipIf(noDebianPostgres() !== undefined)('with a PostgreSQL server', () => {
  let server: DebianPostgres;
  beforeAll(async () => {
    server = await startDebianPostgres();
  }, 120_000);
  afterAll(() => server.remove());

  stateStoreContract('the store in PostgreSQL', async () => {
    const url = await newDatabase(server.url);
    const seams = { logger: listLogger(), random: nodeRandom, timers: nodeTimers };
    return {
      isDurable: true,
      open: () => Promise.resolve(postgresStateStore({ url, ...seams })),
      remove: () => Promise.resolve(),
    };
  });
});
