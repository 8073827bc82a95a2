/**
 * One entry of a replicated channel (`nfl`, `sil`) as everything but this lib sees it: opaque bytes,
 * a key and two stamps. Structurally the cluster's own type.
 */
export interface ReplicatedEntry {
  readonly key: string;
  /** Of two entries with one key the one with the greater (seconds, nanos) stays; equal ones never replace. */
  readonly seconds: number;
  readonly nanos: number;
  readonly expirySeconds: number;
  readonly expiryNanos: number;
  /** As it came, without its length prefix. */
  readonly bytes: Uint8Array;
}
