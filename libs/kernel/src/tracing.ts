/**
 * Spans through a seam. The runtime binds it to OpenTelemetry when the OTEL_* variables ask for
 * it; otherwise `noTracer` costs one call that returns a constant.
 */
export interface Span {
  /** W3C `traceparent`, or '' when nothing is recorded. */
  readonly traceparent: string;
  set(attributes: Readonly<Record<string, string | number | boolean>>): void;
  /** `error` marks the span failed. */
  end(error?: string): void;
}

export interface Tracer {
  /** False: nobody listens, callers may skip gathering attributes. */
  readonly isOn: boolean;
  start(
    name: string,
    options?: {
      /** W3C `traceparent` of the parent; absent or '' starts a new trace. */
      readonly parent?: string;
      /** W3C `traceparent`s of related traces. */
      readonly links?: readonly string[];
      readonly kind?: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
      readonly attributes?: Readonly<Record<string, string | number | boolean>>;
    },
  ): Span;
}

const noSpan: Span = { traceparent: '', set: () => undefined, end: () => undefined };
export const noTracer: Tracer = { isOn: false, start: () => noSpan };

/** The 32 hex digits of the trace in a `traceparent`, or ''. */
export function traceIdOf(traceparent: string): string {
  const match = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(traceparent);
  return match?.[1] ?? '';
}
