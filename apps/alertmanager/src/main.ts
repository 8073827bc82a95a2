import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { splitNflog, splitSilences, type ReplicatedEntry } from '@tocsin/alerting';
import { countSnapshot, startAlertmanager, type VersionInfo } from '@tocsin/alertmanager-service';
import { disabledCluster, gossipConfig, type ClusterPort } from '@tocsin/cluster';
import {
  Lifecycle,
  loopback,
  messageOf,
  type Logger,
  type Meter,
  type RpcLink,
  type StateStore,
  type Timers,
} from '@tocsin/kernel';
import { settingsMistake, startReceivers } from '@tocsin/receivers-service';
import {
  configuredTracing,
  eventLog,
  keepHeapSmall,
  loadSettings,
  logger as openLogger,
  nodeClock,
  nodeTimers,
  prometheusMeter,
  readTemplateFiles,
  readTextFile,
  readYaml,
  sha256Hex,
  superviseProcess,
  systemRandom,
  ulidMaker,
  withMetrics,
} from '@tocsin/runtime';
import { fileStateStore, postgresStateStore } from '@tocsin/storage';
import {
  dialGrpc,
  grpcExporterMeans,
  httpOut,
  memberlistCluster,
  serveGrpc,
  serveHttp,
} from '@tocsin/transport';
import { checkSettings, matcherModeOf, metricFeaturesOf } from './check.ts';
import { openFront } from './front.ts';
import { keptId } from './kept-id.ts';
import { recorderMeans } from './recorder.ts';
import { settings } from './settings.ts';
import { versionInfo, versionText } from './version.ts';

const program = {
  program: 'alertmanager',
  summary:
    'Tocsin alertmanager: routes, groups, silences and deduplicates alerts; a drop-in for the Prometheus Alertmanager.',
  versionText,
};

async function main(): Promise<void> {
  keepHeapSmall();
  const { values, warnings } = loadSettings(settings, program, checkSettings);
  const logger = openLogger({ level: values.logLevel, format: values.logFormat });
  const clock = nodeClock();
  const timers = nodeTimers();
  const random = systemRandom();
  const meter = prometheusMeter();
  const life = new Lifecycle({ clock, timers, logger });
  logger.info('Starting Tocsin alertmanager', { version: versionInfo.version });
  for (const warning of warnings) logger.warn(warning);

  const peerName = values.clusterPeerName;
  const replica = peerName === '' ? await keptId(values.storagePath) : peerName;
  const tracing = await configuredTracing({
    service: 'tocsin-alertmanager',
    sectionService: 'alertmanager',
    grpcMeans: grpcExporterMeans,
    version: versionInfo.version,
    instance: replica,
    env: process.env,
    logger,
  });
  life.onStop('send the last spans', 4_000, () => tracing.shutdown());

  const front = await openFront(values, logger);
  life.onStop('stop checking passwords', 1_000, () => front.security?.stop() ?? Promise.resolve());
  const store = await openStore(values, { logger, timers, meter });
  const events = eventLog({ logger });
  const cluster = openCluster(values, {
    logger,
    meter,
    timers,
    name: peerName === '' ? ulidMaker(clock, random)() : peerName,
  });
  const links = await receiversLinks(values.receiversAddress, {
    logger,
    meter,
    timers,
    tracer: tracing.tracer,
    life,
  });
  const service = await startAlertmanager({
    clock,
    timers,
    random,
    logger,
    meter,
    tracer: tracing.tracer,
    prepareTracing: (section) => tracing.prepare(section),
    store,
    cluster,
    receivers: links,
    events,
    ...recorderMeans(values.enableFeature, { environment, life, meter }),
    readConfiguration: () => readTextFile(values.configFile),
    readDocument: readYaml,
    readTemplates: (globs) => readTemplateFiles(globs, dirname(values.configFile)),
    settingsMistake: (integration, settingsJson) =>
      settingsMistake(integration, settingsJson, { readDocument: readYaml, environment }),
    settings: {
      configurationFolder: dirname(values.configFile),
      replica,
      retentionMs: values.retention,
      maintenanceIntervalMs: values.maintenanceInterval,
      alertsGcIntervalMs: values.alertsGcInterval,
      dispatchStartDelayMs: values.dispatchStartDelay,
      peerTimeoutMs: values.clusterPeerTimeout,
      silencesMax: values.maxSilences,
      silenceBytesMax: values.maxSilenceSizeBytes,
      isLoggingSilences: values.logSilences,
      externalUrl: externalUrlOf(values),
      alertsPerAlertname: values.alertsPerAlertname,
      metricFeatures: metricFeaturesOf(values),
      matcherMode: matcherModeOf(values),
      version: versionInfo satisfies VersionInfo,
    },
  });
  life.onStop('stop the alertmanager', 60_000, () => service.stop());

  if (values.grpcListenAddress !== '') {
    const grpc = await serveGrpc({ address: values.grpcListenAddress, handlers: service.rpc, logger, meter });
    life.onStop('stop gRPC', 3_000, () => grpc.stop(2_000));
    logger.info('Listening on', { address: grpc.address, protocol: 'grpc' });
  }
  const http = await serveHttp({ ...front, handler: withMetrics(service.http, meter), meter });
  life.onStop('stop HTTP', 6_000, () => http.stop(5_000));
  life.onStop('end the streams of watchers', 1_000, () => Promise.resolve(service.endWatches()));
  for (const address of http.addresses) logger.info('Listening on', { address });
  superviseProcess({ lifecycle: life, logger, onReload: () => service.reload() });
}

