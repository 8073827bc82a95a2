export * from './memory-state-store.ts';
export { PostgresDatabase, postgresLimits } from './postgres-database.ts';
export type {
  PostgresLimits,
  PostgresOptions,
  SqlResult,
  SqlSession,
  SqlValue,
  Statement,
} from './postgres-database.ts';
export * from './postgres-state-store.ts';
export * from './migrations.ts';
export * from './embedded-postgres.ts';
export type { PostgresServer } from './postgres-server.ts';
export { fileStateStore } from './file-state-store.ts';
export type { FileStateStoreOptions, SnapshotReport } from './file-state-store.ts';
export type { SnapshotFile, SnapshotSplitters } from './state-folder.ts';
export type { SnapshotEntry, SnapshotSplitter } from './snapshot-file.ts';
export type { Disk, DiskFile } from './disk.ts';
