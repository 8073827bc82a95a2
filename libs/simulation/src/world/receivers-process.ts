import { noMeter, noTracer, type HostPort } from '@tocsin/kernel';
import { contentHash } from '@tocsin/alerting';
import { startReceivers, type Receivers, type ReceiversParts } from '@tocsin/receivers-service';
import type { VirtualThread } from '@tocsin/cluster/testing';
import { Process } from './process.ts';
import type { Universe } from './universe.ts';

/** A receivers service in this thread. */
export const receiversParts = (
  universe: Universe,
  thread: VirtualThread,
  { name, address }: { readonly name: string; readonly address: HostPort },
): ReceiversParts => ({
  clock: thread.clock,
  http: universe.web.client(thread, address),
  sha256Hex: contentHash,
  readSecret: () => Promise.reject(new Error('there are no files here')),
  logger: universe.trace.logger(name),
  meter: noMeter,
  tracer: noTracer,
  version: '0',
});

export class ReceiversProcess extends Process {
  #running: Receivers | undefined;

  protected override run(): Promise<void> {
    const { universe } = this;
    const running = startReceivers(receiversParts(universe, this.main, this));
    this.#running = running;
    universe.rpc.serve(this.address, this.main, running.handlers);
    return Promise.resolve();
  }

  protected override async finish(): Promise<void> {
    await this.#running?.stop();
  }

  protected override release(): void {
    this.universe.rpc.drop(this.address);
  }
}
