/**
 * @module cluster/channel/outbox
 *
 * Own entries on their way to one Tocsin replica: packed into envelopes, sent again after 200 ms,
 * then twice as long up to 2 s, until that replica's main thread says that it has them.
 *
 * Pure in the sense of the house: no timers, `now` is a parameter; the channel asks what is due.
 *
 * Invariants: at most `MAX_UNACKNOWLEDGED` entries are held, the oldest go first (push/pull repairs);
 * of one key only the newest version is sent on.
 */
import type { MonoMs, WallMs } from '@tocsin/kernel';
import { delimitedLength } from '../peer/part.ts';
import { isExpired, isNewer } from '../peer/entry-rules.ts';
import type { ChannelEntry, ChannelName } from '../port.ts';

export const MAX_UNACKNOWLEDGED = 4096;
const FIRST_RESEND_MS = 200;
const MAX_RESEND_MS = 2000;
/** Entries of one envelope in one UDP packet; with what is around them they stay below 700 bytes. */
const SMALL_BYTES = 520;
/** Entries too large for that share an envelope, over TCP. */
const LARGE_BYTES = 256 * 1024;

export interface OutboxItem {
  readonly channel: ChannelName;
  readonly entry: ChannelEntry;
}

export interface OutgoingEntries {
  readonly seq: number;
  readonly items: readonly OutboxItem[];
  /** 1: sent for the first time. */
  readonly attempt: number;
}

interface Pending {
  readonly seq: number;
  items: OutboxItem[];
  readonly isLarge: boolean;
  dueAt: MonoMs;
  delayMs: number;
  attempts: number;
}

export class Outbox {
  readonly #nextSeq: () => number;
  /** By the order of their sequence numbers, which is the order of their age. */
  readonly #pending = new Map<number, Pending>();
  readonly #newest = new Map<string, ChannelEntry>();
  #fresh: OutboxItem[] = [];
  #size = 0;

  constructor(nextSeq: () => number) {
    this.#nextSeq = nextSeq;
  }

  /** Entries not acknowledged. */
  get size(): number {
    return this.#size;
  }

  /** Returns how many old entries were given up to make room. */
  add(item: OutboxItem): number {
    const id = idOf(item);
    const held = this.#newest.get(id);
    if (held !== undefined && !isNewer(item.entry, held)) return 0;
    this.#newest.set(id, item.entry);
    this.#fresh.push(item);
    this.#size++;
    let dropped = 0;
    while (this.#size > MAX_UNACKNOWLEDGED) dropped += this.#dropOldest();
    return dropped;
  }

  /** When something is to be sent; undefined when nothing is, or only what needs a stream that is busy. */
  nextDueAt(now: MonoMs, mayStream: boolean): MonoMs | undefined {
    if (this.#fresh.length > 0) return now;
    let next: MonoMs | undefined;
    for (const { dueAt, isLarge } of this.#pending.values())
      if ((mayStream || !isLarge) && (next === undefined || dueAt < next)) next = dueAt;
    return next;
  }

  /** What to send now. `mayStream`: whether one envelope that needs TCP may go out as well. */
  takeDue(now: MonoMs, wall: WallMs, mayStream: boolean): OutgoingEntries[] {
    this.#pack(now);
    const due: OutgoingEntries[] = [];
    let canStream = mayStream;
    for (const pending of this.#pending.values()) {
      if (pending.dueAt > now || (pending.isLarge && !canStream)) continue;
      this.#keepWorthwhile(pending, wall);
      if (pending.items.length === 0) continue;
      due.push({ seq: pending.seq, items: pending.items, attempt: ++pending.attempts });
      pending.dueAt = now + pending.delayMs;
      pending.delayMs = Math.min(2 * pending.delayMs, MAX_RESEND_MS);
      if (pending.isLarge) canStream = false;
    }
    return due;
  }

  /** The entries that the envelope carried; none when it was acknowledged before. */
  acknowledge(seq: number): readonly OutboxItem[] {
    const pending = this.#pending.get(seq);
    if (pending === undefined) return [];
    this.#pending.delete(seq);
    for (const item of pending.items) this.#release(item);
    return pending.items;
  }

  #pack(now: MonoMs): void {
    const fresh = this.#fresh;
    this.#fresh = [];
    const isLarge = ({ entry }: OutboxItem): boolean => delimitedLength(entry.bytes.length) > SMALL_BYTES;
    for (const items of packed(
      fresh.filter((item) => !isLarge(item)),
      SMALL_BYTES,
    ))
      this.#addPending(items, false, now);
    for (const items of packed(fresh.filter(isLarge), LARGE_BYTES)) this.#addPending(items, true, now);
  }

  #addPending(items: OutboxItem[], isLarge: boolean, now: MonoMs): void {
    const seq = this.#nextSeq();
    this.#pending.set(seq, { seq, items, isLarge, dueAt: now, delayMs: FIRST_RESEND_MS, attempts: 0 });
  }

  /** Expired entries, and those with a newer version on the way, are not worth sending. */
  #keepWorthwhile(pending: Pending, wall: WallMs): void {
    const isWorthwhile = (item: OutboxItem): boolean =>
      !isExpired(item.entry, wall) && this.#newest.get(idOf(item)) === item.entry;
    for (const item of pending.items) if (!isWorthwhile(item)) this.#release(item);
    pending.items = pending.items.filter(isWorthwhile);
    if (pending.items.length === 0) this.#pending.delete(pending.seq);
  }

  #dropOldest(): number {
    const [oldest] = this.#pending.values();
    if (oldest === undefined) {
      const first = this.#fresh.shift();
      if (first === undefined) return 0;
      this.#release(first);
      return 1;
    }
    const first = oldest.items.shift();
    if (oldest.items.length === 0) this.#pending.delete(oldest.seq);
    if (first === undefined) return 0;
    this.#release(first);
    return 1;
  }

  #release(item: OutboxItem): void {
    this.#size--;
    if (this.#newest.get(idOf(item)) === item.entry) this.#newest.delete(idOf(item));
  }
}

const idOf = ({ channel, entry }: OutboxItem): string => `${channel}\0${entry.key}`;

function* packed(items: readonly OutboxItem[], limit: number): Generator<OutboxItem[]> {
  let pack: OutboxItem[] = [];
  let size = 0;
  for (const item of items) {
    // A batch header for each entry is more than is ever needed.
    const length = delimitedLength(item.entry.bytes.length) + item.channel.length + 8;
    if (pack.length > 0 && size + length > limit) {
      yield pack;
      pack = [];
      size = 0;
    }
    pack.push(item);
    size += length;
  }
  if (pack.length > 0) yield pack;
}
