/** The shapes of API v2 (spec/alertmanager.md 7.1) and of what we have beside it. */
import { watchKinds } from '../watch-view.ts';
import type { Schema } from './types.ts';

export const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
export const listOf = (items: Schema): Schema => ({ type: 'array', items });

const text: Schema = { type: 'string' };
const time: Schema = { type: 'string', format: 'date-time' };
const flag: Schema = { type: 'boolean' };
const count: Schema = { type: 'integer', minimum: 0 };
const texts: Schema = { type: 'object', additionalProperties: text };

/** All properties are there unless named as optional. */
function object(
  properties: Readonly<Record<string, Schema>>,
  optional: readonly string[] = [],
  description?: string,
): Schema {
  return {
    type: 'object',
    ...(description === undefined ? {} : { description }),
    properties,
    required: Object.keys(properties).filter((name) => !optional.includes(name)),
  };
}

const silenceFields = {
  matchers: { type: 'array', items: ref('Matcher'), minItems: 1 },
  startsAt: time,
  endsAt: time,
  createdBy: text,
  comment: text,
  annotations: texts,
} as const;

const counts = { count, active: count, suppressed: count, silenced: count, inhibited: count };

export const schemas: Readonly<Record<string, Schema>> = {
  LabelSet: { type: 'object', additionalProperties: text },
  Refusal: { type: 'string', description: 'What the handler refuses, in words.' },
  Malformed: object(
    { code: { type: 'integer' }, message: text },
    [],
    'What does not fit the schema: 602 something required is missing, 601 a wrong type, 612 too few items; else the HTTP status.',
  ),
  PostableAlert: object(
    {
      labels: ref('LabelSet'),
      annotations: ref('LabelSet'),
      startsAt: time,
      endsAt: time,
      generatorURL: { type: 'string', format: 'uri' },
    },
    ['annotations', 'startsAt', 'endsAt', 'generatorURL'],
  ),
  Alert: object(
    {
      annotations: ref('LabelSet'),
      endsAt: time,
      fingerprint: { type: 'string', pattern: '^[0-9a-f]{16}$' },
      receivers: listOf(object({ name: text })),
      startsAt: time,
      status: object({
        inhibitedBy: listOf(text),
        mutedBy: listOf(text),
        silencedBy: listOf(text),
        state: { type: 'string', enum: ['active', 'suppressed', 'unprocessed'] },
      }),
      updatedAt: time,
      generatorURL: { type: 'string', format: 'uri' },
      labels: ref('LabelSet'),
    },
    ['generatorURL'],
  ),
  AlertGroup: object({
    alerts: listOf(ref('Alert')),
    labels: ref('LabelSet'),
    receiver: object({ name: text }),
    routeLabels: ref('LabelSet'),
  }),
  Receiver: object({ name: text, labels: ref('LabelSet') }),
  Matcher: object({ name: text, value: text, isRegex: flag, isEqual: { type: 'boolean', default: true } }, [
    'isEqual',
  ]),
  PostableSilence: object({ id: text, ...silenceFields }, ['id', 'annotations']),
  Silence: object(
    {
      id: text,
      status: object({ state: { type: 'string', enum: ['active', 'pending', 'expired'] } }),
      updatedAt: time,
      ...silenceFields,
      matcherSets: listOf(listOf(ref('Matcher'))),
    },
    ['annotations', 'matcherSets'],
    'Of a silence with several matcher sets `matchers` is the first and `matcherSets` is all of them; any set silences.',
  ),
  Status: object({
    cluster: object(
      {
        name: text,
        status: { type: 'string', enum: ['ready', 'settling', 'disabled'] },
        peers: listOf(object({ name: text, address: text })),
      },
      ['name'],
    ),
    config: object({ original: text }),
    uptime: time,
    versionInfo: object({
      version: text,
      revision: text,
      branch: text,
      buildUser: text,
      buildDate: text,
      goVersion: text,
    }),
  }),
  AlertPage: object(
    { alerts: listOf(ref('Alert')), next: text, total: count },
    ['next'],
    '`next` is the cursor of the next page; absent on the last. `total` counts all pages.',
  ),
  SilencePage: object({ silences: listOf(ref('Silence')), next: text, total: count }, ['next']),
  AlertCounts: object(
    {
      by: listOf(text),
      total: object(counts),
      buckets: listOf(object({ labels: ref('LabelSet'), ...counts })),
      others: object(
        { buckets: count, isMore: flag, ...counts },
        [],
        'Sum of what `buckets` leaves out. `buckets` says how many combinations these are; with `isMore` there are more.',
      ),
    },
    ['others'],
  ),
  ValidationRequest: object({ config: text, templates: listOf(object({ name: text, text })) }, ['templates']),
  Validation: object(
    {
      valid: flag,
      errors: listOf(
        object(
          {
            line: { type: 'integer', minimum: 1 },
            column: { type: 'integer', minimum: 1 },
            path: text,
            message: text,
            file: { type: 'string', description: 'The template that the position is of.' },
          },
          ['line', 'column', 'path', 'file'],
        ),
      ),
      warnings: listOf(text),
      notChecked: listOf(text),
      receivers: count,
      integrations: count,
      routes: count,
      inhibitRules: count,
      timeIntervals: count,
    },
    ['receivers', 'integrations', 'routes', 'inhibitRules', 'timeIntervals'],
  ),
  Events: object({ events: listOf({ type: 'object' }), lastId: text, isGap: flag }),
  Cluster: object({ status: text, members: listOf({ type: 'object' }) }),
  Explanation: object(
    {
      summary: listOf(text),
      verdict: text,
      at: time,
      isPast: flag,
      replica: text,
      isIncomplete: flag,
      alert: { type: 'object' },
      routing: listOf({ type: 'object' }),
      receiver: { type: 'object' },
      groups: listOf({ type: 'object' }),
      silences: listOf({ type: 'object' }),
      story: listOf({ type: 'object' }),
    },
    ['receiver'],
  ),
  Preview: object({
    summary: listOf(text),
    at: time,
    until: time,
    fingerprint: text,
    labels: ref('LabelSet'),
    routes: listOf({ type: 'object' }),
    assumes: listOf(text),
  }),
  OwnStatus: object({
    replica: text,
    version: text,
    startedAt: { type: 'integer', description: 'Milliseconds since 1970.' },
    isReady: flag,
    configuration: object({
      hash: count,
      loadedAt: count,
      lastReload: object({ at: count, isSuccessful: flag, error: text }),
    }),
    counts: object({ alerts: count, groups: count, silences: count }),
  }),
  WatchKind: { type: 'string', enum: [...watchKinds] },
};
