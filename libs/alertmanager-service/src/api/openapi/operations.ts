/**
 * @module alertmanager-service/api/openapi/operations
 *
 * Every operation of the API, as the OpenAPI document tells it. The router is typed by this table: a
 * route without its description, or a description without its route, does not compile; and the media
 * types that the router accepts and offers are read from here.
 */
import {
  alertLabels,
  alertSelection,
  buckets,
  by,
  filter,
  muted,
  one,
  paging,
  receiverMatchers,
  silenceId,
  silenceSelection,
  unprocessed,
} from './parameters.ts';
import { listOf, ref } from './schemas.ts';
import type { Content, Operation, ResponseDoc, Schema } from './types.ts';

/** By path below `/api/v2/`, then by method. */
export interface Operations {
  readonly status: { readonly GET: Operation };
  readonly receivers: { readonly GET: Operation };
  readonly alerts: { readonly GET: Operation; readonly POST: Operation };
  readonly 'alerts/groups': { readonly GET: Operation };
  readonly silences: { readonly GET: Operation; readonly POST: Operation };
  readonly 'silence/{silenceID}': { readonly GET: Operation; readonly DELETE: Operation };
  readonly 'config/validate': { readonly POST: Operation };
  readonly 'openapi.json': { readonly GET: Operation };
  readonly 'tocsin/alerts': { readonly GET: Operation };
  readonly 'tocsin/alerts/counts': { readonly GET: Operation };
  readonly 'tocsin/silences': { readonly GET: Operation };
  readonly 'tocsin/watch': { readonly GET: Operation };
  readonly 'tocsin/events': { readonly GET: Operation };
  readonly 'tocsin/explain': { readonly GET: Operation };
  readonly 'tocsin/preview': { readonly GET: Operation };
  readonly 'tocsin/cluster': { readonly GET: Operation };
  readonly 'tocsin/status': { readonly GET: Operation };
}

const json = (schema: Schema): Content => ({ 'application/json': { schema } });
const good = (description: string, schema: Schema): ResponseDoc => ({ description, content: json(schema) });
const nothing = (description: string): ResponseDoc => ({ description });

const refused: ResponseDoc = good('Refused; the text says which field and why.', ref('Refusal'));
const malformed: ResponseDoc = good('The body does not fit the schema.', ref('Malformed'));
const tooMany: ResponseDoc = good('A limit is reached; try again later.', ref('Refusal'));
/** A body can be unparsable (an object) or be refused (a string). */
const badBody: ResponseDoc = {
  description: 'Unparsable, told as an object; or refused, told as a string.',
  content: json({ $ref: '#/components/schemas/RefusalOrMalformed' }),
};
const badType: ResponseDoc = good('The body is of another media type.', ref('Malformed'));
const notAcceptable: ResponseDoc = good('Accept allows none of the types offered.', ref('Malformed'));

