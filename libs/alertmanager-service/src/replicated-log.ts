/**
 * @module alertmanager-service/replicated-log
 *
 * The one owner of a tenant's notification log and silences on the main thread. A change made here
 * is merged, handed to the cluster and queued for the store in one synchronous turn; a change from a
 * peer is merged by the same rule and queued for the store. Nothing else writes them.
 */
import {
  decodeNflogEntry,
  decodeSilence,
  formatMatcherSets,
  replicatedNflogEntry,
  replicatedSilence,
  type Nflog,
  type NflogEntry,
  type Silence,
  type Silences,
} from '@tocsin/alerting';
import type { ChannelEntry, ClusterPort } from '@tocsin/cluster';
import {
  messageOf,
  type Clock,
  type GroupCommitter,
  type Logger,
  type Meter,
  type StateKind,
  type StateRow,
  type Timers,
} from '@tocsin/kernel';
import { formatMillis, msOf, type ReceiverRef, type Tenant } from '@tocsin/model';
import type { Emit } from './emit.ts';
import { alertmanagerMetrics as metrics } from './metrics.ts';
import type { Observer } from './recorder/observer.ts';
import { stateMetrics } from './state-metrics.ts';

/** Of the default tenant, as real Alertmanagers name them. Others use Grafana's names. */
export const nflogChannel = (tenant: Tenant): string => (tenant === '' ? 'nfl' : `notificationlog:${tenant}`);
export const silencesChannel = (tenant: Tenant): string => (tenant === '' ? 'sil' : `silences:${tenant}`);

/** A silence call answers after this long even when nothing has confirmed the change yet. */
const DURABLE_WAIT_MS = 1_000;

interface Deps {
  readonly tenant: Tenant;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly emit: Emit;
  readonly observer: Observer;
  readonly cluster: ClusterPort;
  readonly committer: GroupCommitter;
  readonly isLoggingSilences: boolean;
}

/** The store, or a peer: its name when it sent the entry itself. */
export type EntryOrigin = { readonly isRestored: true } | { readonly isRestored: false; readonly by: string };

/** More merged at once are a peer's whole state, not news. */
const NEWS_MAX = 64;

export class ReplicatedLog {
  readonly nflog: Nflog;
  readonly silences: Silences;
  readonly #deps: Deps;
  /** Where entries came from that this process did not write; gone with them. */
  readonly #origins = new WeakMap<NflogEntry, EntryOrigin>();

  constructor(nflog: Nflog, silences: Silences, deps: Deps) {
    this.nflog = nflog;
    this.silences = silences;
    this.#deps = deps;
  }

  /** What was restored from the store, before the cluster starts. */
  restore(nflogRows: readonly StateRow[], silenceRows: readonly StateRow[]): void {
    const now = this.#deps.clock.wall();
    const { tenant, cluster } = this.#deps;
    const entries = this.#readable('nflog', nflogRows, decodeNflogEntry);
    const silences = this.#readable('silence', silenceRows, decodeSilence);
    for (const entry of this.nflog.merge(entries, now)) this.#origins.set(entry, { isRestored: true });
    this.silences.merge(silences, now, 'load_snapshot');
    cluster.seed(nflogChannel(tenant), entries.map(replicatedNflogEntry));
    cluster.seed(silencesChannel(tenant), silences.map(replicatedSilence));
  }

