/** Small values for the tests of this lib; not part of its public names. */
import type { WallMs } from '@tocsin/kernel';
import { addMs, goQuote, instantOf, LabelSet, type Alert, type Matcher, type MatchType } from '@tocsin/model';
import type { RouteNode } from '../configuration.ts';
import type { NflogEntry } from '../nflog-entry.ts';
import { encodeNflogEntry } from '../nflog-codec.ts';
import type { Silence } from '../silence.ts';
import { encodeSilence } from '../silence-codec.ts';
import type { SilenceSettings } from '../silence-change.ts';

/** 2026-11-22T10:00:00Z. */
export const NOON: WallMs = 1_795_341_600_000;
export const SECOND = 1000;
export const MINUTE: number = 60 * SECOND;
export const HOUR: number = 60 * MINUTE;
export const DAY: number = 24 * HOUR;

/** Patterns of tests are written by us, so the platform's expressions will do. */
export function matcherOf(name: string, type: MatchType, value: string): Matcher {
  const pattern = type === '=~' || type === '!~' ? new RegExp(`^(?:${value})$`, 'u') : undefined;
  const isMatch =
    pattern === undefined ? (text: string) => text === value : (text: string) => pattern.test(text);
  const isNegative = type === '!=' || type === '!~';
  return {
    name,
    type,
    value,
    matches: (text) => isMatch(text) !== isNegative,
    toString: () => `${name}${type}${goQuote(value)}`,
  };
}

export function alertOf(labels: Readonly<Record<string, string>>, over: Partial<Alert> = {}): Alert {
  return {
    labels: LabelSet.fromObject(labels),
    annotations: LabelSet.empty,
    startsAt: instantOf(NOON),
    endsAt: instantOf(NOON + 5 * MINUTE),
    isTimeout: false,
    updatedAt: instantOf(NOON),
    generatorUrl: '',
    traceparent: '',
    ...over,
  };
}

export function routeOf(id: string, over: Partial<RouteNode> = {}): RouteNode {
  return {
    id,
    key: id,
    receiver: 'team',
    matchers: [],
    continue: false,
    groupBy: new Set(['alertname']),
    groupWaitMs: 30 * SECOND,
    groupIntervalMs: 5 * MINUTE,
    repeatIntervalMs: 4 * HOUR,
    muteTimeIntervals: [],
    activeTimeIntervals: [],
    routes: [],
    ...over,
  };
}

export function entryOf(over: Partial<NflogEntry> = {}): NflogEntry {
  const at = over.at ?? instantOf(NOON);
  const entry = {
    groupKey: '{}:{alertname="A"}',
    receiver: { groupName: 'team', integration: 'webhook', index: 0 },
    at,
    firing: ['0000000000000001'],
    resolved: [],
    expiresAt: addMs(at, 8 * HOUR),
    receiverData: new Map(),
    ...over,
  };
  return { ...entry, bytes: encodeNflogEntry(entry) };
}

export function silenceOf(over: Partial<Silence> = {}): Silence {
  const silence = {
    id: '00000000-0000-4000-8000-000000000001',
    matcherSets: [[{ name: 'alertname', type: '=' as const, value: 'A' }]],
    startsAt: instantOf(NOON),
    endsAt: instantOf(NOON + HOUR),
    updatedAt: instantOf(NOON),
    createdBy: 'ann',
    comment: 'maintenance',
    annotations: LabelSet.empty,
    receiverMatcherSets: [],
    expiresAt: addMs(over.endsAt ?? instantOf(NOON + HOUR), 120 * HOUR),
    unknownFields: new Uint8Array(0),
    ...over,
  };
  return { ...silence, bytes: encodeSilence(silence) };
}

export const settings: SilenceSettings = {
  retentionMs: 120 * HOUR,
  maxSilences: 0,
  maxSilenceSizeBytes: 0,
  mode: 'fallback',
  compile: ({ name, type, value }) => matcherOf(name, type, value),
};

export const hashOf = (index: number): string => index.toString(16).padStart(16, '0');