export const operations: Operations = {
  status: {
    GET: {
      operationId: 'getStatus',
      tags: ['general'],
      summary: 'State of this replica and its cluster, and the effective configuration',
      responses: { 200: good('The state.', ref('Status')), 406: notAcceptable },
    },
  },
  receivers: {
    GET: {
      operationId: 'getReceivers',
      tags: ['receiver'],
      summary: 'All receivers, in the order of the configuration',
      parameters: [receiverMatchers],
      responses: { 200: good('The receivers.', listOf(ref('Receiver'))), 400: refused, 406: notAcceptable },
    },
  },
  alerts: {
    GET: {
      operationId: 'getAlerts',
      tags: ['alert'],
      summary: 'Alerts that have not ended, by fingerprint',
      parameters: [...alertSelection, unprocessed],
      responses: { 200: good('The alerts.', listOf(ref('Alert'))), 400: refused, 406: notAcceptable },
    },
    POST: {
      operationId: 'postAlerts',
      tags: ['alert'],
      summary: 'Create, update or resolve alerts',
      description:
        'Good alerts of a batch are taken even if others are not. Then the answer is 400 with one line for each alert that was not taken.',
      requestBody: { required: true, content: json(listOf(ref('PostableAlert'))) },
      responses: {
        200: nothing('All were taken.'),
        400: {
          ...badBody,
          headers: {
            'Tocsin-Rejected-Alerts': {
              description: 'Places in the batch, from 0, of the alerts not taken, in the order of the lines.',
              schema: { type: 'string' },
            },
          },
        },
        415: badType,
        422: malformed,
      },
    },
  },
  'alerts/groups': {
    GET: {
      operationId: 'getAlertGroups',
      tags: ['alertgroup'],
      summary: 'Alerts in the groups in which they are notified',
      parameters: [...alertSelection, muted],
      responses: { 200: good('The groups.', listOf(ref('AlertGroup'))), 400: refused, 406: notAcceptable },
    },
  },
  silences: {
    GET: {
      operationId: 'getSilences',
      tags: ['silence'],
      summary: 'Silences: active ones, then pending, then expired',
      parameters: silenceSelection,
      responses: { 200: good('The silences.', listOf(ref('Silence'))), 400: refused, 406: notAcceptable },
    },
    POST: {
      operationId: 'postSilences',
      tags: ['silence'],
      summary: 'Create a silence, or change the one whose id is given',
      requestBody: { required: true, content: json(ref('PostableSilence')) },
      responses: {
        200: good('The id; another one than was given when the change needed a new silence.', {
          type: 'object',
          properties: { silenceID: { type: 'string' } },
          required: ['silenceID'],
        }),
        400: badBody,
        404: good('There is no silence of this id.', ref('Refusal')),
        415: badType,
        422: malformed,
      },
    },
  },
  'silence/{silenceID}': {
    GET: {
      operationId: 'getSilence',
      tags: ['silence'],
      summary: 'One silence',
      parameters: [silenceId],
      responses: {
        200: good('The silence.', ref('Silence')),
        404: nothing('There is none of this id.'),
        406: notAcceptable,
        422: good('The id is no UUID.', ref('Malformed')),
      },
    },
    DELETE: {
      operationId: 'deleteSilence',
      tags: ['silence'],
      summary: 'End a silence now',
      parameters: [silenceId],
      responses: {
        200: nothing('It has ended.'),
        404: nothing('There is none of this id.'),
        406: notAcceptable,
        422: good('The id is no UUID.', ref('Malformed')),
      },
    },
  },
  'config/validate': {
    POST: {
      operationId: 'validateConfiguration',
      tags: ['tocsin'],
      summary: 'What a reload would say of a configuration, without reloading',
      description:
        'The loader of the server judges. Files that the configuration names are not read; templates are checked when their texts are sent.',
      requestBody: {
        required: true,
        content: {
          'application/yaml': { schema: { type: 'string' } },
          'application/x-yaml': { schema: { type: 'string' } },
          'text/yaml': { schema: { type: 'string' } },
          'text/plain': { schema: { type: 'string' } },
          'application/json': { schema: ref('ValidationRequest') },
        },
      },
      responses: {
        200: good('The verdict, good or bad.', ref('Validation')),
        400: good('The JSON can not be parsed.', ref('Malformed')),
        413: good('Larger than is checked.', ref('Malformed')),
        415: badType,
        422: malformed,
        503: tooMany,
      },
    },
  },
  'openapi.json': {
    GET: {
      operationId: 'getOpenApi',
      tags: ['tocsin'],
      summary: 'This document',
      responses: { 200: good('The document.', { type: 'object' }), 406: notAcceptable },
    },
  },
  'tocsin/alerts': {
    GET: {
      operationId: 'getAlertPage',
      tags: ['tocsin'],
      summary: 'Alerts in pages, sorted, with the number of all',
      parameters: [
        ...paging('fingerprint, startsAt, endsAt, updatedAt, alertname or label.NAME', 'fingerprint'),
        ...alertSelection,
      ],
      responses: { 200: good('A page.', ref('AlertPage')), 400: refused, 406: notAcceptable },
    },
  },
  'tocsin/alerts/counts': {
    GET: {
      operationId: 'getAlertCounts',
      tags: ['tocsin'],
      summary: 'How many alerts there are, by label values and by state',
      parameters: [by, buckets, ...alertSelection],
      responses: { 200: good('The numbers.', ref('AlertCounts')), 400: refused, 406: notAcceptable },
    },
  },
  'tocsin/silences': {
    GET: {
      operationId: 'getSilencePage',
      tags: ['tocsin'],
      summary: 'Silences in pages, sorted, with the number of all',
      parameters: [
        ...paging('id, startsAt, endsAt, updatedAt or createdBy', '-startsAt'),
        ...silenceSelection,
      ],
      responses: { 200: good('A page.', ref('SilencePage')), 400: refused, 406: notAcceptable },
    },
  },
  'tocsin/watch': {
    GET: {
      operationId: 'watch',
      tags: ['tocsin'],
      summary: 'What changes, as server-sent events',
      description:
        'Events: hello, alert, silence, notification, configuration, and gap when changes were missed. A comment every 15 s shows that the stream lives.',
      parameters: [
        {
          name: 'kind',
          in: 'query',
          description: 'What is told, repeated or separated by commas; all when not given.',
          explode: true,
          schema: listOf(ref('WatchKind')),
        },
        {
          ...filter,
          description: 'One matcher: alerts that it matches, and notifications of groups that hold one.',
        },
        one('lastEventId', 'As the header Last-Event-ID, for clients that can not set it.'),
        {
          name: 'Last-Event-ID',
          in: 'header',
          description: 'The id of the last event seen: the stream goes on behind it.',
          schema: { type: 'string' },
        },
      ],
      responses: {
        200: { description: 'The stream.', content: { 'text/event-stream': { schema: { type: 'string' } } } },
        400: refused,
        406: notAcceptable,
        503: tooMany,
      },
    },
  },
  'tocsin/events': {
    GET: {
      operationId: 'getEvents',
      tags: ['tocsin'],
      summary: 'The newest decisions of this replica',
      parameters: [
        {
          name: 'limit',
          in: 'query',
          description: 'Events in the answer.',
          schema: { type: 'integer', minimum: 1, maximum: 1_000, default: 100 },
        },
        one('type', 'Only events of this type.'),
        one('fingerprint', 'Only events about this alert.'),
        one('group_key', 'Only events about this group.'),
        one('notification_id', 'Only events about this notification.'),
        one('after', 'The lastId of an earlier answer: only events behind it.'),
      ],
      responses: { 200: good('The events, oldest first.', ref('Events')), 400: refused, 406: notAcceptable },
    },
  },
  'tocsin/explain': {
    GET: {
      operationId: 'explain',
      tags: ['tocsin'],
      summary: 'Why somebody was, or was not, notified of an alert',
      description: 'One of labels, fingerprint and filter is needed.',
      parameters: [
        alertLabels,
        one('fingerprint', 'The alert of this fingerprint.'),
        { ...filter, description: 'One matcher. All together must find one alert.' },
        one('receiver', 'Only what concerns this receiver, by its exact name.'),
        one('at', 'The instant that is asked about, RFC 3339; now when not given.'),
      ],
      responses: {
        200: good('The explanation.', ref('Explanation')),
        400: refused,
        404: good('No alert here is meant.', ref('Refusal')),
        406: notAcceptable,
      },
    },
  },
  'tocsin/preview': {
    GET: {
      operationId: 'preview',
      tags: ['tocsin'],
      summary: 'Which messages go out, and when, if an alert fires now',
      parameters: [
        alertLabels,
        one('resolvesAfter', 'The alert is over after this duration; it fires on when not given.'),
        one('for', 'How far to look ahead, a duration of at most 30d.', '1d'),
      ],
      responses: { 200: good('The messages.', ref('Preview')), 400: refused, 406: notAcceptable },
    },
  },
  'tocsin/cluster': {
    GET: {
      operationId: 'getCluster',
      tags: ['tocsin'],
      summary: 'Members of the cluster as this replica sees them',
      responses: { 200: good('The members.', ref('Cluster')), 406: notAcceptable },
    },
  },
  'tocsin/status': {
    GET: {
      operationId: 'getOwnStatus',
      tags: ['tocsin'],
      summary: 'This replica: whether notifications may start, what runs and how the last reload went',
      responses: { 200: good('The state.', ref('OwnStatus')), 406: notAcceptable },
    },
  },
};
