/** Package tocsin.receivers.v1; the meaning of each field is in the .proto. */
import type { MessageCodec, RpcMethod } from '@tocsin/kernel';
import type { Label, Timestamp } from './common.ts';
import { staticTypes } from './gen/messages.gen.ts';
import { codecOf, halvesOf, type WireForm } from './static-type.ts';

export interface WireReceiver {
  readonly groupName: string;
  readonly integration: string;
  readonly index: number;
}

export interface NotifiedAlert {
  readonly labels: readonly Label[];
  readonly annotations: readonly Label[];
  readonly startsAt?: Timestamp | undefined;
  /** Absent: firing. */
  readonly endsAt?: Timestamp | undefined;
  readonly generatorUrl: string;
}

/** On the wire: string, int64 or double. */
export type ReceiverDataValue = string | bigint | number;
/** What an integration wants to find again at the group's next notification (Slack's thread). */
export type ReceiverData = ReadonlyMap<string, ReceiverDataValue>;

export interface NotifyRequest {
  readonly notificationId: string;
  readonly tenant: string;
  readonly configurationHash: string;
  readonly receiver?: WireReceiver | undefined;
  readonly groupKey: string;
  readonly groupLabels: readonly Label[];
  readonly routeLabels: readonly Label[];
  readonly alerts: readonly NotifiedAlert[];
  readonly reason: string;
  readonly externalUrl: string;
  readonly timeoutMs: number;
  readonly attempt: number;
  readonly traceparent: string;
  readonly receiverData: ReceiverData;
}

/** `unspecified`: a status of a newer release. */
export type OutcomeStatus = 'unspecified' | 'delivered' | 'retry' | 'failed' | 'configuration-unknown';

export interface NotifyOutcome {
  readonly notificationId: string;
  readonly status: OutcomeStatus;
  /** Alertmanager's failure reason label; '' when delivered. */
  readonly reason: string;
  readonly error: string;
  /** 0: not said. */
  readonly retryAfterMs: number;
  /** HTTP status or 0. */
  readonly statusCode: number;
  readonly receiverData: ReceiverData;
  readonly attempt: number;
}

export interface OutcomeRequest {
  readonly notificationIds: readonly string[];
}
export interface OutcomeResponse {
  readonly outcomes: readonly NotifyOutcome[];
}
export interface ConfigureRequest {
  readonly tenant: string;
  readonly configurationHash: string;
  readonly settingsJson: string;
  readonly integration: string;
}
export type ConfigureResponse = Readonly<Record<string, never>>;
export interface TestRequest {
  readonly integration: string;
  readonly settingsJson: string;
  readonly notification?: NotifyRequest | undefined;
}
export type DescribeRequest = Readonly<Record<string, never>>;
export interface DescribeResponse {
  readonly integrations: readonly string[];
  readonly version: string;
}

/** A request with every field at its default, to spread over. */
export const emptyNotifyRequest: NotifyRequest = {
  notificationId: '',
  tenant: '',
  configurationHash: '',
  receiver: undefined,
  groupKey: '',
  groupLabels: [],
  routeLabels: [],
  alerts: [],
  reason: '',
  externalUrl: '',
  timeoutMs: 0,
  attempt: 0,
  traceparent: '',
  receiverData: new Map(),
};

// The order of the .proto's numbers.
const STATUSES: readonly OutcomeStatus[] = [
  'unspecified',
  'delivered',
  'retry',
  'failed',
  'configuration-unknown',
];

interface ValueOnWire {
  readonly strVal?: string;
  readonly intVal?: bigint | { readonly low: number; readonly high: number };
  readonly doubleVal?: number;
}
// Keys are the integrations' own, but they came over a wire: a Map has no __proto__ to trip over.
type DataOnWire = Readonly<Record<string, ValueOnWire | null>>;
const noData: ReceiverData = new Map();

function dataFromWire(data: DataOnWire): ReceiverData {
  const entries = Object.entries(data);
  return entries.length === 0 ? noData : new Map(entries.map(([key, value]) => [key, valueFromWire(value)]));
}

/** A value that is left out on the wire is the empty string. */
function valueFromWire(value: ValueOnWire | null): ReceiverDataValue {
  if (value === null) return '';
  return value.strVal ?? (typeof value.intVal === 'bigint' ? value.intVal : (value.doubleVal ?? ''));
}

function dataToWire(data: ReceiverData): DataOnWire {
  return Object.fromEntries([...data].map(([key, value]) => [key, valueToWire(value)]));
}

