/** What our codecs read, in the form in which the conformance data writes it down: protobuf names, numbers as text, zeros left out. */
import type { NflogEntry, ReceiverDataValue, Silence, SilenceMatcher } from '@tocsin/alerting';
import type { Instant } from '@tocsin/model';

type Json = Readonly<Record<string, unknown>>;

const without = (fields: Json): Json =>
  Object.fromEntries(
    Object.entries(fields).filter(
      ([, value]) => value !== '' && value !== '0' && !(Array.isArray(value) && value.length === 0),
    ),
  );

const timestamp = ({ seconds, nanos }: Instant): Json =>
  without({ seconds: String(seconds), nanos: String(nanos) });
const decimal = (hash: string): string => BigInt(`0x${hash}`).toString();

export const nflogJson = (entry: NflogEntry): Json => ({
  entry: without({
    group_key: entry.groupKey,
    receiver: without({
      group_name: entry.receiver.groupName,
      integration: entry.receiver.integration,
      idx: String(entry.receiver.index),
    }),
    timestamp: timestamp(entry.at),
    firing_alerts: entry.firing.map(decimal),
    resolved_alerts: entry.resolved.map(decimal),
    receiver_data: [...entry.receiverData].map(([key, value]) => ({ key, value: receiverDataJson(value) })),
  }),
  expires_at: timestamp(entry.expiresAt),
});

export function receiverDataJson(value: ReceiverDataValue | undefined): Json {
  if (typeof value === 'string') return { str_val: value };
  if (typeof value === 'bigint') return { int_val: BigInt.asUintN(64, value).toString() };
  return { double_val: value };
}

const TYPES: Readonly<Record<SilenceMatcher['type'], string>> = { '=': '0', '=~': '1', '!=': '2', '!~': '3' };
const matcherJson = ({ name, type, value }: SilenceMatcher): Json =>
  without({ type: TYPES[type], name, pattern: value });
const setJson = (set: readonly SilenceMatcher[]): Json => ({ matchers: set.map(matcherJson) });

/** In the form that is written today; a record in the old form differs in it. */
export const silenceJson = (silence: Silence): Json => ({
  silence: without({
    id: silence.id,
    matchers: (silence.matcherSets[0] ?? []).map(matcherJson),
    starts_at: timestamp(silence.startsAt),
    ends_at: timestamp(silence.endsAt),
    updated_at: timestamp(silence.updatedAt),
    created_by: silence.createdBy,
    comment: silence.comment,
    annotations: silence.annotations.pairs.map(([key, value]) => ({ key, value })),
    matcher_sets: silence.matcherSets.map(setJson),
    receiver_matcher_sets: silence.receiverMatcherSets.map(setJson),
  }),
  expires_at: timestamp(silence.expiresAt),
});
