import type { AlertHash, Instant, ReceiverRef } from '@tocsin/model';

/** On the wire: string, int64 or double. */
export type ReceiverDataValue = string | bigint | number;
/** What an integration remembers of a group: Slack's `threadTs` … */
export type ReceiverData = ReadonlyMap<string, ReceiverDataValue>;

export interface NflogEntry {
  readonly groupKey: string;
  readonly receiver: ReceiverRef;
  /** When it was sent: orders the entries of one key. */
  readonly at: Instant;
  /** All of the flush, whether or not the integration hears of resolved ones. */
  readonly firing: readonly AlertHash[];
  readonly resolved: readonly AlertHash[];
  readonly expiresAt: Instant;
  readonly receiverData: ReceiverData;
  /** The encoded entry without its length; of a foreign peer's entry the bytes that came. */
  readonly bytes: Uint8Array;
}

/** `<group key>:<receiver>/<integration>/<index>`. */
export const nflogKey = (groupKey: string, receiver: ReceiverRef): string =>
  `${groupKey}:${receiver.groupName}/${receiver.integration}/${receiver.index}`;
