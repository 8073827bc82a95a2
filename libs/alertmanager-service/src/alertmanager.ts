/**
 * @module alertmanager-service/alertmanager
 *
 * Starts one alertmanager. Read top to bottom to start, bottom to top to stop: state is restored
 * before the cluster is joined, the cluster before anything is dispatched, and the last write comes
 * after the last notification.
 */
import { Nflog, compileMatcher } from '@tocsin/alerting';
import type { ClusterView } from '@tocsin/cluster';
import {
  AppError,
  Lifecycle,
  groupCommitter,
  messageOf,
  type HttpHandler,
  type RpcHandler,
  type Timers,
} from '@tocsin/kernel';
import type { Tenant } from '@tocsin/model';
import { httpApi } from './api/http-api.ts';
import { WatchHub } from './api/watch.ts';
import { ConfigurationLoader } from './configuration-loader.ts';
import { emitter, uuid } from './emit.ts';
import { FeatureMeter } from './feature-meter.ts';
import { ingestHandlers } from './ingest.ts';
import { MeasuredSilences } from './measured-silences.ts';
import { alertmanagerMetrics as metrics } from './metrics.ts';
import type { AlertmanagerParts } from './parts.ts';
import { ReceiversClient } from './receivers-client.ts';
import { EventRecorder } from './recorder/event-recorder.ts';
import { Observer, noObserver } from './recorder/observer.ts';
import { recorderMetrics } from './recorder/recorder-metrics.ts';
import { ReplicatedLog } from './replicated-log.ts';
import { stateMetrics } from './state-metrics.ts';
import { TenantAlertmanager } from './tenant.ts';
import { tracedHttp } from './traced-http.ts';

export interface Alertmanager {
  /** API v2, health, reload and events; without the route prefix, without `/metrics`. */
  readonly http: HttpHandler;
  /** gRPC intake. */
  readonly rpc: readonly RpcHandler[];
  /** Reads the configuration again. Rejects with AppError `invalid`, and keeps the running one, when it is bad. */
  reload(): Promise<void>;
  /** Whether the gate is open: notifications may start. */
  readonly isReady: boolean;
  /** Ends the streams of watchers: HTTP can't stop without waiting for them otherwise. */
  endWatches(): void;
  /** Finishes what is in flight, hands over, leaves the cluster, writes the last state. */
  stop(): Promise<void>;
}

/**
 * Rejects with AppError `invalid` when the configuration is bad, `unavailable` when the store can't
 * be read or the cluster's address can't be bound.
 */
export async function startAlertmanager(parts: AlertmanagerParts): Promise<Alertmanager> {
  const { clock, timers, random, logger, meter, settings, store, cluster } = parts;
  meter.declare(recorderMetrics);
  const figures = new FeatureMeter(meter, settings.metricFeatures);
  const life = new Lifecycle({ clock, timers, logger });
  const watches = new WatchHub(parts);
  const emit = emitter({ clock, random, sink: watches.sink, replica: settings.replica });
  const recorder = parts.recorder && new EventRecorder({ ...parts, means: parts.recorder });
  const observer =
    recorder === undefined ? noObserver : new Observer(recorder, () => uuid(random), recorder.sha256Hex);
  const loader = new ConfigurationLoader(parts, emit, recorder);
  const configuration = await loader.load();
  recorder?.apply(configuration.eventRecorder);

  life.onStop('close the event recorder', 12_000, async () => {
    observer.stopping();
    await recorder?.stop();
  });
  life.onStop('close the store', 5_000, () => store.close());
  const committer = groupCommitter(store, { timers, random, logger, meter });
  life.onStop('write the last state', 10_000, () => committer.close(9_000));

  const receivers = new ReceiversClient(parts.receivers, { clock, timers, logger, meter });
  const gate = openableGate();
  const silences = new MeasuredSilences(compileMatcher, parts);
  const log = new ReplicatedLog(new Nflog(), silences, {
    tenant: '',
    clock,
    timers,
    logger,
    meter,
    emit,
    observer,
    cluster,
    committer,
    isLoggingSilences: settings.isLoggingSilences,
  });
  const tenant = new TenantAlertmanager({
    tenant: '',
    parts,
    emit,
    observer,
    figures,
    committer,
    log,
    receivers,
    gate: gate.opened,
    isGateOpen: () => gate.isOpen,
    startAt: clock.wall() + settings.dispatchStartDelayMs,
  });
  await tenant.restore(store, configuration);
  life.onStop('write the alerts', 5_000, () => tenant.alerts.flush());

  const onView = (view: ClusterView): void => {
    if (view.status === 'settling' || gate.isOpen) return;
    gate.open();
    emit('', { type: 'gate-opened' });
  };
  await cluster.start({
    onEntries: (channel, entries, from) => {
      if (!log.onEntries(channel, entries, from))
        logger.debug('Entries of a channel that no tenant here has', { channel });
    },
    onView,
  });
  onView(cluster.view());
  life.onStop('leave the cluster', 12_000, () => cluster.leave());
  life.onStop('close the links to the receivers', 1_000, () => Promise.resolve(receivers.close()));
  life.onStop('finish notifications in flight', 15_000, () => tenant.stopDispatch());

  const tenantOf = (name: Tenant): TenantAlertmanager => {
    if (name !== '')
      throw new AppError(
        'not-found',
        `tenant ${JSON.stringify(name)} is not configured; expected the default tenant, the empty string`,
      );
    if (life.isStopping) throw new AppError('unavailable', 'the alertmanager is stopping');
    return tenant;
  };
  collectMetrics(parts, tenant, figures);
  life.onStop('stop maintenance', 1_000, maintenance(parts, tenant));

  observer.started(settings.version);

  const reload = serialised(async () => {
    const next = await loader.load();
    recorder?.apply(next.eventRecorder);
    tenant.reload(next);
    logger.info('Completed loading of configuration file');
  });
  const http = httpApi({
    parts,
    tenantOf,
    reload,
    emit,
    isReady: () => gate.isOpen,
    configurationStatus: () => loader.status,
    judgeConfiguration: (text, seams) => loader.judge(text, seams),
    startedAt: clock.wall(),
    newId: () => uuid(random),
    watches,
  });
  return {
    http: tracedHttp(http, parts.tracer),
    rpc: ingestHandlers({ tenantOf, tracer: parts.tracer, logger }),
    reload,
    get isReady(): boolean {
      return gate.isOpen;
    },
    endWatches: () => watches.close(),
    stop: async () => {
      watches.close();
      await life.stop();
    },
  };
}

