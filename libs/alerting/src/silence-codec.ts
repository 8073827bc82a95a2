/**
 * @module alerting/silence-codec
 *
 * Silences as Alertmanager's peers write them (`silencepb.MeshSilence`, spec/gossip.md 5). Both forms
 * of the matchers are written, so that peers before 0.32 understand at least the first set.
 */
import { AppError } from '@tocsin/kernel';
import { LabelSet, zeroInstant, type Instant, type LabelPair, type MatchType } from '@tocsin/model';
import type { ReplicatedEntry } from './channel-entry.ts';
import { splitDelimited, WireReader } from './wire-reader.ts';
import { joinDelimited, WireWriter } from './wire-writer.ts';
import type { MatcherSet, Silence, SilenceMatcher } from './silence.ts';

/** Index = number on the wire. */
const TYPES: readonly MatchType[] = ['=', '=~', '!=', '!~'];

export function encodeSilence(silence: Omit<Silence, 'bytes'>): Uint8Array {
  const mesh = new WireWriter();
  mesh.message(1, (fields) => {
    fields.string(1, silence.id);
    for (const matcher of silence.matcherSets[0] ?? [])
      fields.message(2, (nested) => writeMatcher(nested, matcher));
    fields.timestamp(3, silence.startsAt);
    fields.timestamp(4, silence.endsAt);
    fields.timestamp(5, silence.updatedAt);
    fields.string(8, silence.createdBy);
    fields.string(9, silence.comment);
    for (const [key, value] of silence.annotations.pairs) {
      fields.message(10, (pair) => {
        pair.string(1, key);
        pair.string(2, value);
      });
    }
    writeMatcherSets(fields, 11, silence.matcherSets);
    writeMatcherSets(fields, 12, silence.receiverMatcherSets);
    fields.raw(silence.unknownFields);
  });
  mesh.timestamp(2, silence.expiresAt);
  return mesh.finish();
}

function writeMatcherSets(fields: WireWriter, field: number, sets: readonly MatcherSet[]): void {
  for (const set of sets) {
    fields.message(field, (nested) => {
      for (const matcher of set) nested.message(1, (inner) => writeMatcher(inner, matcher));
    });
  }
}

function writeMatcher(fields: WireWriter, matcher: SilenceMatcher): void {
  fields.uint32(1, TYPES.indexOf(matcher.type));
  fields.string(2, matcher.name);
  fields.string(3, matcher.value);
}

/** One `MeshSilence` without its length. Throws AppError `invalid`. */
export function decodeSilence(bytes: Uint8Array): Silence {
  const mesh = new WireReader('silence', bytes);
  let silence: SilenceFields | undefined;
  let expiresAt: Instant = zeroInstant;
  while (mesh.next()) {
    if (mesh.field === 1) readSilence(mesh.message('silence'), (silence ??= emptyFields()));
    else if (mesh.field === 2) expiresAt = mesh.timestamp();
    else mesh.skip();
  }
  if (silence === undefined) throw AppError.invalid('silence: expected a silence in the record, found none');
  const { legacyMatchers, sets, annotations, unknown, ...fields } = silence;
  return {
    ...fields,
    matcherSets: understood(sets.length === 0 && legacyMatchers.length > 0 ? [legacyMatchers] : sets),
    receiverMatcherSets: understood(fields.receiverMatcherSets),
    annotations: LabelSet.of(annotations),
    expiresAt,
    unknownFields: concat(unknown),
    bytes,
  };
}

/** Undefined: a type that only a newer peer knows. */
type WireMatcher = SilenceMatcher | undefined;

interface SilenceFields {
  id: string;
  readonly legacyMatchers: WireMatcher[];
  readonly sets: WireMatcher[][];
  readonly receiverMatcherSets: WireMatcher[][];
  startsAt: Instant;
  endsAt: Instant;
  updatedAt: Instant;
  createdBy: string;
  comment: string;
  readonly annotations: LabelPair[];
  readonly unknown: Uint8Array[];
}

// A set that holds a matcher we can't judge silences nothing: telling somebody once too often is the safe side.
const understood = (sets: readonly (readonly WireMatcher[])[]): MatcherSet[] =>
  sets.flatMap((set) => {
    const known = set.filter((matcher) => matcher !== undefined);
    return known.length === set.length ? [known] : [];
  });

