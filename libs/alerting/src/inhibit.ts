/**
 * @module alerting/inhibit
 *
 * Which alerts are muted because another one fires (spec/alertmanager.md 5.1). Unlike Alertmanager
 * since 0.30, every source of a combination of equal values is kept, not only the one with the latest
 * end: when one source resolves early, another that still fires goes on inhibiting.
 *
 * Silences, routes and time intervals play no part: a silenced source still inhibits.
 *
 * What it costs does not grow with the number of rules: an index offers the rules whose matchers can
 * match an alert, rules with equal selectors share what is known, and what a question came to is
 * remembered until a source appears (`#version`) or the source that it named is resolved. That time
 * passes can only end an inhibition, never begin one.
 */
import { compareUtf8, type WallMs } from '@tocsin/kernel';
import { isResolvedAt, type Alert, type Fingerprint, type LabelSet, type Matcher } from '@tocsin/model';
import type { InhibitRule } from './configuration.ts';
import { areDisjoint, EqualLabels, SourceStore, type Source } from './inhibit-sources.ts';
import { MatcherIndex } from './matcher-index.ts';
import { matchesAll } from './route.ts';

/** Alerts whose answer is remembered; when full, all are forgotten and found again. */
export const INHIBIT_CACHE_MAX_ALERTS = 1_000_000;

export interface Inhibition {
  /** The one source that is named, of possibly many. */
  readonly by: Fingerprint;
  /** Name of the rule, or `inhibit_rules[<index>]` of one without a name. */
  readonly rule: string;
}

/** Mutable; owned by one loop of one tenant. Hand it every alert that is stored, before anything is dispatched. */
export class Inhibitor {
  readonly #equals = new Map<string, EqualLabels>();
  readonly #stores = new MatcherIndex<SourceStore>();
  readonly #targets = new MatcherIndex<TargetRules>();
  readonly #remembered = new Map<Fingerprint, Remembered>();
  /** Changes when an alert that was not muted may be. */
  #version = 0;

