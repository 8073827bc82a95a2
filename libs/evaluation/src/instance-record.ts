/**
 * @module evaluation/instance-record
 *
 * The bytes in which an instance survives a restart. JSON, since a row is written only when a state
 * changes, and an operator may want to read it. When it was last sent is not kept: after a start
 * everything is sent once more, which an alertmanager takes as the repetition it is.
 */
import { decodeUtf8, encodeUtf8 } from '@tocsin/kernel';
import type { WallMs } from '@tocsin/kernel';
import { LabelSet } from '@tocsin/model';
import type { LabelPair } from '@tocsin/model';
import type { Instance, InstanceState } from './prometheus-state.ts';

/** Longest row that is read; no alert needs more. */
export const INSTANCE_RECORD_BYTES_MAX: number = 1024 * 1024;
const VERSION = 1;

export function encodeInstance(instance: Instance): Uint8Array {
  const { annotations, labels, state, traceparent, value } = instance;
  return encodeUtf8(
    JSON.stringify({
      version: VERSION,
      state: state.kind,
      activeAt: state.activeAt,
      ...(state.kind === 'pending' ? {} : { firedAt: state.firedAt }),
      ...(state.kind === 'keeping' ? { keepFiringSince: state.since } : {}),
      ...(state.kind === 'resolved' ? { resolvedAt: state.resolvedAt } : {}),
      value: String(value),
      labels: labels.pairs,
      annotations: annotations.pairs,
      traceparent,
    }),
  );
}

/** Undefined for bytes that are no such record: a row of another version is worth less than a start. */
export function decodeInstance(bytes: Uint8Array): Instance | undefined {
  if (bytes.length > INSTANCE_RECORD_BYTES_MAX) return undefined;
  let record: unknown;
  try {
    record = JSON.parse(decodeUtf8(bytes));
  } catch {
    return undefined;
  }
  if (!isRecord(record) || record['version'] !== VERSION) return undefined;
  const state = stateOf(record);
  const labels = labelsOf(record['labels']);
  const annotations = labelsOf(record['annotations']);
  const traceparent = record['traceparent'];
  const value = record['value'];
  if (state === undefined || labels === undefined || annotations === undefined) return undefined;
  if (typeof value !== 'string' || typeof traceparent !== 'string') return undefined;
  return {
    labels,
    annotations,
    value: Number(value),
    state,
    lastSentAt: undefined,
    validUntil: 0,
    traceparent,
  };
}

function stateOf(record: Readonly<Record<string, unknown>>): InstanceState | undefined {
  const at = (field: string): WallMs => {
    const value = record[field];
    return typeof value === 'number' && Number.isSafeInteger(value) ? value : Number.NaN;
  };
  const activeAt = at('activeAt');
  const firedAt = at('firedAt');
  const state = ((): InstanceState | undefined => {
    switch (record['state']) {
      case 'pending':
        return { kind: 'pending', activeAt };
      case 'firing':
        return { kind: 'firing', activeAt, firedAt };
      case 'keeping':
        return { kind: 'keeping', activeAt, firedAt, since: at('keepFiringSince') };
      case 'resolved':
        return { kind: 'resolved', activeAt, firedAt, resolvedAt: at('resolvedAt') };
      default:
        return undefined;
    }
  })();
  return state === undefined || Object.values(state).some(Number.isNaN) ? undefined : state;
}

function labelsOf(value: unknown): LabelSet | undefined {
  if (!Array.isArray(value)) return undefined;
  const pairs: LabelPair[] = [];
  for (const pair of value as readonly unknown[]) {
    if (!Array.isArray(pair) || pair.length !== 2) return undefined;
    const [name, text] = pair as readonly unknown[];
    if (typeof name !== 'string' || typeof text !== 'string') return undefined;
    pairs.push([name, text]);
  }
  return LabelSet.of(pairs);
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
