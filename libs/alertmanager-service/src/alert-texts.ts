/**
 * @module alertmanager-service/alert-texts
 *
 * The JSON by which senders name the alerts that are held, so that what is sent again is recognised
 * without being parsed. A text is found by all of its characters, never by a hash alone: a wrong hit
 * would be a wrong alert. It is kept as long as its alert is held, and costs little: nearly every sender
 * writes labels the way they are kept anyway, and then the text is shared.
 */
import { ownCopy, type LabelSet } from '@tocsin/model';
import type { HeldAlert } from './alert-store.ts';

export interface KnownText {
  /** The labels as they were written. */
  readonly text: string;
  readonly labels: LabelSet;
  annotationsText: string;
  annotations: LabelSet;
  /** Checked to be a URI. */
  generatorUrl: string;
  /** The alert of these labels, as long as this is kept. */
  held: HeldAlert | undefined;
}

export class AlertTexts {
  readonly #byText = new Map<string, KnownText>();

  get size(): number {
    return this.#byText.size;
  }

  get(labelsText: string): KnownText | undefined {
    return this.#byText.get(labelsText);
  }

  keep(known: KnownText, held: HeldAlert): void {
    known.held = held;
    this.#byText.set(known.text, known);
  }

  forget(known: KnownText): void {
    known.held = undefined;
    if (this.#byText.get(known.text) === known) this.#byText.delete(known.text);
  }
}

/** A text that may be held for long: the set's own JSON when it is that, else a copy. */
export const heldText = (text: string, set: LabelSet): string =>
  set.toJsonText() === text ? set.json : ownCopy(text);
