/**
 * Reads the configuration file at the start and at each reload, and remembers how that went: a reload
 * that failed must be seen in metrics, log, events and status, not found out when a route is missing.
 */
import { messageOf, type WallMs } from '@tocsin/kernel';
import {
  checkedConfiguration,
  type CheckedConfiguration,
  type ConfigurationSeams,
} from './checked-configuration.ts';
import type { Emit } from './emit.ts';
import { alertmanagerMetrics as metrics } from './metrics.ts';
import type { AlertmanagerParts } from './parts.ts';
import type { EventRecorder } from './recorder/event-recorder.ts';

/** Field names are API: `GET /api/v2/tocsin/status`. */
export interface ConfigurationStatus {
  /** Of the configuration that runs: `alertmanager_config_hash`. */
  readonly hash: number;
  /** When it was loaded. */
  readonly loadedAt: WallMs;
  /** The last attempt, the one at the start included. */
  readonly lastReload: { readonly at: WallMs; readonly isSuccessful: boolean; readonly error: string };
}

export class ConfigurationLoader {
  readonly #parts: AlertmanagerParts;
  readonly #emit: Emit;
  readonly #recorder: EventRecorder | undefined;
  #status: ConfigurationStatus = {
    hash: 0,
    loadedAt: 0,
    lastReload: { at: 0, isSuccessful: false, error: 'not loaded yet' },
  };

  constructor(parts: AlertmanagerParts, emit: Emit, recorder: EventRecorder | undefined) {
    this.#parts = parts;
    this.#emit = emit;
    this.#recorder = recorder;
  }

  get status(): ConfigurationStatus {
    return this.#status;
  }

  /** Rejects with AppError `invalid` for a bad configuration, `unavailable` when it can't be read. */
  async load(): Promise<CheckedConfiguration> {
    try {
      const configuration = await this.#read();
      this.#succeeded(configuration);
      return configuration;
    } catch (error) {
      this.#failed(messageOf(error));
      throw error;
    }
  }

  async #read(): Promise<CheckedConfiguration> {
    const { readTemplates, readConfiguration, prepareTracing } = this.#parts;
    const recorder = this.#recorder;
    const configuration = await this.judge(await readConfiguration(), {
      readTemplates,
      ...(recorder === undefined ? {} : { checkEventRecorder: (section) => recorder.check(section) }),
    });
    // Last: after it nothing can be refused any more.
    const swapTracing = await prepareTracing?.(configuration.tracing);
    swapTracing?.();
    return configuration;
  }

  /** What a file of this text would be loaded as. Opens and changes nothing by itself. Rejects with AppError `invalid`. */
  async judge(
    text: string,
    seams: Pick<ConfigurationSeams, 'readTemplates' | 'checkEventRecorder'>,
  ): Promise<CheckedConfiguration> {
    const { settings } = this.#parts;
    const options = {
      mode: settings.matcherMode,
      folder: settings.configurationFolder,
      retentionMs: settings.retentionMs,
    };
    return checkedConfiguration(text, options, { ...this.#parts, ...seams });
  }

  #succeeded(configuration: CheckedConfiguration): void {
    const { logger, meter, clock } = this.#parts;
    const { warnings, hash } = configuration;
    for (const warning of warnings) logger.warn(warning);
    const now = clock.wall();
    meter.set(metrics.reloadSuccessful, 1, {});
    meter.set(metrics.reloadTimestamp, now / 1000, {});
    meter.set(metrics.configurationHash, hash, {});
    this.#status = { hash, loadedAt: now, lastReload: { at: now, isSuccessful: true, error: '' } };
    this.#emit('', { type: 'configuration-loaded', hash: hash.toString(16) });
  }

  #failed(error: string): void {
    const { logger, meter, clock } = this.#parts;
    meter.set(metrics.reloadSuccessful, 0, {});
    logger.error('Loading configuration file failed; a running configuration stays as it is', { err: error });
    this.#status = { ...this.#status, lastReload: { at: clock.wall(), isSuccessful: false, error } };
    this.#emit('', { type: 'configuration-refused', error });
  }
}
