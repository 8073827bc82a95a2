/**
 * @module alerting/inhibit
 *
 * Which alerts are muted because another one fires (spec/alertmanager.md 5.1). Unlike Alertmanager
 * since 0.30, every source of a combination of equal values is kept, not only the one with the latest
 * end: when one source resolves early, another that still fires goes on inhibiting.
 *
 * Silences, routes and time intervals play no part: a silenced source still inhibits.
 */
import type { WallMs } from '@tocsin/kernel';
import { isResolvedAt, type Alert, type Fingerprint, type LabelSet } from '@tocsin/model';
import type { InhibitRule } from './configuration.ts';
import { matchesAll } from './route.ts';

export interface Inhibition {
  /** The one source that is named, of possibly many. */
  readonly by: Fingerprint;
  /** Name of the rule, or `inhibit_rules[<index>]` of one without a name. */
  readonly rule: string;
}

/** Mutable; owned by one loop of one tenant. Hand it every alert that is stored, before anything is dispatched. */
export class Inhibitor {
  readonly #rules: readonly RuleSources[];

  constructor(rules: readonly InhibitRule[]) {
    this.#rules = rules.map(
      (rule, index) => new RuleSources(rule, rule.name === '' ? `inhibit_rules[${index}]` : rule.name),
    );
  }

  observe(alert: Alert): void {
    for (const rule of this.#rules) rule.observe(alert);
  }

  /** The first rule with a source that fires at `now`; undefined when nothing inhibits. */
  mutes(labels: LabelSet, now: WallMs): Inhibition | undefined {
    for (const rule of this.#rules) {
      const by = rule.sourceFor(labels, now);
      if (by !== undefined) return { by, rule: rule.name };
    }
    return undefined;
  }

  /** Forgets sources that are resolved at `now`. Every 15 minutes is enough. */
  gc(now: WallMs): void {
    for (const rule of this.#rules) rule.gc(now);
  }

  /** Alerts held as sources, once per rule. */
  get size(): number {
    return this.#rules.reduce((sum, rule) => sum + rule.size, 0);
  }
}

/** Sources with the same values of the `equal` labels. Each alert is in one of the two maps. */
interface Combination {
  /** Match the source matchers only. */
  readonly oneSided: Map<Fingerprint, Alert>;
  /** Match the target matchers too; they never inhibit an alert that itself is both. */
  readonly twoSided: Map<Fingerprint, Alert>;
}

class RuleSources {
  readonly name: string;
  readonly #rule: InhibitRule;
  readonly #combinations = new Map<string, Combination>();

  constructor(rule: InhibitRule, name: string) {
    this.#rule = rule;
    this.name = name;
  }

  get size(): number {
    let size = 0;
    for (const { oneSided, twoSided } of this.#combinations.values()) size += oneSided.size + twoSided.size;
    return size;
  }

  observe(alert: Alert): void {
    if (!matchesAll(this.#rule.sourceMatchers, alert.labels)) return;
    const key = this.#equalKey(alert.labels);
    let combination = this.#combinations.get(key);
    if (combination === undefined) {
      combination = { oneSided: new Map(), twoSided: new Map() };
      this.#combinations.set(key, combination);
    }
    const isTarget = matchesAll(this.#rule.targetMatchers, alert.labels);
    (isTarget ? combination.twoSided : combination.oneSided).set(alert.labels.fingerprint, alert);
  }

  sourceFor(target: LabelSet, now: WallMs): Fingerprint | undefined {
    if (this.#combinations.size === 0 || !matchesAll(this.#rule.targetMatchers, target)) return undefined;
    const combination = this.#combinations.get(this.#equalKey(target));
    if (combination === undefined) return undefined;
    const oneSided = firstFiring(combination.oneSided, now);
    if (oneSided !== undefined || combination.twoSided.size === 0) return oneSided;
    // Two alerts that are both source and target would inhibit each other, and an alert itself.
    return matchesAll(this.#rule.sourceMatchers, target) ? undefined : firstFiring(combination.twoSided, now);
  }

  gc(now: WallMs): void {
    for (const [key, combination] of this.#combinations) {
      dropResolved(combination.oneSided, now);
      dropResolved(combination.twoSided, now);
      if (combination.oneSided.size + combination.twoSided.size === 0) this.#combinations.delete(key);
    }
  }

  // Lengths keep ("a", "bc") and ("ab", "c") apart; a missing label counts as the empty string.
  #equalKey(labels: LabelSet): string {
    let key = '';
    for (const name of this.#rule.equal) {
      const value = labels.get(name) ?? '';
      key += `${value.length}:${value}`;
    }
    return key;
  }
}

// Resolved ones are dropped as they are met, so that a storm of them is walked only once. One that
// fires again is observed again.
function firstFiring(sources: Map<Fingerprint, Alert>, now: WallMs): Fingerprint | undefined {
  for (const [fingerprint, alert] of sources) {
    if (!isResolvedAt(alert, now)) return fingerprint;
    sources.delete(fingerprint);
  }
  return undefined;
}

function dropResolved(sources: Map<Fingerprint, Alert>, now: WallMs): void {
  for (const [fingerprint, alert] of sources) if (isResolvedAt(alert, now)) sources.delete(fingerprint);
}