function valueToWire(value: ReceiverDataValue): ValueOnWire {
  if (typeof value === 'string') return { strVal: value };
  return typeof value === 'bigint' ? { intVal: halvesOf(value) } : { doubleVal: value };
}

type RequestOnWire = Omit<NotifyRequest, 'receiverData'> & { receiverData: DataOnWire };
type OutcomeOnWire = Omit<NotifyOutcome, 'receiverData' | 'status'> & {
  receiverData: DataOnWire;
  status: number;
};

const requestForm: WireForm<NotifyRequest> = {
  fromWire: (message) => {
    // The decoded message is ours alone: changing it in place saves a copy of fourteen fields.
    const wire = message as { receiverData: unknown };
    wire.receiverData = dataFromWire(wire.receiverData as DataOnWire);
    return message as NotifyRequest;
  },
  toWire: (request): RequestOnWire => ({ ...request, receiverData: dataToWire(request.receiverData) }),
};

const outcomeForm: WireForm<NotifyOutcome> = {
  fromWire: (message) => {
    const wire = message as { receiverData: unknown; status: unknown };
    wire.receiverData = dataFromWire(wire.receiverData as DataOnWire);
    wire.status = STATUSES[wire.status as number] ?? 'unspecified';
    return message as NotifyOutcome;
  },
  toWire: (outcome): OutcomeOnWire => ({
    ...outcome,
    status: STATUSES.indexOf(outcome.status),
    receiverData: dataToWire(outcome.receiverData),
  }),
};

const outcomesForm: WireForm<OutcomeResponse> = {
  fromWire: (message) => ({
    outcomes: (message as { outcomes: readonly unknown[] }).outcomes.map((each) =>
      outcomeForm.fromWire(each),
    ),
  }),
  toWire: (response) => ({ outcomes: response.outcomes.map((each) => outcomeForm.toWire(each)) }),
};

const testForm: WireForm<TestRequest> = {
  fromWire: (message) => {
    const { notification } = message as TestRequest;
    if (notification !== undefined) requestForm.fromWire(notification);
    return message as TestRequest;
  },
  toWire: (request) => ({
    ...request,
    notification: request.notification && requestForm.toWire(request.notification),
  }),
};

const codec = <T>(name: string, form?: WireForm<T>): MessageCodec<T> =>
  codecOf<T>(`tocsin.receivers.v1.${name}`, staticTypes.get(`tocsin.receivers.v1.${name}`), form);

export const notifyRequestCodec: MessageCodec<NotifyRequest> = codec('NotifyRequest', requestForm);
export const notifyOutcomeCodec: MessageCodec<NotifyOutcome> = codec('NotifyOutcome', outcomeForm);

const method = <Req, Res>(
  name: string,
  kind: 'unary' | 'bidi',
  request: MessageCodec<Req>,
  response: MessageCodec<Res>,
): RpcMethod<Req, Res> => ({
  path: `/tocsin.receivers.v1.ReceiversService/${name}`,
  kind,
  request,
  response,
});

export const ReceiversMethods: {
  readonly notifyStream: RpcMethod<NotifyRequest, NotifyOutcome>;
  readonly notify: RpcMethod<NotifyRequest, NotifyOutcome>;
  readonly outcome: RpcMethod<OutcomeRequest, OutcomeResponse>;
  readonly configure: RpcMethod<ConfigureRequest, ConfigureResponse>;
  readonly test: RpcMethod<TestRequest, NotifyOutcome>;
  readonly describe: RpcMethod<DescribeRequest, DescribeResponse>;
} = {
  notifyStream: method('NotifyStream', 'bidi', notifyRequestCodec, notifyOutcomeCodec),
  notify: method('Notify', 'unary', notifyRequestCodec, notifyOutcomeCodec),
  outcome: method(
    'Outcome',
    'unary',
    codec<OutcomeRequest>('OutcomeRequest'),
    codec('OutcomeResponse', outcomesForm),
  ),
  configure: method(
    'Configure',
    'unary',
    codec<ConfigureRequest>('ConfigureRequest'),
    codec<ConfigureResponse>('ConfigureResponse'),
  ),
  test: method('Test', 'unary', codec('TestRequest', testForm), notifyOutcomeCodec),
  describe: method(
    'Describe',
    'unary',
    codec<DescribeRequest>('DescribeRequest'),
    codec<DescribeResponse>('DescribeResponse'),
  ),
};
