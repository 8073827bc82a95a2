/**
 * Sequence numbers of pings that wait for an ack. An ack of anything else is ignored, so that a late
 * or forged one never counts for a later probe.
 */
import type { Cancel, Timers } from '@tocsin/kernel';
import { MAX_AWAITED_ACKS } from './limits.ts';

export interface AckHandler {
  readonly onAck: () => void;
  readonly onNack?: () => void;
  /** Nothing came in time. */
  readonly onTimeout?: () => void;
}

const MAX_SEQ_NO = 0xffff_ffff;

export class AwaitedAcks {
  readonly #timers: Timers;
  readonly #handlers = new Map<number, { readonly handler: AckHandler; readonly cancel: Cancel }>();
  #lastSeqNo = 0;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Undefined when too many are awaited already. */
  await(timeoutMs: number, handler: AckHandler): number | undefined {
    if (this.#handlers.size >= MAX_AWAITED_ACKS) return undefined;
    this.#lastSeqNo = this.#lastSeqNo === MAX_SEQ_NO ? 1 : this.#lastSeqNo + 1;
    const seqNo = this.#lastSeqNo;
    const cancel = this.#timers.after(timeoutMs, () => {
      this.#handlers.delete(seqNo);
      handler.onTimeout?.();
    });
    this.#handlers.set(seqNo, { handler, cancel });
    return seqNo;
  }

  ack(seqNo: number): void {
    const awaited = this.#handlers.get(seqNo);
    if (awaited === undefined) return;
    this.forget(seqNo);
    awaited.handler.onAck();
  }

  nack(seqNo: number): void {
    this.#handlers.get(seqNo)?.handler.onNack?.();
  }

  forget(seqNo: number): void {
    this.#handlers.get(seqNo)?.cancel();
    this.#handlers.delete(seqNo);
  }

  clear(): void {
    for (const seqNo of this.#handlers.keys()) this.forget(seqNo);
  }
}
