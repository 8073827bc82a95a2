/**
 * The schema, as numbered steps forward. A step that has been released is never changed: what is
 * wrong with it is put right by a further one. SQL stands here and not in files, because a bundled
 * program has no files beside it.
 */
export interface Migration {
  /** 1, 2, 3 … without gaps. */
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

export const migrations: readonly Migration[] = [
  {
    version: 1,
    name: 'state rows',
    // Tenant and key are bytea: any JavaScript string fits, NUL included, and the order is that of
    // the bytes whatever the database's collation. A key too long for an index entry is there as its
    // beginning and a digest, and whole in long_key.
    sql: `
      CREATE TABLE tocsin_state (
        kind          text    NOT NULL,
        tenant        bytea   NOT NULL,
        key           bytea   NOT NULL,
        long_key      bytea,
        seconds       int8    NOT NULL,
        nanos         int4    NOT NULL CHECK (nanos BETWEEN 0 AND 999999999),
        expires_at_ms int8    NOT NULL,
        bytes         bytea   NOT NULL,
        PRIMARY KEY (kind, tenant, key)
      );
      CREATE INDEX tocsin_state_expiry ON tocsin_state (kind, expires_at_ms);
      COMMENT ON TABLE tocsin_state IS
        'Alert state that survives: of two versions of a row the one with the greater (seconds, nanos) stays.';
    `,
  },
];
