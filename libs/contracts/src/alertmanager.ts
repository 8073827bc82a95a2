/** Package tocsin.alertmanager.v1; the meaning of each field is in the .proto. */
import type { RpcMethod } from '@tocsin/kernel';
import type { Label, Timestamp } from './common.ts';
import { staticTypes } from './gen/messages.gen.ts';
import { codecOf } from './static-type.ts';
import type { MessageCodec } from '@tocsin/kernel';

export interface WireAlert {
  readonly labels: readonly Label[];
  readonly annotations: readonly Label[];
  readonly startsAt?: Timestamp | undefined;
  readonly endsAt?: Timestamp | undefined;
  readonly generatorUrl: string;
  readonly traceparent: string;
}

export interface AlertBatch {
  readonly number: number;
  readonly tenant: string;
  readonly alerts: readonly WireAlert[];
  readonly sender: string;
  readonly traceparent: string;
}

export interface Rejection {
  readonly index: number;
  readonly reason: string;
}

export interface AlertBatchAck {
  readonly number: number;
  readonly rejections: readonly Rejection[];
}

const codec = <T>(name: string): MessageCodec<T> =>
  codecOf<T>(`tocsin.alertmanager.v1.${name}`, staticTypes.get(`tocsin.alertmanager.v1.${name}`));

export const alertBatchCodec: MessageCodec<AlertBatch> = codec('AlertBatch');
export const alertBatchAckCodec: MessageCodec<AlertBatchAck> = codec('AlertBatchAck');

const methodOf = (name: string, kind: 'unary' | 'bidi'): RpcMethod<AlertBatch, AlertBatchAck> => ({
  path: `/tocsin.alertmanager.v1.AlertmanagerService/${name}`,
  kind,
  request: alertBatchCodec,
  response: alertBatchAckCodec,
});

export const AlertmanagerMethods: {
  readonly streamAlerts: RpcMethod<AlertBatch, AlertBatchAck>;
  readonly postAlerts: RpcMethod<AlertBatch, AlertBatchAck>;
} = {
  streamAlerts: methodOf('StreamAlerts', 'bidi'),
  postAlerts: methodOf('PostAlerts', 'unary'),
};
