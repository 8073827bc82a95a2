/**
 * Peers that were, or should be, members and are not: redialled until they come back or are given up.
 * Keyed by address, as in Alertmanager, so that a restarted peer with a new name replaces its old self.
 */
import type { HostPort, MonoMs } from '@tocsin/kernel';

/** Beyond so many the ones next in line to be redialled are forgotten. */
export const MAX_FAILED_PEERS = 1024;

export class FailedPeers {
  /** In the order in which they are to be redialled. */
  readonly #failedAt = new Map<HostPort, MonoMs>();

  get size(): number {
    return this.#failedAt.size;
  }

  addresses(): readonly HostPort[] {
    return [...this.#failedAt.keys()];
  }

  has(address: HostPort): boolean {
    return this.#failedAt.has(address);
  }

  add(address: HostPort, now: MonoMs): void {
    this.#failedAt.delete(address);
    this.#failedAt.set(address, now);
    if (this.#failedAt.size <= MAX_FAILED_PEERS) return;
    const [oldest] = this.#failedAt.keys();
    if (oldest !== undefined) this.#failedAt.delete(oldest);
  }

  remove(address: HostPort): void {
    this.#failedAt.delete(address);
  }

  /** It was redialled in vain: the others come first next time. Keeps since when it is away. */
  postpone(address: HostPort): void {
    const failedAt = this.#failedAt.get(address);
    if (failedAt === undefined) return;
    this.#failedAt.delete(address);
    this.#failedAt.set(address, failedAt);
  }

  /** Gives up peers that have been away for longer than `timeoutMs`; returns them. */
  expire(timeoutMs: number, now: MonoMs): readonly HostPort[] {
    const gone = [...this.#failedAt]
      .filter(([, failedAt]) => now - failedAt > timeoutMs)
      .map(([address]) => address);
    for (const address of gone) this.#failedAt.delete(address);
    return gone;
  }
}
