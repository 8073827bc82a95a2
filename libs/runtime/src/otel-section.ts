/** An exporter for one `tracing:` section. Only ever imported dynamically, as otel-tracing.ts is. */
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as HttpExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resources, tracing } from '@opentelemetry/sdk-node';
import type { HttpTls } from '@tocsin/kernel';
import type { ConfiguredTracingOptions } from './configured-tracing.ts';
import { flushTimeoutDefaultMs, otelTracer, routeDiagnostics, within } from './otel-tracing.ts';
import type { TracingTarget } from './tracing-section.ts';
import type { Tracing } from './tracing.ts';

type HttpOptions = NonNullable<ConstructorParameters<typeof HttpExporter>[0]>;
type GrpcOptions = NonNullable<ConstructorParameters<typeof GrpcExporter>[0]>;

/** Spans wait at most so long for others to be sent with. */
const SEND_EVERY_MS = 1_000;

/** Throws AppError `invalid` for TLS material that can't be used. Nothing is dialled before the first span. */
export function startSectionTracing(target: TracingTarget, options: ConfiguredTracingOptions): Tracing {
  routeDiagnostics(options);
  const { sectionService, version, instance, logger } = options;
  const { BasicTracerProvider, BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler } = tracing;
  // Not registered with OpenTelemetry's globals: there may be one more, for a moment, at a reload.
  const provider = new BasicTracerProvider({
    resource: resources.resourceFromAttributes({
      'service.name': sectionService,
      'service.version': version,
      'service.instance.id': instance,
    }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(target.fraction) }),
    spanProcessors: [
      new BatchSpanProcessor(exporterFor(target, options), { scheduledDelayMillis: SEND_EVERY_MS }),
    ],
  });
  return {
    tracer: otelTracer(provider.getTracer(sectionService, version)),
    shutdown: () => within(options.flushTimeoutMs ?? flushTimeoutDefaultMs, provider.shutdown(), logger),
  };
}

function exporterFor(
  target: TracingTarget,
  { grpcMeans }: ConfiguredTracingOptions,
): GrpcExporter | HttpExporter {
  const shared = {
    url: target.url,
    ...(target.isCompressed ? { compression: 'gzip' } : {}),
    ...(target.timeoutMs === undefined ? {} : { timeoutMillis: target.timeoutMs }),
  };
  if (target.client === 'grpc') {
    const { credentials, metadata } = grpcMeans(target.tls, target.headers);
    return new GrpcExporter({ ...shared, credentials, metadata } as GrpcOptions);
  }
  const agent = target.tls === 'insecure' ? {} : { httpAgentOptions: agentOptions(target.tls) };
  return new HttpExporter({ ...shared, headers: { ...target.headers }, ...agent } as HttpOptions);
}

const agentOptions = (tls: HttpTls): Readonly<Record<string, unknown>> => ({
  keepAlive: true,
  ...(tls.caPem === undefined ? {} : { ca: tls.caPem }),
  ...(tls.certificatePem === undefined ? {} : { cert: tls.certificatePem }),
  ...(tls.keyPem === undefined ? {} : { key: tls.keyPem }),
  ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
  ...(tls.isUnverified === true ? { rejectUnauthorized: false } : {}),
  ...(tls.minVersion === undefined ? {} : { minVersion: tls.minVersion }),
  ...(tls.maxVersion === undefined ? {} : { maxVersion: tls.maxVersion }),
});
