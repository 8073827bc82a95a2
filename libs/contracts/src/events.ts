/** Package tocsin.events.v1; the meaning of each field is in the .proto. */
import type { MessageCodec } from '@tocsin/kernel';
import { staticTypes } from './gen/messages.gen.ts';
import { codecOf } from './static-type.ts';

export interface WireEvent {
  readonly id: string;
  readonly atMs: number;
  readonly tenant: string;
  readonly replica: string;
  readonly traceId: string;
  readonly type: string;
  readonly decisionJson: string;
}

export const eventCodec: MessageCodec<WireEvent> = codecOf(
  'tocsin.events.v1.Event',
  staticTypes.get('tocsin.events.v1.Event'),
);
