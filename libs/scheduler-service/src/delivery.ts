/**
 * @module scheduler-service/delivery
 *
 * Every alert to every alertmanager. Which alertmanagers there are may change at any time; one that
 * turns up gets everything that holds at that moment, instead of waiting for the next resend.
 */
import type { Cancel, RpcLink } from '@tocsin/kernel';
import { AlertmanagerSender } from './alertmanager-sender.ts';
import type { SenderDeps } from './alertmanager-sender.ts';
import { notifierMetrics } from './metrics.ts';
import type { OutgoingAlert } from './outgoing-alert.ts';

/** Owns the links: one for each address, the same object as long as the address stays. */
export interface AlertmanagerDirectory {
  links(): readonly RpcLink[];
  /** `changed` runs after each change of `links`. */
  onChange(changed: () => void): Cancel;
}

export class Delivery {
  readonly #directory: AlertmanagerDirectory;
  readonly #live: () => readonly OutgoingAlert[];
  readonly #deps: SenderDeps;
  readonly #senders = new Map<string, AlertmanagerSender>();
  readonly #cancel: Cancel;

  constructor(directory: AlertmanagerDirectory, live: () => readonly OutgoingAlert[], deps: SenderDeps) {
    this.#directory = directory;
    this.#live = live;
    this.#deps = deps;
    const { meter } = deps;
    meter.declare({ ...notifierMetrics });
    meter.set(notifierMetrics.queueCapacity, deps.settings.queueCapacity, {});
    meter.onCollect(() => {
      meter.set(notifierMetrics.discovered, this.#senders.size, {});
      for (const { queueLength, target } of this.#senders.values()) {
        meter.set(notifierMetrics.queueLength, queueLength, { alertmanager: target });
      }
    });
    this.#sync();
    this.#cancel = directory.onChange(() => this.#sync());
  }

  /** Addresses, in the order of the directory. */
  get targets(): readonly string[] {
    return [...this.#senders.keys()];
  }

  push(alerts: readonly OutgoingAlert[]): void {
    for (const sender of this.#senders.values()) sender.push(alerts);
  }

  async stop(budgetMs: number): Promise<void> {
    this.#cancel();
    await Promise.all([...this.#senders.values()].map((sender) => sender.stop(budgetMs)));
  }

  #sync(): void {
    const links = new Map(this.#directory.links().map((link) => [link.target, link]));
    for (const [target, sender] of this.#senders) {
      if (links.has(target)) continue;
      this.#senders.delete(target);
      sender.close();
      this.#deps.meter.set(notifierMetrics.queueLength, 0, { alertmanager: target });
      this.#deps.logger.info('Alerts no longer go to an alertmanager', { alertmanager: target });
    }
    for (const [target, link] of links) {
      if (this.#senders.has(target)) continue;
      const sender = new AlertmanagerSender(link, this.#live, this.#deps);
      this.#senders.set(target, sender);
      sender.push(this.#live());
      this.#deps.logger.info('Alerts go to an alertmanager', { alertmanager: target });
    }
  }
}