type Values = ReturnType<typeof loadSettings<typeof settings>>['values'];

async function openStore(
  values: Values,
  { meter, ...deps }: { readonly logger: Logger; readonly timers: Timers; readonly meter: Meter },
): Promise<StateStore> {
  const clock = nodeClock();
  if (values.databaseUrl === '') {
    return fileStateStore({
      path: values.storagePath,
      splitters: {
        nflog: (blob) => splitNflog(blob).map(withExpiry),
        silence: (blob) => splitSilences(blob).map(withExpiry),
      },
      snapshotIntervalMs: values.maintenanceInterval,
      clock,
      onSnapshot: (report) => countSnapshot(meter, report),
      ...deps,
    });
  }
  const store = postgresStateStore({ url: values.databaseUrl, random: systemRandom(), ...deps });
  await store.ready();
  return store;
}

/** Rows expire by milliseconds; an entry is not dropped before its last nanosecond. */
const withExpiry = (entry: ReplicatedEntry): ReplicatedEntry & { readonly expiresAtMs: number } => ({
  ...entry,
  expiresAtMs: entry.expirySeconds * 1000 + Math.ceil(entry.expiryNanos / 1e6),
});

function openCluster(
  values: Values,
  deps: { readonly logger: Logger; readonly meter: Meter; readonly timers: Timers; readonly name: string },
): ClusterPort {
  if (values.clusterListenAddress === '') return disabledCluster();
  const config = gossipConfig({
    name: deps.name,
    label: values.clusterLabel,
    bindAddress: values.clusterListenAddress,
    advertiseAddress: values.clusterAdvertiseAddress,
    peers: values.clusterPeer,
    gossipIntervalMs: values.clusterGossipInterval,
    pushPullIntervalMs: values.clusterPushPullInterval,
    tcpTimeoutMs: values.clusterTcpTimeout,
    probeIntervalMs: values.clusterProbeInterval,
    probeTimeoutMs: values.clusterProbeTimeout,
    settleTimeoutMs: values.clusterSettleTimeout,
    reconnectIntervalMs: values.clusterReconnectInterval,
    reconnectTimeoutMs: values.clusterReconnectTimeout,
    peersResolveTimeoutMs: values.clusterPeersResolveTimeout,
  });
  return memberlistCluster({
    ...deps,
    config,
    workerUrl: new URL('./gossip-worker.js', import.meta.url),
    allowsPublicAdvertise: values.clusterInsecureAdvertise,
  });
}

async function receiversLinks(
  addresses: readonly string[],
  deps: {
    readonly logger: Logger;
    readonly meter: Meter;
    readonly timers: Timers;
    readonly tracer: Parameters<typeof startReceivers>[0]['tracer'];
    readonly life: Lifecycle;
  },
): Promise<readonly RpcLink[]> {
  if (addresses.length > 0) return addresses.map((address) => dialGrpc(address));
  const http = httpOut({ meter: deps.meter });
  const receivers = startReceivers({
    ...deps,
    clock: nodeClock(),
    http,
    sha256Hex,
    readSecret: readTextFile,
    readDocument: readYaml,
    environment,
    version: versionInfo.version,
  });
  deps.life.onStop('stop the receivers in this process', 5_000, async () => {
    await receivers.stop();
    await http.close();
  });
  return [loopback(receivers.handlers)];
}

const environment = (name: string): string | undefined => process.env[name];

function externalUrlOf(values: Values): string {
  if (values.webExternalUrl !== '') return values.webExternalUrl.replace(/\/+$/, '');
  const port = /:(\d+)$/.exec(values.webListenAddress[0] ?? '')?.[1] ?? '9093';
  return `http://${hostname()}:${port}`;
}

main().catch((error: unknown) => {
  process.stderr.write(`alertmanager: error: ${messageOf(error)}\n`);
  process.exit(1);
});
