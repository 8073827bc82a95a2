/**
 * The data of Alertmanager's notification templates: `Data`, `Alert`, `KV`, `Pairs`, with their
 * methods, types and JSON names.
 */
import { timeOf } from './go-time.ts';
import {
  GoList,
  GoMap,
  GoStruct,
  LIST_OF_STRING,
  MAP_OF_STRING,
  STRING,
  textOf,
  type GoObject,
  type GoType,
  type Method,
  type Value,
} from './values.ts';

type Labels = Iterable<readonly [name: string, value: string]>;

/** An instant of the model. */
interface Moment {
  readonly seconds: number;
  readonly nanos: number;
  readonly offsetMinutes: number;
}

export interface NotificationAlert {
  /** `firing` or `resolved`; data from elsewhere may say anything. */
  readonly status: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly startsAt: Moment;
  /** The zero instant while it fires. */
  readonly endsAt: Moment;
  readonly generatorURL: string;
  readonly fingerprint: string;
}

export interface NotificationData {
  /** As templates print it: see `quoteReceiver`. */
  readonly receiver: string;
  readonly status: string;
  readonly alerts: readonly NotificationAlert[];
  readonly notificationReason: string;
  readonly groupLabels: Labels;
  readonly commonLabels: Labels;
  readonly commonAnnotations: Labels;
  /** Absent: the field does not exist, as before 0.34. */
  readonly routeLabels?: Labels;
  readonly externalURL: string;
}

/** A receiver's name with everything escaped that means something in a regular expression. */
export const quoteReceiver = (name: string): string => name.replaceAll(/[\\.+*?()|[\]{}^$]/g, '\\$&');

const PAIR: GoType = { name: 'template.Pair', kind: 'struct' };

const STRINGS: GoType = {
  name: 'template.Strings',
  kind: 'slice',
  elem: STRING,
  underlying: LIST_OF_STRING,
  methods: new Map<string, Method>([
    ['Join', { params: [STRING], call: (self, [separator]) => textsOf(self).join(textOf(separator) ?? '') }],
  ]),
};

const pairMethods = new Map<string, Method>();
const PAIRS: GoType = {
  name: 'template.Pairs',
  kind: 'slice',
  elem: PAIR,
  methods: pairMethods,
  text: pairsText,
};

const kvMethods = new Map<string, Method>();
/** Labels and annotations. */
export const KV: GoType = {
  name: 'template.KV',
  kind: 'map',
  elem: STRING,
  underlying: MAP_OF_STRING,
  methods: kvMethods,
  text: (self) => pairsText(sortedPairs(self)),
};

export const kvOf = (labels: Labels): GoMap => new GoMap(KV, new Map<string, Value>(labels));

const textsOf = (list: Value): readonly string[] =>
  list instanceof GoList ? list.items.map((item) => textOf(item) ?? '') : [];

/** `alertname` first, the rest by bytes. */
function sortedNames(self: GoObject): readonly string[] {
  if (!(self instanceof GoMap)) return [];
  const others = self.keys.filter((name) => name !== 'alertname');
  return self.entries.has('alertname') ? ['alertname', ...others] : others;
}

function sortedPairs(self: GoObject): GoList {
  const entries = self instanceof GoMap ? self.entries : new Map<string, Value>();
  const pairs = sortedNames(self).map((name) => {
    const fields = new Map<string, Value>([
      ['Name', name],
      ['Value', entries.get(name)],
    ]);
    return new GoStruct(PAIR, fields);
  });
  return new GoList(PAIRS, pairs);
}

function column(pairs: GoObject, field: 'Name' | 'Value'): readonly string[] {
  const items = pairs instanceof GoList ? pairs.items : [];
  return items.map((pair) => (pair instanceof GoStruct ? (textOf(pair.fields.get(field)) ?? '') : ''));
}

function pairsText(pairs: GoObject): string {
  const values = column(pairs, 'Value');
  return column(pairs, 'Name')
    .map((name, index) => `${name}=${values[index] ?? ''}`)
    .join(', ');
}

