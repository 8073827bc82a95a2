import { noTracer, type Cancel } from '@tocsin/kernel';
import { schedulerDefaults, startScheduler, type Scheduler } from '@tocsin/scheduler-service';
import { readYaml } from '@tocsin/runtime';
import { timings } from '../timings.ts';
import { Process } from './process.ts';

const nothing: Cancel = () => undefined;

export class SchedulerProcess extends Process {
  #running: Scheduler | undefined;

  protected override async run(): Promise<void> {
    const { universe } = this;
    const links = universe.alertmanagers.map(({ address }) =>
      universe.rpc.link({ address: this.address, thread: this.main }, address),
    );
    const running = await startScheduler({
      settings: {
        ...schedulerDefaults,
        replica: this.name,
        externalUrl: `http://${this.name}`,
        evaluationIntervalMs: timings.evaluationMs,
        resendDelayMs: timings.resendMs,
      },
      clock: this.clock,
      timers: this.timers,
      random: this.random,
      logger: this.logger,
      meter: this.meter,
      tracer: noTracer,
      events: this.sink(),
      http: universe.web.client(this.main, this.address),
      store: this.disk.mountedBy(this.main),
      alertmanagers: { links: () => links, onChange: () => nothing },
      configuration: { load: () => Promise.resolve(universe.rules) },
      readDocument: readYaml,
    });
    this.#running = running;
    await running.ready;
  }

  protected override async finish(): Promise<void> {
    await this.#running?.stop();
  }

  protected override release(): void {
    this.#running = undefined;
  }
}
