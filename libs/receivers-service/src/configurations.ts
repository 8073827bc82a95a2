/**
 * Configurations by the hash of their content: an alertmanager names one by its hash and sends it only
 * to a replica that does not know it. Nothing else is kept about any tenant.
 */
import { AppError, utf8Length, type Meter } from '@tocsin/kernel';
import type { Integration, ReadIntegration, ReadingMeans } from './integration.ts';
import { JsonSettings } from './json-settings.ts';
import { receiversMetrics as metrics } from './metrics.ts';

/** The least recently used one is dropped; its next request is answered CONFIGURATION_UNKNOWN. */
export const CONFIGURATIONS_MAX = 10_000;
export const SETTINGS_BYTES_MAX: number = 1024 * 1024;

export interface ConfigurationsDeps {
  readonly integrations: ReadonlyMap<string, ReadIntegration>;
  readonly sha256Hex: (text: string) => string;
  readonly meter: Meter;
  readonly means: ReadingMeans;
}

export class Configurations {
  readonly #deps: ConfigurationsDeps;
  /** Least recently used first. */
  readonly #held = new Map<string, Integration>();

  constructor(deps: ConfigurationsDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#held.size;
  }

  get(integration: string, hash: string): Integration | undefined {
    const key = keyOf(integration, hash);
    const found = this.#held.get(key);
    if (found === undefined) return undefined;
    this.#held.delete(key);
    this.#held.set(key, found);
    return found;
  }

  /** Throws AppError `invalid` or `limit`, naming what is wrong. */
  add(integration: string, hash: string, settingsJson: string): void {
    const parsed = this.read(integration, settingsJson);
    const real = this.#deps.sha256Hex(settingsJson);
    if (real !== hash) {
      throw AppError.invalid(
        `configuration_hash ${JSON.stringify(hash)} is not the SHA-256 of settings_json, ${real}`,
      );
    }
    this.#held.set(keyOf(integration, hash), parsed);
    if (this.#held.size <= CONFIGURATIONS_MAX) return;
    const [oldest] = this.#held.keys();
    if (oldest !== undefined) this.#held.delete(oldest);
    this.#deps.meter.add(metrics.evicted, 1, { what: 'configuration' });
  }

  /** Without keeping it. Throws as `add`. */
  read(integration: string, settingsJson: string): Integration {
    const read = this.#deps.integrations.get(integration);
    if (read === undefined) {
      const known = [...this.#deps.integrations.keys()].join(', ');
      throw AppError.invalid(
        `integration ${JSON.stringify(integration)} is not supported: expected one of ${known}`,
      );
    }
    const bytes = utf8Length(settingsJson);
    if (bytes > SETTINGS_BYTES_MAX) {
      throw new AppError('limit', `settings_json of ${bytes} bytes: at most ${SETTINGS_BYTES_MAX} are taken`);
    }
    return read(JsonSettings.parse(settingsJson), this.#deps.means);
  }
}

// The same settings may mean different things to two integrations.
const keyOf = (integration: string, hash: string): string => `${integration}/${hash}`;
