/**
 * @module alertmanager-service/tenant
 *
 * Everything one tenant has: its configuration, alerts, groups, silences and notification log. A
 * broken configuration or a full limit of one tenant never touches another.
 */
import { Inhibitor, type Configuration, type NflogEntry, type RouteNode } from '@tocsin/alerting';
import { AppError, messageOf, type GroupCommitter, type StateStore, type WallMs } from '@tocsin/kernel';
import {
  isResolvedAt,
  type Alert,
  type Fingerprint,
  type LabelSet,
  type NamedTimeInterval,
  type Tenant,
} from '@tocsin/model';
import { alertOfRow, type RestoredAlert } from './alert-state.ts';
import { AlertStore } from './alert-store.ts';
import { AlertnameLimit } from './alertname-limit.ts';
import { CancelSignal, orCancelled } from './cancel.ts';
import type { CheckedConfiguration } from './checked-configuration.ts';
import { Dispatcher, type Group, type ResumedGroup } from './dispatcher.ts';
import type { Emit } from './emit.ts';
import type { AlertCounts, FeatureMeter } from './feature-meter.ts';
import { groupStateRow, restoredGroupStates } from './group-state.ts';
import { alertmanagerMetrics as metrics } from './metrics.ts';
import type { AlertmanagerParts } from './parts.ts';
import { runPipeline, type PipelineDeps } from './pipeline.ts';
import type { Observer } from './recorder/observer.ts';
import type { IntegrationSettings, ReceiversClient } from './receivers-client.ts';
import { IntakeFigures } from './intake-figures.ts';
import type { ReplicatedLog } from './replicated-log.ts';
import { RouteLabels } from './route-labels.ts';
import { settingsOf } from './integration-settings.ts';
import { groupsMax } from './settings.ts';
import { usedReceivers } from './used-receivers.ts';

/** Group rows outlive their next tick by this much, so that a long outage does not lose the rhythm. */
const GROUP_STATE_KEPT_MS = 5 * 24 * 3_600_000;

interface Deps {
  readonly tenant: Tenant;
  readonly parts: AlertmanagerParts;
  readonly emit: Emit;
  readonly observer: Observer;
  readonly figures: FeatureMeter;
  readonly committer: GroupCommitter;
  readonly log: ReplicatedLog;
  readonly receivers: ReceiversClient;
  /** Resolves when notifications may start. */
  readonly gate: Promise<void>;
  /** Whether they may, which means that the log of the peers has been merged. */
  readonly isGateOpen: () => boolean;
  readonly startAt: WallMs;
}

/** What changes with a reload, swapped as one. */
interface Running {
  readonly configuration: Configuration;
  readonly inhibitor: Inhibitor;
  readonly dispatcher: Dispatcher;
  readonly stop: CancelSignal;
  readonly routeLabels: RouteLabels;
}

