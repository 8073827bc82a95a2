/**
 * @module cluster/peer/oversize
 *
 * Updates too large for gossip go to every other member over TCP: one update at a time, to all at
 * once (gossip spec 3.5). While a member hangs, others queue up; beyond the queue they are dropped,
 * and push/pull brings them.
 */
import { AppError } from '@tocsin/kernel';
import type { Clock } from '@tocsin/kernel';
import type { ChannelName } from '../port.ts';

export const MAX_OVERSIZE_QUEUE = 200;

export interface OversizeDeps<Target> {
  readonly clock: Clock;
  targets(): readonly Target[];
  send(target: Target, payload: Uint8Array): Promise<void>;
  onSent(channel: ChannelName, tookMs: number): void;
  onFailed(channel: ChannelName): void;
  onDropped(channel: ChannelName): void;
}

export class OversizeSender<Target> {
  readonly #deps: OversizeDeps<Target>;
  readonly #queue: { readonly channel: ChannelName; readonly payload: Uint8Array }[] = [];
  #isSending = false;

  constructor(deps: OversizeDeps<Target>) {
    this.#deps = deps;
  }

  get isIdle(): boolean {
    return !this.#isSending && this.#queue.length === 0;
  }

  add(channel: ChannelName, payload: Uint8Array): void {
    if (this.#queue.length >= MAX_OVERSIZE_QUEUE) return this.#deps.onDropped(channel);
    this.#queue.push({ channel, payload });
    if (!this.#isSending) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isSending = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const { channel, payload } = next;
      await Promise.all(this.#deps.targets().map((target) => this.#sendTo(target, channel, payload)));
    }
    this.#isSending = false;
  }

  async #sendTo(target: Target, channel: ChannelName, payload: Uint8Array): Promise<void> {
    const { clock } = this.#deps;
    const startedAt = clock.mono();
    try {
      await this.#deps.send(target, payload);
      this.#deps.onSent(channel, clock.mono() - startedAt);
    } catch (thrown) {
      if (!(thrown instanceof AppError)) throw thrown;
      this.#deps.onFailed(channel);
    }
  }
}
