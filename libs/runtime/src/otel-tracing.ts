/**
 * The tracer over OpenTelemetry's SDK. Only ever imported dynamically (tracing.ts), so that the SDK is not
 * loaded when tracing is off.
 */
import {
  context,
  diag,
  DiagLogLevel,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import type { Span as OtelSpan, SpanContext, Tracer as OtelTracer } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { NodeSDK, resources } from '@opentelemetry/sdk-node';
import type { Logger, Span, Tracer } from '@tocsin/kernel';
import type { Tracing, TracingOptions } from './tracing.ts';

export const flushTimeoutDefaultMs = 3_000;

export function startOtelTracing(options: TracingOptions): Tracing {
  routeDiagnostics(options);
  const sdk = new NodeSDK({
    resource: resources.defaultResource().merge(resources.resourceFromAttributes(resourceOf(options))),
    instrumentations: [],
    metricReaders: [],
    logRecordProcessors: [],
    ...(usesDefaultExporter(options.env) ? { traceExporter: new OTLPTraceExporter() } : {}),
  });
  sdk.start();
  options.logger.info('Tracing is on', { service: options.service });
  return {
    tracer: otelTracer(trace.getTracer(options.service, options.version)),
    async shutdown() {
      await within(options.flushTimeoutMs ?? flushTimeoutDefaultMs, sdk.shutdown(), options.logger);
      // Registered by the SDK; a second start in this process would be refused.
      for (const registered of [trace, context, propagation]) registered.disable();
    },
  };
}

/** OTLP as protobuf over HTTP; any other exporter or protocol named by the variables is made by the SDK. */
function usesDefaultExporter(env: TracingOptions['env']): boolean {
  const protocol = env['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'] ?? env['OTEL_EXPORTER_OTLP_PROTOCOL'] ?? '';
  return ['', 'otlp'].includes(env['OTEL_TRACES_EXPORTER'] ?? '') && ['', 'http/protobuf'].includes(protocol);
}

function resourceOf({ service, version, instance }: TracingOptions): Readonly<Record<string, string>> {
  // What the environment says is merged over this by the SDK.
  return { 'service.name': service, 'service.version': version, 'service.instance.id': instance };
}

export function routeDiagnostics({ env, logger }: TracingOptions): void {
  if (env['OTEL_LOG_LEVEL'] !== undefined) return; // The SDK then installs its own.
  const warn = (message: string, ...details: unknown[]): void =>
    logger.warn('OpenTelemetry reports a problem; check the OTEL_ variables and the collector', {
      problem: [message, ...details.map(String)].join(' '),
    });
  const quiet = (): void => undefined;
  diag.setLogger(
    { error: warn, warn, info: quiet, debug: quiet, verbose: quiet },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}

export async function within(timeoutMs: number, work: Promise<void>, logger: Logger): Promise<void> {
  let handle: NodeJS.Timeout | undefined;
  const expiry = new Promise<'late'>((resolve) => {
    handle = setTimeout(() => resolve('late'), timeoutMs);
  });
  try {
    const outcome = await Promise.race([work, expiry]);
    if (outcome === 'late')
      logger.warn('The last spans were not sent in time; check the trace collector', {
        timeout_ms: timeoutMs,
      });
  } catch (cause) {
    logger.warn('The last spans were not sent; check the trace collector', { err: cause });
  } finally {
    clearTimeout(handle);
  }
}

export function otelTracer(tracer: OtelTracer): Tracer {
  const kinds = {
    internal: SpanKind.INTERNAL,
    server: SpanKind.SERVER,
    client: SpanKind.CLIENT,
    producer: SpanKind.PRODUCER,
    consumer: SpanKind.CONSUMER,
  };
  return {
    isOn: true,
    start(spanName, { parent = '', links = [], kind = 'internal', attributes = {} } = {}) {
      const parentContext = parseTraceparent(parent);
      const parentage =
        parentContext === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parentContext);
      const linked = links.flatMap((link) => {
        const linkContext = parseTraceparent(link);
        return linkContext === undefined ? [] : [{ context: linkContext }];
      });
      return wrap(tracer.startSpan(spanName, { kind: kinds[kind], attributes, links: linked }, parentage));
    },
  };
}

function wrap(span: OtelSpan): Span {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return {
    traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
    set: (attributes) => void span.setAttributes(attributes),
    end(error) {
      if (error !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: error });
      span.end();
    },
  };
}

/** W3C Trace Context, level 1. What is malformed, or all zeros, is no parent. */
export function parseTraceparent(text: string): SpanContext | undefined {
  const match = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/.exec(text);
  const [, traceId = '', spanId = '', flags = ''] = match ?? [];
  if (match === null || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
}
