/**
 * @module scheduler-service/alert-queue
 *
 * What waits for one alertmanager. An alert is in it once: a newer version takes the place of the
 * older one, so that a backlog is never longer than the number of alerts and never delivers a state
 * that has passed. Pure, so that its rules can be tested without a network.
 */
import type { Fingerprint } from '@tocsin/model';
import type { OutgoingAlert } from './outgoing-alert.ts';

export class AlertQueue {
  readonly #capacity: number;
  readonly #alerts = new Map<Fingerprint, OutgoingAlert>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#alerts.size;
  }

  /** Returns how many of the oldest had to go. */
  push(alerts: readonly OutgoingAlert[]): number {
    for (const alert of alerts) this.#alerts.set(alert.key, alert);
    return this.#shrink();
  }

  /** In the order in which alerts first came. */
  take(count: number): readonly OutgoingAlert[] {
    const taken: OutgoingAlert[] = [];
    for (const alert of this.#alerts.values()) {
      if (taken.length === count) break;
      taken.push(alert);
    }
    for (const { key } of taken) this.#alerts.delete(key);
    return taken;
  }

  /** Alerts that were taken and not delivered go in front again, unless a newer version waits. */
  putBack(alerts: readonly OutgoingAlert[]): number {
    const newer = [...this.#alerts.values()];
    this.#alerts.clear();
    for (const alert of [...alerts, ...newer]) this.#alerts.set(alert.key, alert);
    return this.#shrink();
  }

  #shrink(): number {
    let dropped = 0;
    for (const key of this.#alerts.keys()) {
      if (this.#alerts.size <= this.#capacity) break;
      this.#alerts.delete(key);
      dropped++;
    }
    return dropped;
  }
}
