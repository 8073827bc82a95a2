/**
 * @module runtime/configured-tracing
 *
 * Tracing that a configuration can switch: with a `tracing:` section its collector gets the spans, without
 * one the OTEL_* variables rule. A reload prepares the new exporter first, so that a bad section changes
 * nothing, then swaps in one step; what the old one still holds is sent in the background.
 */
import { noTracer, type Logger, type Tracer } from '@tocsin/kernel';
import { tracingTarget, type TracingTarget } from './tracing-section.ts';
import { startTracing, type Tracing, type TracingOptions } from './tracing.ts';

/** Exporters by gRPC are given what trusts their server from outside: the gRPC library lives elsewhere. */
export type GrpcMeans = (
  tls: TracingTarget['tls'],
  headers: TracingTarget['headers'],
) => { readonly credentials: unknown; readonly metadata: unknown };

export interface ConfiguredTracing extends Tracing {
  /** `section`: undefined when there is none. Rejects with AppError; the result swaps, and never throws. */
  prepare(section: unknown): Promise<() => void>;
}

export interface ConfiguredTracingOptions extends TracingOptions {
  /** `service.name` of spans that a section asks for; upstream's name, so that dashboards find them. */
  readonly sectionService: string;
  readonly grpcMeans: GrpcMeans;
}

export async function configuredTracing(options: ConfiguredTracingOptions): Promise<ConfiguredTracing> {
  const fromEnvironment = await startTracing(options);
  return new Switch(options, fromEnvironment);
}

class Switch implements ConfiguredTracing {
  readonly tracer: Tracer;
  readonly #options: ConfiguredTracingOptions;
  readonly #fromEnvironment: Tracing;
  #current: Tracing;
  /** Of the section in use; '' for none. */
  #key = '';
  readonly #ending = new Set<Promise<void>>();

  constructor(options: ConfiguredTracingOptions, fromEnvironment: Tracing) {
    this.#options = options;
    this.#fromEnvironment = fromEnvironment;
    this.#current = fromEnvironment;
    const current = (): Tracer => this.#current.tracer;
    this.tracer = {
      get isOn() {
        return current().isOn;
      },
      start: (name, spanOptions) => current().start(name, spanOptions),
    };
  }

  async prepare(section: unknown): Promise<() => void> {
    if (section === undefined) return () => this.#swap(this.#fromEnvironment, '');
    const target = await tracingTarget(section);
    const key = JSON.stringify(target);
    if (key === this.#key) return () => undefined;
    const { startSectionTracing } = await import('./otel-section.ts');
    const next = startSectionTracing(target, this.#options);
    return () => this.#swap(next, key);
  }

  #swap(next: Tracing, key: string): void {
    const before = this.#current;
    this.#current = next;
    this.#key = key;
    if (before !== next && before !== this.#fromEnvironment) this.#end(before);
    sayWhatRules(this.#options.logger, before, next);
  }

  #end(tracing: Tracing): void {
    const ending = tracing.shutdown().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  async shutdown(): Promise<void> {
    if (this.#current !== this.#fromEnvironment) this.#end(this.#current);
    await Promise.all([this.#fromEnvironment.shutdown(), ...this.#ending]);
  }
}

function sayWhatRules(logger: Logger, before: Tracing, next: Tracing): void {
  if (before === next) return;
  logger.info(
    next.tracer === noTracer ? 'Tracing is off' : 'Traces go where the configuration says from now on',
  );
}
