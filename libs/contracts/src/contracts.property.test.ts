/**
 * Goal: what we send is what the .proto says, and what we read is what was sent.
 * Method: messages made by fast-check go through our codec and through protobufjs' reflection of the
 * .proto, in both directions.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, type MessageCodec } from '@tocsin/kernel';
import * as fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import {
  AlertmanagerMethods,
  ReceiversMethods,
  emptyNotifyRequest,
  eventCodec,
  type AlertBatch,
  type AlertBatchAck,
  type ConfigureRequest,
  type DescribeResponse,
  type Label,
  type NotifiedAlert,
  type NotifyOutcome,
  type NotifyRequest,
  type OutcomeRequest,
  type OutcomeResponse,
  type OutcomeStatus,
  type ReceiverData,
  type ReceiverDataValue,
  type TestRequest,
  type Timestamp,
  type WireAlert,
  type WireEvent,
} from './index.ts';

const protoDir = join(import.meta.dirname, '../../../proto');
const root = new protobuf.Root();
root.resolvePath = (_origin, target) => (target.startsWith('/') ? target : join(protoDir, target));
root.loadSync(
  readdirSync(join(protoDir, 'tocsin'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.proto'))
    .map((name) => join(protoDir, 'tocsin', name)),
);

const text = fc.string({ unit: 'binary' });
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const int64 = fc.oneof(fc.maxSafeInteger(), fc.integer());
const label: fc.Arbitrary<Label> = fc.record({ name: text, value: text });
const labels = fc.array(label, { maxLength: 5 });
const timestamp: fc.Arbitrary<Timestamp> = fc.record({
  seconds: int64,
  nanos: fc.integer({ min: 0, max: 999_999_999 }),
});
const maybeTimestamp = fc.option(timestamp, { nil: undefined });

const wireAlert: fc.Arbitrary<WireAlert> = fc.record({
  labels,
  annotations: labels,
  startsAt: maybeTimestamp,
  endsAt: maybeTimestamp,
  generatorUrl: text,
  traceparent: text,
});
const alertBatch: fc.Arbitrary<AlertBatch> = fc.record({
  number: int64,
  tenant: text,
  alerts: fc.array(wireAlert, { maxLength: 4 }),
  sender: text,
  traceparent: text,
});
const ack: fc.Arbitrary<AlertBatchAck> = fc.record({
  number: int64,
  rejections: fc.array(fc.record({ index: int32, reason: text })),
});
const dataValue: fc.Arbitrary<ReceiverDataValue> = fc.oneof(
  text,
  // protobufjs by reflection is exact to 53 bits only; all 64 are tested apart.
  int64.map(BigInt),
  fc.double({ noNaN: true }),
);
const receiverData: fc.Arbitrary<ReceiverData> = fc
  .array(fc.tuple(fc.oneof(text, fc.constantFrom('__proto__', 'constructor', 'toString')), dataValue), {
    maxLength: 4,
  })
  .map((pairs) => new Map(pairs));
const notifiedAlert: fc.Arbitrary<NotifiedAlert> = fc.record({
  labels,
  annotations: labels,
  startsAt: maybeTimestamp,
  endsAt: maybeTimestamp,
  generatorUrl: text,
});
const notifyRequest: fc.Arbitrary<NotifyRequest> = fc.record({
  notificationId: text,
  tenant: text,
  configurationHash: text,
  receiver: fc.option(fc.record({ groupName: text, integration: text, index: int32 }), { nil: undefined }),
  groupKey: text,
  groupLabels: labels,
  routeLabels: labels,
  alerts: fc.array(notifiedAlert, { maxLength: 3 }),
  reason: text,
  externalUrl: text,
  timeoutMs: int32,
  attempt: int32,
  traceparent: text,
  receiverData,
});
const notifyOutcome: fc.Arbitrary<NotifyOutcome> = fc.record({
  notificationId: text,
  status: fc.constantFrom<OutcomeStatus>(
    'unspecified',
    'delivered',
    'retry',
    'failed',
    'configuration-unknown',
  ),
  reason: text,
  error: text,
  retryAfterMs: int32,
  statusCode: int32,
  receiverData,
  attempt: int32,
});
const configureRequest: fc.Arbitrary<ConfigureRequest> = fc.record({
  tenant: text,
  configurationHash: text,
  settingsJson: text,
  integration: text,
});
const testRequest: fc.Arbitrary<TestRequest> = fc.record({
  integration: text,
  settingsJson: text,
  notification: fc.option(notifyRequest, { nil: undefined }),
});
const event: fc.Arbitrary<WireEvent> = fc.record({
  id: text,
  atMs: int64,
  tenant: text,
  replica: text,
  traceId: text,
  type: text,
  decisionJson: text,
});
const outcomeRequest: fc.Arbitrary<OutcomeRequest> = fc.record({ notificationIds: fc.array(text) });
const outcomeResponse: fc.Arbitrary<OutcomeResponse> = fc.record({
  outcomes: fc.array(notifyOutcome, { maxLength: 3 }),
});
const describeResponse: fc.Arbitrary<DescribeResponse> = fc.record({
  integrations: fc.array(text),
  version: text,
});

interface Case {
  readonly name: string;
  readonly codec: MessageCodec<unknown>;
  readonly values: fc.Arbitrary<unknown>;
}
const caseOf = <T>(name: string, codec: MessageCodec<T>, values: fc.Arbitrary<T>): Case => ({
  name,
  codec,
  values,
});
const cases = [
  caseOf('alertmanager.v1.AlertBatch', AlertmanagerMethods.streamAlerts.request, alertBatch),
  caseOf('alertmanager.v1.AlertBatchAck', AlertmanagerMethods.postAlerts.response, ack),
  caseOf('receivers.v1.NotifyRequest', ReceiversMethods.notifyStream.request, notifyRequest),
  caseOf('receivers.v1.NotifyOutcome', ReceiversMethods.notify.response, notifyOutcome),
  caseOf('receivers.v1.OutcomeRequest', ReceiversMethods.outcome.request, outcomeRequest),
  caseOf('receivers.v1.OutcomeResponse', ReceiversMethods.outcome.response, outcomeResponse),
  caseOf('receivers.v1.ConfigureRequest', ReceiversMethods.configure.request, configureRequest),
  caseOf('receivers.v1.ConfigureResponse', ReceiversMethods.configure.response, fc.constant({})),
  caseOf('receivers.v1.TestRequest', ReceiversMethods.test.request, testRequest),
  caseOf('receivers.v1.DescribeRequest', ReceiversMethods.describe.request, fc.constant({})),
  caseOf('receivers.v1.DescribeResponse', ReceiversMethods.describe.response, describeResponse),
  caseOf('events.v1.Event', eventCodec, event),
];

/** The message as the .proto's own JSON form has it. */
function reflectionForm(value: unknown): unknown {
  if (value instanceof Map)
    return Object.fromEntries([...value].map(([key, each]) => [key, dataValueForm(each)]));
  if (Array.isArray(value)) return value.map(reflectionForm);
  if (typeof value !== 'object' || value === null) return value === 'configuration-unknown' ? 4 : value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== undefined)
      .map(([key, each]) => [key, key === 'status' ? STATUS.indexOf(String(each)) : reflectionForm(each)]),
  );
}
function dataValueForm(value: ReceiverDataValue): unknown {
  if (typeof value === 'string') return { strVal: value };
  if (typeof value === 'number') return { doubleVal: value };
  const halves = { low: Number(BigInt.asIntN(32, value)), high: Number(BigInt.asIntN(32, value >> 32n)) };
  return { intVal: { ...halves, unsigned: false } };
}
const ALL_FIELDS = { longs: Number, defaults: true };
const STATUS = ['unspecified', 'delivered', 'retry', 'failed', 'configuration-unknown'];