function remove(self: GoObject, names: Value): Value {
  const removed = new Set(textsOf(names));
  const entries = self instanceof GoMap ? self.entries : new Map<string, Value>();
  return new GoMap(KV, new Map([...entries].filter(([name]) => !removed.has(name))));
}

const strings = (items: readonly string[]): GoList => new GoList(STRINGS, items);
const plain = (call: (self: GoObject) => Value): Method => ({ params: [], call });

for (const [name, method] of [
  ['Names', plain((self) => strings(column(self, 'Name')))],
  ['Values', plain((self) => strings(column(self, 'Value')))],
  ['String', plain(pairsText)],
] as const) {
  pairMethods.set(name, method);
}

for (const [name, method] of [
  ['SortedPairs', plain(sortedPairs)],
  ['Names', plain((self) => strings(sortedNames(self)))],
  ['Values', plain((self) => strings(column(sortedPairs(self), 'Value')))],
  ['String', plain((self) => pairsText(sortedPairs(self)))],
  [
    'Remove',
    { params: [LIST_OF_STRING], call: (self: GoObject, [names]: readonly Value[]) => remove(self, names) },
  ],
] as const) {
  kvMethods.set(name, method);
}

const ALERT: GoType = {
  name: 'template.Alert',
  kind: 'struct',
  jsonNames: new Map([
    ['Status', 'status'],
    ['Labels', 'labels'],
    ['Annotations', 'annotations'],
    ['StartsAt', 'startsAt'],
    ['EndsAt', 'endsAt'],
    ['GeneratorURL', 'generatorURL'],
    ['Fingerprint', 'fingerprint'],
  ]),
};

const LIST_OF_ALERT: GoType = { name: '[]template.Alert', kind: 'slice', elem: ALERT };

const withStatus = (status: 'firing' | 'resolved'): Method =>
  plain((self) => {
    const items = self instanceof GoList ? self.items : [];
    return new GoList(
      LIST_OF_ALERT,
      items.filter((alert) => alert instanceof GoStruct && alert.fields.get('Status') === status),
    );
  });

const ALERTS: GoType = {
  name: 'template.Alerts',
  kind: 'slice',
  elem: ALERT,
  underlying: LIST_OF_ALERT,
  methods: new Map([
    ['Firing', withStatus('firing')],
    ['Resolved', withStatus('resolved')],
  ]),
};

const DATA: GoType = {
  name: 'template.Data',
  kind: 'struct',
  jsonNames: new Map([
    ['Receiver', 'receiver'],
    ['Status', 'status'],
    ['Alerts', 'alerts'],
    ['NotificationReason', 'notification_reason'],
    ['GroupLabels', 'groupLabels'],
    ['CommonLabels', 'commonLabels'],
    ['CommonAnnotations', 'commonAnnotations'],
    ['RouteLabels', 'routeLabels'],
    ['ExternalURL', 'externalURL'],
  ]),
};

function alertValue(alert: NotificationAlert): GoStruct {
  return new GoStruct(
    ALERT,
    new Map<string, Value>([
      ['Status', alert.status],
      ['Labels', kvOf(alert.labels)],
      ['Annotations', kvOf(alert.annotations)],
      ['StartsAt', timeOf(alert.startsAt)],
      ['EndsAt', timeOf(alert.endsAt)],
      ['GeneratorURL', alert.generatorURL],
      ['Fingerprint', alert.fingerprint],
    ]),
  );
}

/** The dot of a notification template. */
export function notificationValue(data: NotificationData): GoStruct {
  return new GoStruct(
    DATA,
    new Map<string, Value>([
      ['Receiver', data.receiver],
      ['Status', data.status],
      ['Alerts', new GoList(ALERTS, data.alerts.map(alertValue))],
      ['NotificationReason', data.notificationReason],
      ['GroupLabels', kvOf(data.groupLabels)],
      ['CommonLabels', kvOf(data.commonLabels)],
      ['CommonAnnotations', kvOf(data.commonAnnotations)],
      ...(data.routeLabels === undefined ? [] : [['RouteLabels', kvOf(data.routeLabels)] as const]),
      ['ExternalURL', data.externalURL],
    ]),
  );
}
