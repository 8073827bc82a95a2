/** gRPC intake: what schedulers talk to. */
import type { RawAlert } from '@tocsin/alerting';
import { AlertmanagerMethods, type AlertBatch, type AlertBatchAck, type WireAlert } from '@tocsin/contracts';
import { AppError, bidi, messageOf, unary, type Logger, type RpcHandler, type Tracer } from '@tocsin/kernel';
import type { Instant } from '@tocsin/model';
import { alertsPerBatchMax } from './settings.ts';
import type { TenantAlertmanager } from './tenant.ts';

interface Deps {
  readonly tenantOf: (tenant: string) => TenantAlertmanager;
  readonly tracer: Tracer;
  readonly logger: Logger;
}

export function ingestHandlers(deps: Deps): readonly RpcHandler[] {
  return [
    bidi(AlertmanagerMethods.streamAlerts, (reply, context) => ({
      onMessage: (batch) => {
        try {
          reply.send(takeBatch(deps, batch));
        } catch (error) {
          // A batch that can't be taken at all (restoring, unknown tenant) is not acknowledged: the sender keeps it.
          deps.logger.warn('A batch of alerts was not taken; its sender will try again', {
            sender: batch.sender,
            peer: context.peer,
            err: messageOf(error),
          });
          reply.cancel();
        }
      },
      onEnd: () => reply.end(),
    })),
    unary(AlertmanagerMethods.postAlerts, (batch) => takeBatch(deps, batch)),
  ];
}

function takeBatch(deps: Deps, batch: AlertBatch): AlertBatchAck {
  if (batch.alerts.length > alertsPerBatchMax) {
    throw new AppError(
      'limit',
      `a batch holds at most ${alertsPerBatchMax} alerts, this one has ${batch.alerts.length}`,
    );
  }
  const span = deps.tracer.start('alertmanager.StreamAlerts', {
    parent: batch.traceparent,
    kind: 'server',
    attributes: { 'alerting.alerts.count': batch.alerts.length, sender: batch.sender },
  });
  try {
    const rejections = deps
      .tenantOf(batch.tenant)
      .alerts.put(batch.alerts.map((alert) => rawAlert(alert, batch.traceparent)));
    return { number: batch.number, rejections };
  } finally {
    span.end();
  }
}

const rawAlert = (alert: WireAlert, batchTrace: string): RawAlert => ({
  labels: alert.labels.map(({ name, value }) => [name, value] as const),
  annotations: alert.annotations.map(({ name, value }) => [name, value] as const),
  startsAt: instantFrom(alert.startsAt),
  endsAt: instantFrom(alert.endsAt),
  generatorUrl: alert.generatorUrl,
  traceparent: alert.traceparent === '' ? batchTrace : alert.traceparent,
});

const instantFrom = (
  wire: { readonly seconds: number; readonly nanos: number } | undefined,
): Instant | undefined =>
  wire === undefined ? undefined : { seconds: wire.seconds, nanos: wire.nanos, offsetMinutes: 0 };
