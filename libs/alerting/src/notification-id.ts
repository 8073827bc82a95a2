/**
 * @module alerting/notification-id
 *
 * One name for one notification, equal on every replica that decides from the same log: leases, the
 * ledger of outcomes and the `Idempotency-Key` header all use it (architecture section 2).
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { compareUtf8, utf8Length, writeUtf8 } from '@tocsin/kernel';
import type { AlertHash, ReceiverRef, Tenant } from '@tocsin/model';
import type { NflogEntry } from './nflog-entry.ts';

export interface NotificationIdParts {
  readonly tenant: Tenant;
  readonly groupKey: string;
  readonly receiver: ReceiverRef;
  /** The log entry that was decided against. */
  readonly entry: Pick<NflogEntry, 'at'> | undefined;
  readonly firing: Iterable<AlertHash>;
  readonly resolved: Iterable<AlertHash>;
}

/** 64 lower-case hex digits. The order of the hashes does not matter. */
export function notificationId(parts: NotificationIdParts): string {
  const firing = [...parts.firing].sort(compareUtf8);
  const resolved = [...parts.resolved].sort(compareUtf8);
  return bytesToHex(
    sha256(
      lengthPrefixed([
        parts.tenant,
        parts.groupKey,
        parts.receiver.groupName,
        parts.receiver.integration,
        String(parts.receiver.index),
        String(parts.entry?.at.seconds ?? 0),
        String(parts.entry?.at.nanos ?? 0),
        String(firing.length),
        ...firing,
        String(resolved.length),
        ...resolved,
      ]),
    ),
  );
}

// A length before each field: without it, moving a character from one field to the next would keep the id.
function lengthPrefixed(fields: readonly string[]): Uint8Array {
  let size = 0;
  for (const field of fields) size += 4 + utf8Length(field);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const field of fields) {
    const end = writeUtf8(field, bytes, at + 4);
    view.setUint32(at, end - at - 4);
    at = end;
  }
  return bytes;
}