  constructor(rules: readonly InhibitRule[]) {
    const stores = new Map<string, SourceStore>();
    const targets = new Map<string, TargetRules>();
    for (const [index, rule] of rules.entries()) {
      const { sourceMatchers, targetMatchers } = rule;
      const names = EqualLabels.normalised(rule.equal);
      const equal = keep(this.#equals, textKey(names), () => new EqualLabels(names));
      const target = areDisjoint(sourceMatchers, targetMatchers) ? undefined : targetMatchers;
      const parts = [textKey(names), selectorKey(sourceMatchers), ...(target ? [selectorKey(target)] : [])];
      const storeKey = textKey(parts);
      const store = keep(stores, storeKey, () => new SourceStore(sourceMatchers, equal, target));
      const targetKey = textKey([textKey(names), selectorKey(targetMatchers)]);
      const name = rule.name === '' ? `inhibit_rules[${index}]` : rule.name;
      keep(targets, targetKey, () => new TargetRules(targetMatchers, equal)).add({ index, name, store });
    }
    for (const store of stores.values()) this.#stores.add(store, [store.sourceMatchers]);
    for (const target of targets.values()) this.#targets.add(target, [target.matchers]);
  }

  observe(alert: Alert): void {
    for (const store of this.#stores.candidates(alert.labels)) {
      if (!matchesAll(store.sourceMatchers, alert.labels)) continue;
      // A source that is known changes no answer by its later end: whoever met it resolved took it out.
      if (store.observe(alert) === 'new') this.#version++;
    }
  }

  /** The first rule with a source that fires at `now`; undefined when nothing inhibits. */
  mutes(labels: LabelSet, now: WallMs): Inhibition | undefined {
    if (this.#targets.size === 0) return undefined;
    const known = this.#remembered.get(labels.fingerprint);
    if (known !== undefined && this.#isStillSo(known, now)) return known.answer?.inhibition;
    const targets = known?.targets ?? this.#targetsOf(labels);
    const answer = firstRule(targets, labels, now);
    if (this.#remembered.size >= INHIBIT_CACHE_MAX_ALERTS) this.#remembered.clear();
    const remembered =
      targets.length === 0 ? NO_TARGET : { targets, version: this.#version, at: now, answer };
    this.#remembered.set(labels.fingerprint, remembered);
    return answer?.inhibition;
  }

  /** Forgets sources that are resolved at `now`. Every 15 minutes is enough. */
  gc(now: WallMs): void {
    for (const equal of this.#equals.values()) equal.gc(now);
    // Of alerts that are gone too.
    this.#remembered.clear();
  }

  /** Alerts held as sources, once for each source selector that they match. */
  get size(): number {
    let size = 0;
    for (const equal of this.#equals.values()) size += equal.size;
    return size;
  }

  #isStillSo({ targets, version, at, answer }: Remembered, now: WallMs): boolean {
    if (targets.length === 0) return true;
    if (version !== this.#version || now < at) return false;
    return answer === undefined || !isResolvedAt(answer.source.alert, now);
  }

  #targetsOf(labels: LabelSet): readonly TargetRules[] {
    return this.#targets
      .candidates(labels)
      .filter(({ matchers }) => matchesAll(matchers, labels))
      .sort((left, right) => left.firstIndex - right.firstIndex);
  }
}

interface Remembered {
  /** Whatever the sources: these depend on the labels alone. In order of their first rule. */
  readonly targets: readonly TargetRules[];
  readonly version: number;
  readonly at: WallMs;
  readonly answer: Answer | undefined;
}
const NO_TARGET: Remembered = { targets: [], version: 0, at: 0, answer: undefined };

interface Answer {
  readonly source: Source;
  readonly index: number;
  readonly inhibition: Inhibition;
}

interface Rule {
  readonly index: number;
  readonly name: string;
  readonly store: SourceStore;
}

/** Rules with the same target matchers and the same `equal` labels. */
class TargetRules {
  readonly matchers: readonly Matcher[];
  readonly #equal: EqualLabels;
  /** In order. A rule that repeats another is never the first, so there is one for each store. */
  readonly #rules = new Map<SourceStore, Rule>();
  firstIndex = Infinity;

  constructor(matchers: readonly Matcher[], equal: EqualLabels) {
    this.matchers = matchers;
    this.#equal = equal;
  }

  /** In the order of the configuration. */
  add(rule: Rule): void {
    if (!this.#rules.has(rule.store)) this.#rules.set(rule.store, rule);
    this.firstIndex = Math.min(this.firstIndex, rule.index);
  }

  /** The first rule before rule `limit` with a source that fires. */
  first(target: LabelSet, now: WallMs, limit: number): Answer | undefined {
    const byStore = this.#equal.find(target);
    if (byStore === undefined) return undefined;
    let best: Answer | undefined;
    const isFewer = byStore.size < this.#rules.size;
    for (const store of (isFewer ? byStore : this.#rules).keys()) {
      const [rule, combination] = [this.#rules.get(store), byStore.get(store)];
      if (rule === undefined || combination === undefined || rule.index >= (best?.index ?? limit)) continue;
      const source = store.firing(combination, target, now);
      if (source === undefined) continue;
      best = answerOf(rule, source);
      if (!isFewer) break;
    }
    return best;
  }
}

function answerOf({ index, name }: Rule, source: Source): Answer {
  return { source, index, inhibition: { by: source.alert.labels.fingerprint, rule: name } };
}

function firstRule(targets: readonly TargetRules[], labels: LabelSet, now: WallMs): Answer | undefined {
  let best: Answer | undefined;
  for (const target of targets) {
    const limit = best?.index ?? Infinity;
    if (target.firstIndex >= limit) break;
    best = target.first(labels, now, limit) ?? best;
  }
  return best;
}

function keep<T>(map: Map<string, T>, key: string, make: () => T): T {
  const value = map.get(key) ?? make();
  map.set(key, value);
  return value;
}

// Lengths keep lists of any texts apart.
const textKey = (texts: readonly string[]): string => texts.map((text) => `${text.length}:${text}`).join('');
const selectorKey = (matchers: readonly Matcher[]): string =>
  textKey(
    matchers.map(({ name, type, value }) => textKey([type, name, value])).sort((a, b) => compareUtf8(a, b)),
  );
