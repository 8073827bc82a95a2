/**
 * @module alerting/silence-index
 *
 * Finds the few silences that can match an alert among thousands. A set with a matcher `name="value"`
 * can only match alerts with just that label, so it is filed under it; of several such matchers under
 * the one that shares its place with the fewest. Sets without one are tried for every alert.
 */
import type { LabelSet } from '@tocsin/model';
import type { MatcherSet } from './silence.ts';

interface Place {
  readonly name: string;
  readonly value: string;
}

export class SilenceIndex<T> {
  readonly #byLabel = new Map<string, Map<string, Set<T>>>();
  /** Items with a set that names no label. */
  readonly #others = new Set<T>();
  readonly #placesOf = new Map<T, readonly Place[]>();

  add(item: T, sets: readonly MatcherSet[]): void {
    const places: Place[] = [];
    for (const set of sets) {
      const place = this.#placeFor(set);
      if (place === undefined) this.#others.add(item);
      else {
        this.#file(item, place);
        places.push(place);
      }
    }
    this.#placesOf.set(item, places);
  }

  delete(item: T): void {
    this.#others.delete(item);
    for (const { name, value } of this.#placesOf.get(item) ?? []) {
      const byValue = this.#byLabel.get(name);
      const items = byValue?.get(value);
      items?.delete(item);
      if (items?.size === 0) byValue?.delete(value);
      if (byValue?.size === 0) this.#byLabel.delete(name);
    }
    this.#placesOf.delete(item);
  }

  /** Everything that may match; an item of several sets can come more than once. */
  candidates(labels: LabelSet): T[] {
    const found = [...this.#others];
    for (const [name, byValue] of this.#byLabel) {
      const value = labels.get(name);
      const items = value === undefined ? undefined : byValue.get(value);
      if (items !== undefined) found.push(...items);
    }
    return found;
  }

  #placeFor(set: MatcherSet): Place | undefined {
    let best: Place | undefined;
    let smallest = Infinity;
    for (const { name, type, value } of set) {
      // An empty value also matches alerts that lack the label.
      if (type !== '=' || value === '') continue;
      const size = this.#byLabel.get(name)?.get(value)?.size ?? 0;
      if (size >= smallest) continue;
      best = { name, value };
      smallest = size;
    }
    return best;
  }

  #file(item: T, { name, value }: Place): void {
    const byValue = this.#byLabel.get(name) ?? new Map<string, Set<T>>();
    const items = byValue.get(value) ?? new Set<T>();
    items.add(item);
    this.#byLabel.set(name, byValue.set(value, items));
  }
}