  /** From peers. Returns whether the channel is one of this tenant's. */
  onEntries(channel: string, entries: readonly ChannelEntry[], from = ''): boolean {
    const { tenant, clock, emit } = this.#deps;
    const now = clock.wall();
    if (channel === nflogChannel(tenant)) {
      const changed = this.nflog.merge(this.#readable('nflog', entries, decodeNflogEntry), now);
      for (const entry of changed) {
        this.#origins.set(entry, { isRestored: false, by: from });
        void this.#persist('nflog', replicatedNflogEntry(entry));
        if (changed.length <= NEWS_MAX) this.#explainElsewhere(entry, from);
      }
      return true;
    }
    if (channel !== silencesChannel(tenant)) return false;
    for (const silence of this.silences.merge(this.#readable('silence', entries, decodeSilence), now)) {
      void this.#persist('silence', replicatedSilence(silence));
      emit(tenant, { type: 'silence-changed', silence: silence.id, change: 'merged' });
    }
    return true;
  }

  /** Where an entry came from; undefined for one that this process wrote. */
  originOf(entry: NflogEntry): EntryOrigin | undefined {
    return this.#origins.get(entry);
  }

  #explainElsewhere(entry: NflogEntry, from: string): void {
    const { groupKey, receiver, firing, resolved } = entry;
    this.#deps.emit(this.#deps.tenant, {
      type: 'notified-elsewhere',
      groupKey,
      receiver,
      entryAt: msOf(entry.at),
      ...(from === '' ? {} : { by: from }),
      firing,
      resolved,
    });
  }

  // An entry that can't be read costs itself only: the others of its batch may be what stops a duplicate.
  #readable<T>(
    kind: StateKind,
    entries: readonly { readonly bytes: Uint8Array; readonly key: string }[],
    decode: (bytes: Uint8Array) => T,
  ): T[] {
    return entries.flatMap((entry) => {
      try {
        return [decode(entry.bytes)];
      } catch (error) {
        this.#deps.logger.error('An entry can not be read and is left out', {
          kind,
          key: entry.key,
          err: messageOf(error),
        });
        return [];
      }
    });
  }

  /** What the log says about a group and an integration; counted as a query. */
  entryOf(groupKey: string, receiver: ReceiverRef): NflogEntry | undefined {
    const { clock, meter } = this.#deps;
    const startedAt = clock.mono();
    const entry = this.nflog.get(groupKey, receiver);
    meter.add(stateMetrics.nflogQueries, 1, {});
    if (entry === undefined) meter.add(stateMetrics.nflogQueryErrors, 1, {});
    meter.observe(stateMetrics.nflogQueryDuration, (clock.mono() - startedAt) / 1000, {});
    return entry;
  }

  /** A notification was sent (or needed no sending): peers hear of it in this very turn. */
  record(entry: NflogEntry): void {
    if (!this.nflog.log(entry)) return;
    const row = replicatedNflogEntry(entry);
    this.#deps.cluster.broadcast(nflogChannel(this.#deps.tenant), row);
    void this.#persist('nflog', row);
  }

  /** Local changes of silences; resolves when one of them may be answered as done. */
  async changeSilences(
    changed: readonly Silence[],
    change: 'created' | 'updated' | 'expired',
  ): Promise<void> {
    const { tenant, cluster, emit, logger, isLoggingSilences, observer } = this.#deps;
    const known = new Set(changed.filter(({ id }) => this.silences.get(id) !== undefined));
    this.silences.merge(changed, this.#deps.clock.wall());
    const durable = changed.map((silence, index) => {
      const row = replicatedSilence(silence);
      // What comes before the last is the silence that it replaces.
      const told = index === changed.length - 1 ? change : 'expired';
      cluster.broadcast(silencesChannel(tenant), row);
      emit(tenant, { type: 'silence-changed', silence: silence.id, change: told });
      observer.silenceChanged(silence, known.has(silence) ? 'updated' : 'created');
      if (isLoggingSilences) logger.info('Silence changed', { change: told, ...silenceFacts(silence) });
      return this.#persist('silence', row);
    });
    await this.#answerable(Promise.all(durable));
  }

  async #answerable(durable: Promise<unknown>): Promise<void> {
    let cancel = (): void => undefined;
    const late = new Promise<'late'>((resolve) => {
      cancel = this.#deps.timers.after(DURABLE_WAIT_MS, () => resolve('late'));
    });
    const first = await Promise.race([durable, late]);
    cancel();
    if (first !== 'late') return;
    this.#deps.meter.add(metrics.stateUndurable, 1, {});
    this.#deps.logger.warn(
      'A silence was answered before the store confirmed it; look at the database or the disk',
      {},
    );
  }

  #persist(kind: StateKind, entry: ChannelEntry): Promise<void> {
    const row: StateRow = {
      tenant: this.#deps.tenant,
      key: entry.key,
      seconds: entry.seconds,
      nanos: entry.nanos,
      expiresAtMs: entry.expirySeconds * 1000 + Math.ceil(entry.expiryNanos / 1e6),
      bytes: entry.bytes,
    };
    return this.#deps.committer.write(kind, row).catch((error: unknown) => {
      this.#deps.logger.error('State was not stored; peers still have it. Look at the store', {
        kind,
        key: entry.key,
        err: messageOf(error),
      });
    });
  }

  /** Drops what has expired from memory. */
  collectGarbage(): void {
    const { clock, meter } = this.#deps;
    const now = clock.wall();
    const startedAt = clock.mono();
    this.nflog.gc(now);
    const between = clock.mono();
    meter.observe(stateMetrics.nflogGc, (between - startedAt) / 1000, {});
    try {
      this.silences.gc(now);
    } catch (error) {
      meter.add(stateMetrics.silencesGcErrors, 1, {});
      throw error;
    } finally {
      meter.observe(stateMetrics.silencesGc, (clock.mono() - between) / 1000, {});
    }
  }
}

/** Named as Alertmanager's `--log.silences` names them. */
const silenceFacts = (silence: Silence): Readonly<Record<string, string>> => ({
  Id: silence.id,
  CreatedBy: silence.createdBy,
  Comment: silence.comment,
  StartsAt: formatMillis(silence.startsAt),
  EndsAt: formatMillis(silence.endsAt),
  Matchers: formatMatcherSets(silence.matcherSets),
});