describe.each(cases)('the codec of $name', ({ name, codec, values }) => {
  const type = root.lookupType(`tocsin.${name}`);

  it('gives back what was encoded, with every field set', () => {
    fc.assert(
      fc.property(values, (message) => {
        const back = codec.decode(codec.encode(message));
        expect(back).toEqual(message);
        expect(new Set(Object.keys(back as object))).toEqual(
          new Set(type.fieldsArray.map((field) => field.name)),
        );
      }),
    );
  });

  it('is understood by protobufjs reading the .proto', () => {
    fc.assert(
      fc.property(values, (message) => {
        const decoded = type.decode(codec.encode(message));
        expect(type.toObject(decoded, ALL_FIELDS)).toEqual(
          type.toObject(type.fromObject(reflectionForm(message) as object), ALL_FIELDS),
        );
      }),
    );
  });

  it('understands what protobufjs writes from the .proto, in which defaults may be sent or left out', () => {
    fc.assert(
      fc.property(values, (message) => {
        const bytes = type.encode(type.fromObject(reflectionForm(message) as object)).finish();
        expect(codec.decode(bytes)).toEqual(message);
      }),
    );
  });

  it('answers any bytes with a message or AppError invalid, never another error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          codec.decode(bytes);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(AppError);
          expect((thrown as AppError).code).toBe('invalid');
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('decoding', () => {
  const codec = ReceiversMethods.notify.request;

  it('sets every field of a message that was left empty on the wire', () => {
    expect(codec.decode(new Uint8Array())).toEqual(emptyNotifyRequest);
  });

  it('names the message and its length when bytes are cut short', () => {
    const bytes = codec.encode({ ...emptyNotifyRequest, notificationId: 'n-1' });
    expect(() => codec.decode(bytes.subarray(0, bytes.length - 1))).toThrow(
      /not a tocsin\.receivers\.v1\.NotifyRequest: .* \(4 bytes\)/,
    );
  });

  it('refuses an integer that a number cannot hold', () => {
    // number = 2^53 + 1
    const bytes = Uint8Array.of(0x08, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10);
    expect(() => AlertmanagerMethods.postAlerts.response.decode(bytes)).toThrow(/outside ±2\^53/);
  });

  it('keeps all 64 bits of an integer in receiver data', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        const message = { ...emptyNotifyRequest, receiverData: new Map([['n', value]]) };
        expect(codec.decode(codec.encode(message)).receiverData.get('n')).toBe(value);
      }),
    );
  });

  it('gives back texts around the lengths at which their prefix grows', () => {
    for (const unit of ['x', 'é', '€', '😀']) {
      for (const length of [0, 1, 42, 43, 44, 63, 64, 127, 128, 129, 16_383, 16_384]) {
        const groupKey = unit.repeat(length);
        expect(codec.decode(codec.encode({ ...emptyNotifyRequest, groupKey })).groupKey).toBe(groupKey);
      }
    }
  });

  it('gives back a message larger than the buffer that is kept', () => {
    const groupKey = 'x'.repeat(3_000_000);
    expect(codec.decode(codec.encode({ ...emptyNotifyRequest, groupKey })).groupKey).toBe(groupKey);
    expect(codec.decode(codec.encode(emptyNotifyRequest))).toEqual(emptyNotifyRequest);
  });

  it('skips fields of a newer release', () => {
    const newer = new protobuf.Type('NotifyOutcome').add(new protobuf.Field('novelty', 99, 'string'));
    new protobuf.Root().add(newer);
    const outcome = ReceiversMethods.notify.response.decode(newer.encode({ novelty: 'x' }).finish());
    expect(outcome.status).toBe('unspecified');
  });

  it('takes an unknown status for unspecified', () => {
    const type = root.lookupType('tocsin.receivers.v1.NotifyOutcome');
    expect(ReceiversMethods.notify.response.decode(type.encode({ status: 77 }).finish()).status).toBe(
      'unspecified',
    );
  });
});

const paths = (service: string): string[] =>
  root
    .lookupService(service)
    .methodsArray.map((method) => `/${service}/${method.name} ${method.requestStream ? 'bidi' : 'unary'}`)
    .sort();
const ours = (methods: object): string[] =>
  Object.values(methods as Record<string, { path: string; kind: string }>)
    .map((method) => `${method.path} ${method.kind}`)
    .sort();

describe('service definitions', () => {
  it('have every method of the .proto, with its path and kind', () => {
    expect(ours(AlertmanagerMethods)).toEqual(paths('tocsin.alertmanager.v1.AlertmanagerService'));
    expect(ours(ReceiversMethods)).toEqual(paths('tocsin.receivers.v1.ReceiversService'));
  });
});
