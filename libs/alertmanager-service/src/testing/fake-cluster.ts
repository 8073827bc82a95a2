import type {
  ChannelEntry,
  ChannelName,
  ClusterHandlers,
  ClusterPort,
  ClusterView,
  Member,
} from '@tocsin/cluster';

interface Sent {
  readonly channel: ChannelName;
  readonly entry: ChannelEntry;
  /** The replica that sent it itself. */
  readonly from?: string;
}

/** A cluster whose members, entries and stalls the test decides. Ready from the start unless told otherwise. */
export class FakeCluster implements ClusterPort {
  readonly name: string;
  readonly sent: Sent[] = [];
  readonly seeded: Sent[] = [];
  /** Handed over at the next barrier. */
  readonly arrived: Sent[] = [];
  /** What the next barrier answers. */
  stalled: Promise<void> | undefined;
  barriers = 0;
  #view: ClusterView;
  #handlers: ClusterHandlers | undefined;

  constructor(options: { readonly position?: number; readonly status?: ClusterView['status'] } = {}) {
    const position = options.position ?? 0;
    this.name = `m${position}`;
    const members = Array.from({ length: position + 1 }, (_, index): Member => ({
      name: `m${index}`,
      address: `10.0.0.${index}:9094`,
      isSelf: index === position,
      isTocsin: true,
      isAbsent: false,
    }));
    this.#view = { status: options.status ?? 'ready', members, position };
  }

  seed(channel: ChannelName, entries: readonly ChannelEntry[]): void {
    this.seeded.push(...entries.map((entry) => ({ channel, entry })));
  }

  start(handlers: ClusterHandlers): Promise<void> {
    this.#handlers = handlers;
    handlers.onView(this.#view);
    return Promise.resolve();
  }

  broadcast(channel: ChannelName, entry: ChannelEntry): void {
    this.sent.push({ channel, entry });
  }

  view(): ClusterView {
    return this.#view;
  }

  change(view: Partial<ClusterView>): void {
    this.#view = { ...this.#view, ...view };
    this.#handlers?.onView(this.#view);
  }

  barrier(): Promise<void> | undefined {
    this.barriers++;
    for (const { channel, entry, from } of this.arrived.splice(0))
      this.#handlers?.onEntries(channel, [entry], from);
    const stalled = this.stalled;
    this.stalled = undefined;
    return stalled;
  }

  leave(): Promise<void> {
    return Promise.resolve();
  }
}
