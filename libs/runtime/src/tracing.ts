/**
 * @module runtime/tracing
 *
 * The kernel's `Tracer` over the OpenTelemetry SDK, which is loaded only when the standard variables ask for
 * it (some hundred files, and tracing costs a busy service half of its CPU again): an OTLP endpoint, or
 * `OTEL_TRACES_EXPORTER` other than `none`. Everything else (`OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`,
 * `OTEL_TRACES_SAMPLER`, `OTEL_BSP_*`, `OTEL_EXPORTER_OTLP_*`) is the SDK's to read. Only spans are sent:
 * metrics are scraped and logs are written, whatever the variables say.
 */
import { noTracer } from '@tocsin/kernel';
import type { Logger, Tracer } from '@tocsin/kernel';

export interface Tracing {
  readonly tracer: Tracer;
  /** Sends what is queued, for at most `flushTimeoutMs`. Never rejects. */
  shutdown(): Promise<void>;
}

export interface TracingOptions {
  /** `tocsin-alertmanager`; OTEL_SERVICE_NAME wins over it. */
  readonly service: string;
  readonly version: string;
  /** Tells replicas apart: `service.instance.id`. */
  readonly instance: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logger: Logger;
  /** Default 3 s. */
  readonly flushTimeoutMs?: number;
}

/** True when the environment asks for traces. */
export function wantsTraces(env: TracingOptions['env']): boolean {
  const isSet = (name: string): boolean => (env[name] ?? '') !== '';
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none')
    return false;
  return ['OTEL_TRACES_EXPORTER', 'OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'].some(
    isSet,
  );
}

export async function startTracing(options: TracingOptions): Promise<Tracing> {
  if (!wantsTraces(options.env)) return { tracer: noTracer, shutdown: () => Promise.resolve() };
  const { startOtelTracing } = await import('./otel-tracing.ts');
  return startOtelTracing(options);
}