function readSilence(fields: WireReader, into: SilenceFields): void {
  let hasLegacyComment = false;
  while (fields.next()) {
    if (fields.field === 1) into.id = fields.string();
    else if (fields.field === 2) into.legacyMatchers.push(readMatcher(fields.message('silence matcher')));
    else if (fields.field === 3) into.startsAt = fields.timestamp();
    else if (fields.field === 4) into.endsAt = fields.timestamp();
    else if (fields.field === 5) into.updatedAt = fields.timestamp();
    else if (fields.field === 7) {
      if (hasLegacyComment) fields.skip();
      else readLegacyComment(fields.message('silence comment'), into);
      hasLegacyComment = true;
    } else if (fields.field === 8) into.createdBy = fields.string();
    else if (fields.field === 9) into.comment = fields.string();
    else if (fields.field === 10) into.annotations.push(readAnnotation(fields.message('silence annotation')));
    else if (fields.field === 11) into.sets.push(readMatcherSet(fields.message('silence matcher set')));
    else if (fields.field === 12)
      into.receiverMatcherSets.push(readMatcherSet(fields.message('silence matcher set')));
    else into.unknown.push(fields.skipped());
  }
}

function readMatcherSet(fields: WireReader): WireMatcher[] {
  const set: WireMatcher[] = [];
  while (fields.next()) {
    if (fields.field === 1) set.push(readMatcher(fields.message('silence matcher')));
    else fields.skip();
  }
  return set;
}

function readMatcher(fields: WireReader): WireMatcher {
  let [type, name, value] = [0, '', ''];
  while (fields.next()) {
    if (fields.field === 1) type = fields.uint32();
    else if (fields.field === 2) name = fields.string();
    else if (fields.field === 3) value = fields.string();
    else fields.skip();
  }
  const known = TYPES[type];
  return known === undefined ? undefined : { name, type: known, value };
}

function readAnnotation(fields: WireReader): LabelPair {
  let [key, value] = ['', ''];
  while (fields.next()) {
    if (fields.field === 1) key = fields.string();
    else if (fields.field === 2) value = fields.string();
    else fields.skip();
  }
  return [key, value];
}

// Old records carry author and text in a list, of which only the first is used.
function readLegacyComment(fields: WireReader, into: SilenceFields): void {
  let [author, comment] = ['', ''];
  while (fields.next()) {
    if (fields.field === 1) author = fields.string();
    else if (fields.field === 2) comment = fields.string();
    else fields.skip();
  }
  into.createdBy = author;
  into.comment = comment;
}

const emptyFields = (): SilenceFields => ({
  id: '',
  legacyMatchers: [],
  sets: [],
  receiverMatcherSets: [],
  startsAt: zeroInstant,
  endsAt: zeroInstant,
  updatedAt: zeroInstant,
  createdBy: '',
  comment: '',
  annotations: [],
  unknown: [],
});

const NO_BYTES: Uint8Array = new Uint8Array(0);

function concat(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 0) return NO_BYTES;
  const writer = new WireWriter();
  for (const part of parts) writer.raw(part);
  return writer.finish();
}

/** The silence as the cluster and the state store carry it. */
export const replicatedSilence = (silence: Silence): ReplicatedEntry => ({
  key: silence.id,
  seconds: silence.updatedAt.seconds,
  nanos: silence.updatedAt.nanos,
  expirySeconds: silence.expiresAt.seconds,
  expiryNanos: silence.expiresAt.nanos,
  bytes: silence.bytes,
});

/** The entries of a blob: gossip, full state or snapshot file. Throws AppError `invalid`; then none is used. */
export const splitSilences = (blob: Uint8Array): ReplicatedEntry[] =>
  splitDelimited('silences', blob).map((bytes) => replicatedSilence(decodeSilence(bytes)));

/** A snapshot file, or with one silence a gossip update. */
export const encodeSilenceBlob = (silences: Iterable<Pick<Silence, 'bytes'>>): Uint8Array =>
  joinDelimited([...silences].map((silence) => silence.bytes));