export class TenantAlertmanager {
  readonly tenant: Tenant;
  readonly log: ReplicatedLog;
  readonly alerts: AlertStore;
  readonly #deps: Deps;
  readonly #intake: IntakeFigures;
  readonly #settings = new WeakKeyed<IntegrationSettings>();
  /** Log entries that this replica wrote; gone with the entries. */
  readonly #ownEntries = new WeakSet<NflogEntry>();
  #running: Running | undefined;
  #restored: ReadonlyMap<string, ResumedGroup> = new Map();
  /** During a reload. */
  #replaced: Dispatcher | undefined;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.tenant = deps.tenant;
    this.log = deps.log;
    this.#intake = new IntakeFigures(deps.parts);
    const { clock, timers, logger, meter, settings } = deps.parts;
    this.alerts = new AlertStore({
      tenant: deps.tenant,
      clock,
      timers,
      logger,
      meter,
      emit: deps.emit,
      observer: deps.observer,
      limit: new AlertnameLimit({
        ...deps,
        logger,
        limit: settings.alertsPerAlertname ?? 0,
      }),
      committer: deps.committer,
      mode: settings.matcherMode,
      resolveTimeoutMs: () => this.configuration.resolveTimeoutMs,
      onAlert: (alert) => this.#onAlert(alert),
    });
  }

  get configuration(): Configuration {
    return this.#now().configuration;
  }

  get groups(): readonly Group[] {
    return this.#now().dispatcher.groups;
  }

  /** Of the running configuration; after a reload it is another one, and this one changes no more. */
  get dispatcher(): Dispatcher {
    return this.#now().dispatcher;
  }

  get groupCount(): number {
    return this.#running?.dispatcher.groupCount ?? 0;
  }

  get inhibitor(): Inhibitor {
    return this.#now().inhibitor;
  }

  /** Whether notifications may start. */
  get isGateOpen(): boolean {
    return this.#deps.isGateOpen();
  }

  /** Before it no group flushes. */
  get startAt(): WallMs {
    return this.#deps.startAt;
  }

  get intervals(): ReadonlyMap<string, NamedTimeInterval> {
    return this.#intervalsOf(this.configuration);
  }

  /** The groups an alert is in now. */
  groupsOf(fingerprint: Fingerprint): readonly Group[] {
    return this.#now().dispatcher.groupsOf(fingerprint);
  }

  isOwnEntry(entry: NflogEntry): boolean {
    return this.#ownEntries.has(entry);
  }

  /** Rendered for what is in the group now. */
  routeLabelsOf(group: Group): LabelSet {
    return this.#now().routeLabels.ofGroup(group, this.#deps.parts.clock.wall());
  }

  /** Restore comes before dispatch: alerts, then the timers of their groups. */
  async restore(store: StateStore, configuration: CheckedConfiguration): Promise<void> {
    const { clock, logger, settings } = this.#deps.parts;
    const now = clock.wall();
    const ofTenant = <T extends { readonly tenant: string }>(rows: readonly T[]): T[] =>
      rows.filter((row) => row.tenant === this.tenant);
    const nflog = ofTenant(await store.load('nflog', now));
    const silences = ofTenant(await store.load('silence', now));
    const alertRows = ofTenant(await store.load('alert', now));
    const groupRows = ofTenant(await store.load('group', now));
    this.log.restore(nflog, silences);
    this.#restored = restoredGroupStates(groupRows, settings.replica);
    this.#running = this.#start(configuration);
    const readable: RestoredAlert[] = [];
    for (const row of alertRows) {
      try {
        readable.push(alertOfRow(row));
      } catch (error) {
        logger.error('A stored alert is left out', { key: row.key, err: messageOf(error) });
      }
    }
    this.alerts.restore(readable);
    this.#feed(this.#running);
    logger.info('State restored', {
      alerts: readable.length,
      groups: this.#restored.size,
      nflog: nflog.length,
      silences: silences.length,
    });
    this.#restored = new Map();
  }

  /** Swaps to another configuration: alerts, silences and log stay, groups are built anew and keep their rhythm. */
  reload(configuration: CheckedConfiguration): void {
    const before = this.#now();
    this.#restored = before.dispatcher.states();
    this.#replaced = before.dispatcher;
    // Waits end; an attempt under way goes on and still writes the log.
    before.stop.raise(new AppError('cancelled', 'the configuration was reloaded'));
    void before.dispatcher.stop();
    this.#running = this.#start(configuration);
    this.#feed(this.#running);
    this.#restored = new Map();
    this.#replaced = undefined;
  }

  #now(): Running {
    if (this.#running === undefined)
      throw new AppError('unavailable', 'the alertmanager is starting: its state is being restored');
    return this.#running;
  }

  #start(configuration: CheckedConfiguration): Running {
    const { clock, timers, logger, meter } = this.#deps.parts;
    const inhibitor = new Inhibitor(configuration.inhibitRules);
    const stop = new CancelSignal();
    const routeLabels = new RouteLabels({
      templateSet: configuration.templateSet,
      externalUrl: this.#deps.parts.settings.externalUrl,
      logger,
    });
    const pipeline = this.#pipelineDeps(stop, routeLabels);
    const dispatcher: Dispatcher = new Dispatcher(configuration.route, {
      tenant: this.tenant,
      clock,
      timers,
      logger,
      meter,
      emit: this.#deps.emit,
      observer: this.#deps.observer,
      groupsMax: this.#deps.parts.settings.groupsMax ?? groupsMax,
      startAt: this.#deps.startAt,
      restore: (routeId, key) => this.#restored.get(`${routeId}\u0000${key}`),
      groupsBefore: (fingerprint) => this.#replaced?.groupsOf(fingerprint) ?? [],
      whenOpen: () =>
        this.#deps.isGateOpen()
          ? undefined
          : orCancelled(this.#deps.gate, stop).then(
              () => true,
              () => false,
            ),
      flush: (group, alerts, now) => runPipeline(pipeline, configuration, inhibitor, group, alerts, now),
      isEndUntold: (route, key, alert) => this.#isEndUntold(configuration, route, key, alert),
      onFlushed: (group) => this.#saveGroup(group),
      onGone: () => undefined,
    });
    const used = usedReceivers(configuration.route);
    meter.set(metrics.receivers, used.size, {});
    const inUse = configuration.receivers.filter(({ name }) => used.has(name));
    this.#deps.figures.receivers(inUse);
    const integrations = inUse.flatMap((receiver) => receiver.integrations);
    meter.set(metrics.integrations, integrations.length, {});
    meter.set(metrics.inhibitionRules, configuration.inhibitRules.length, {});
    return { configuration, inhibitor, dispatcher, stop, routeLabels };
  }

  // Before the gate opens a peer may know of notifications that are not in our log yet.
  #isEndUntold(configuration: Configuration, route: RouteNode, key: string, alert: Alert): boolean {
    if (!this.#deps.isGateOpen()) return true;
    const receiver = configuration.receivers.find(({ name }) => name === route.receiver);
    return (receiver?.integrations ?? []).some(({ integration, index }) => {
      const entry = this.log.nflog.get(key, { groupName: route.receiver, integration, index });
      return entry?.firing.includes(alert.labels.hash) === true;
    });
  }

  // The inhibitor sees all alerts before the dispatcher sees any: an inhibited alert must not slip through a restart.
  #feed({ inhibitor, dispatcher }: Running): void {
    for (const alert of this.alerts.alerts()) this.#toInhibitor(inhibitor, alert);
    for (const alert of this.alerts.alerts()) this.#toDispatcher(dispatcher, alert);
  }

  #onAlert(alert: Alert): void {
    const { inhibitor, dispatcher } = this.#now();
    this.#toInhibitor(inhibitor, alert);
    this.#toDispatcher(dispatcher, alert);
  }

  #toInhibitor(inhibitor: Inhibitor, alert: Alert): void {
    inhibitor.observe(alert);
    this.#intake.toInhibitor();
  }

  #toDispatcher(dispatcher: Dispatcher, alert: Alert): void {
    const startedAt = this.#intake.start();
    dispatcher.insert(alert);
    this.#intake.toDispatcher(startedAt);
  }

  #pipelineDeps(stop: CancelSignal, routeLabels: RouteLabels): PipelineDeps {
    const { parts } = this.#deps;
    return {
      tenant: this.tenant,
      replica: parts.settings.replica,
      clock: parts.clock,
      timers: parts.timers,
      random: parts.random,
      logger: parts.logger,
      meter: parts.meter,
      tracer: parts.tracer,
      emit: this.#deps.emit,
      observer: this.#deps.observer,
      figures: this.#deps.figures,
      cluster: parts.cluster,
      log: this.log,
      receivers: this.#deps.receivers,
      peerTimeoutMs: parts.settings.peerTimeoutMs,
      retentionMs: parts.settings.retentionMs,
      externalUrl: parts.settings.externalUrl,
      stop,
      routeLabels,
      settingsOf: (integration) => this.#settings.get(integration, () => settingsOf(integration)),
      intervalsOf: (configuration) => this.#intervalsOf(configuration),
      isOwnEntry: (entry) => this.#ownEntries.has(entry),
      onRecorded: (entry) => this.#ownEntries.add(entry),
      onSuppressed: (fingerprint, isSuppressed) => this.alerts.mark(fingerprint, isSuppressed),
    };
  }

  readonly #intervals = new WeakKeyed<ReadonlyMap<string, NamedTimeInterval>>();
  #intervalsOf(configuration: Configuration): ReadonlyMap<string, NamedTimeInterval> {
    return this.#intervals.get(
      configuration,
      () => new Map(configuration.timeIntervals.map((each) => [each.name, each])),
    );
  }

  #saveGroup(group: Group): void {
    const { clock, settings, logger } = this.#deps.parts;
    const now = clock.wall();
    const state = { lastFlushAt: group.lastFlushAt, nextFlushAt: group.nextFlushAt, flushes: group.flushes };
    const row = groupStateRow({
      tenant: this.tenant,
      replica: settings.replica,
      groupId: group.id,
      state,
      now,
      expiresAtMs: group.nextFlushAt + GROUP_STATE_KEPT_MS,
    });
    this.#deps.committer.write('group', row).catch((error: unknown) =>
      logger.debug('The timer state of a group was not stored', {
        group_key: group.key,
        err: messageOf(error),
      }),
    );
  }

  /** By group key; routes may share one. Resolved alerts do not count. */
  alertCountsByGroup(now: WallMs): ReadonlyMap<string, AlertCounts> {
    const byKey = new Map<string, { active: number; suppressed: number; unprocessed: number }>();
    for (const { key, alerts } of this.#running?.dispatcher.groups ?? []) {
      const counts = byKey.get(key) ?? { active: 0, suppressed: 0, unprocessed: 0 };
      byKey.set(key, counts);
      for (const [fingerprint, alert] of alerts) {
        if (isResolvedAt(alert, now)) continue;
        const isSuppressed = this.alerts.isSuppressed(fingerprint);
        counts[isSuppressed === undefined ? 'unprocessed' : isSuppressed ? 'suppressed' : 'active']++;
      }
    }
    return byKey;
  }

  /** Drops what has ended from memory and store. */
  async collectGarbage(store: StateStore): Promise<void> {
    this.log.collectGarbage();
    const now = this.#deps.parts.clock.wall();
    this.inhibitor.gc(now);
    // An alert that a group still has to tell of must survive a restart too.
    const { dispatcher } = this.#now();
    const gone = this.alerts.collectGarbage((fingerprint) => dispatcher.groupsOf(fingerprint).length > 0);
    for (const alert of gone) this.log.silences.forget(alert.labels.fingerprint);
    await store.remove(
      'alert',
      gone.map((alert) => ({
        tenant: this.tenant,
        key: alert.labels.fingerprint,
        seconds: alert.updatedAt.seconds,
        nanos: alert.updatedAt.nanos,
      })),
    );
  }

  /** Waits end; attempts under way are awaited, so that what was delivered is also logged. */
  async stopDispatch(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    running.stop.raise(new AppError('cancelled', 'the alertmanager is stopping'));
    await running.dispatcher.stop();
  }
}

/** Something made once for an object, for as long as the object lives. */
class WeakKeyed<T> {
  readonly #made = new WeakMap<object, T>();
  get(key: object, make: () => T): T {
    let made = this.#made.get(key);
    if (made === undefined) this.#made.set(key, (made = make()));
    return made;
  }
}
