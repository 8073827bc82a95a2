/**
 * @module alerting/configuration
 *
 * Alertmanager's configuration, resolved: defaults filled in, inheritance done, references checked,
 * matchers compiled. What the rest of the code sees never has an optional setting.
 */
import type { LabelSet, Matcher, NamedTimeInterval } from '@tocsin/model';

export interface Configuration {
  readonly resolveTimeoutMs: number;
  readonly route: RouteNode;
  readonly receivers: readonly ReceiverConfig[];
  readonly inhibitRules: readonly InhibitRule[];
  /** Of both sections, `time_intervals` and `mute_time_intervals`. */
  readonly timeIntervals: readonly NamedTimeInterval[];
  /** Path globs as written. */
  readonly templates: readonly string[];
  /** `tracing`, in clear; absent: off. */
  readonly tracing?: JsonValue;
  /** `event_recorder`, in clear; absent: off. */
  readonly eventRecorder?: JsonValue;
  /** The effective configuration as YAML with secrets masked: `config.original` of the status API. It loads again. */
  readonly rendered: string;
  /** First 48 bits of the MD5 of the raw text, little-endian: `alertmanager_config_hash`. */
  readonly hash: number;
  /** What is accepted but deserves a look (deprecated forms, ambiguous matchers, timings that can't work). */
  readonly warnings: readonly string[];
}

/** A node of the route tree with its effective (inherited) options. */
export interface RouteNode {
  /** Unique: the key, with the index among its siblings after each level below the root. */
  readonly id: string;
  /** Parent key + `/` + rendered matchers; the first half of a group key. */
  readonly key: string;
  readonly receiver: string;
  /** Sorted canonically; all must match; empty matches everything. */
  readonly matchers: readonly Matcher[];
  readonly continue: boolean;
  /** 'all' is `['...']`. */
  readonly groupBy: 'all' | ReadonlySet<string>;
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
  /** Templates by name, the parents' merged in; rendered for every flush. */
  readonly labels?: ReadonlyMap<string, string>;
  readonly muteTimeIntervals: readonly string[];
  readonly activeTimeIntervals: readonly string[];
  readonly routes: readonly RouteNode[];
  /** For people: ids of the routes that set the three timings; absent where Alertmanager's default holds. */
  readonly timingSetBy?: {
    readonly groupWait?: string | undefined;
    readonly groupInterval?: string | undefined;
    readonly repeatInterval?: string | undefined;
  };
}

export interface ReceiverConfig {
  readonly name: string;
  /** With `name` added. */
  readonly labels: LabelSet;
  readonly integrations: readonly IntegrationConfig[];
}

export interface IntegrationConfig {
  /** `webhook` … */
  readonly integration: string;
  /** Within that type's list of the receiver. */
  readonly index: number;
  readonly sendResolved: boolean;
  /** Everything else, with global values filled in, secrets in clear: what a receivers replica gets. */
  readonly settings: JsonValue;
}

export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

export interface InhibitRule {
  readonly name: string;
  readonly sourceMatchers: readonly Matcher[];
  readonly targetMatchers: readonly Matcher[];
  readonly equal: readonly string[];
}