function collectMetrics(parts: AlertmanagerParts, tenant: TenantAlertmanager, figures: FeatureMeter): void {
  const { meter, clock, cluster, settings } = parts;
  meter.set(metrics.clusterEnabled, cluster.view().status === 'disabled' ? 0 : 1, {});
  const { version, revision, branch, goVersion } = settings.version;
  meter.set(stateMetrics.alertsPerAlertLimit, settings.alertsPerAlertname ?? 0, {});
  meter.set(metrics.buildInfo, 1, { version, revision, branch, goversion: goVersion });
  meter.onCollect(() => {
    const now = clock.wall();
    if (figures.hasGroupKeys) figures.alertsByGroup(tenant.alertCountsByGroup(now));
    else figures.alerts(tenant.alerts.countByState(now));
    for (const [state, count] of Object.entries(tenant.log.silences.counts(now)))
      meter.set(metrics.silences, count, { state });
    meter.set(metrics.groups, tenant.groupCount, {});
  });
}

/** Starts the periodic clean-up; returns what ends it. */
function maintenance(parts: AlertmanagerParts, tenant: TenantAlertmanager): () => Promise<void> {
  const { timers, store, clock, logger, meter, settings } = parts;
  const count = (of: 'Maintenance' | 'MaintenanceErrors'): void => {
    meter.add(stateMetrics[`nflog${of}`], 1, {});
    meter.add(stateMetrics[`silences${of}`], 1, {});
  };
  const run = async (): Promise<void> => {
    count('Maintenance');
    try {
      await tenant.collectGarbage(store);
      for (const kind of ['nflog', 'silence', 'alert', 'group'] as const)
        await store.collectGarbage(kind, clock.wall());
    } catch (error) {
      count('MaintenanceErrors');
      logger.warn('Maintenance of the store failed; it is tried again at the next interval', {
        err: messageOf(error),
      });
    }
  };
  const cancel = every(
    timers,
    Math.min(settings.maintenanceIntervalMs, settings.alertsGcIntervalMs),
    () => void run(),
  );
  return () => Promise.resolve(cancel());
}

function every(timers: Timers, ms: number, run: () => void): () => void {
  let cancel = timers.after(ms, tick);
  function tick(): void {
    cancel = timers.after(ms, tick);
    run();
  }
  return () => cancel();
}

interface Gate {
  readonly opened: Promise<void>;
  readonly isOpen: boolean;
  open(): void;
}

function openableGate(): Gate {
  let isOpen = false;
  let release = (): void => undefined;
  const opened = new Promise<void>((resolve) => (release = resolve));
  return {
    opened,
    get isOpen(): boolean {
      return isOpen;
    },
    open: () => {
      isOpen = true;
      release();
    },
  };
}

/** One run at a time; calls that come during a run share the next one. */
function serialised(run: () => Promise<void>): () => Promise<void> {
  let current: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  return () => {
    if (current === undefined) return (current = run().finally(() => (current = undefined)));
    return (next ??= current
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        return (current = run().finally(() => (current = undefined)));
      }));
  };
}
