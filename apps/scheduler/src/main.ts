import { hostname } from 'node:os';
import { AppError, Lifecycle, messageOf, type HttpHandler } from '@tocsin/kernel';
import { LabelSet } from '@tocsin/model';
import {
  eventLog,
  loadSettings,
  logger as openLogger,
  nodeClock,
  nodeTimers,
  prometheusMeter,
  readYaml,
  startTracing,
  superviseProcess,
  systemRandom,
  withMetrics,
} from '@tocsin/runtime';
import { startScheduler } from '@tocsin/scheduler-service';
import { fileStateStore, postgresStateStore } from '@tocsin/storage';
import { dialGrpc, httpOut, serveHttp } from '@tocsin/transport';
import { alertmanagerDirectory } from './alertmanager-directory.ts';
import { configurationFiles } from './rule-files.ts';
import { settings } from './settings.ts';

const version = '0.1.0';
const program = {
  program: 'scheduler',
  summary: 'Tocsin scheduler: evaluates rules and delivers every alert to every alertmanager.',
  versionText: `scheduler, version ${version} (Tocsin, node ${process.version})`,
};
const BODY_BYTES_MAX = 1024 * 1024;

async function main(): Promise<void> {
  const { values, warnings } = loadSettings(settings, program);
  const logger = openLogger({ level: values.logLevel, format: values.logFormat });
  const clock = nodeClock();
  const timers = nodeTimers();
  const random = systemRandom();
  const meter = prometheusMeter();
  const life = new Lifecycle({ clock, timers, logger });
  logger.info('Starting Tocsin scheduler', { version });
  for (const warning of warnings) logger.warn(warning);

  const replica = values.replica === '' ? `${hostname()}${values.httpListenAddress}` : values.replica;
  const tracing = await startTracing({
    service: 'tocsin-scheduler',
    version,
    instance: replica,
    env: process.env,
    logger,
  });
  life.onStop('send the last spans', 4_000, () => tracing.shutdown());

  const store =
    values.databaseUrl === ''
      ? fileStateStore({
          path: values.storagePath,
          splitters: { nflog: noEntries, silence: noEntries },
          clock,
          timers,
          logger,
        })
      : postgresStateStore({ url: values.databaseUrl, random, timers, logger });
  life.onStop('close the store', 5_000, () => store.close());

  const http = httpOut();
  life.onStop('close connections to data sources', 2_000, () => http.close());
  const alertmanagers = await alertmanagerDirectory(values.alertmanagerAddress, {
    dial: (target) => dialGrpc(target),
    timers,
    logger,
  });
  life.onStop('close the links to the alertmanagers', 1_000, () => Promise.resolve(alertmanagers.close()));
  if (values.alertmanagerAddress.length === 0)
    logger.warn('No alertmanager is configured; alerts go nowhere. Set --alertmanager.address');

  const events = eventLog({ logger });
  const service = await startScheduler({
    settings: {
      tenant: '',
      replica,
      externalLabels: externalLabelsOf(values.externalLabels),
      externalUrl: values.externalUrl.replace(/\/+$/, ''),
      evaluationIntervalMs: values.evaluationInterval,
      queryOffsetMs: values.queryOffset,
      resendDelayMs: values.resendDelay,
      queryTimeoutMs: values.queryTimeout,
      outageToleranceMs: values.outageTolerance,
      queueCapacity: values.queueCapacity,
    },
    clock,
    timers,
    random,
    logger,
    meter,
    tracer: tracing.tracer,
    events,
    http,
    store,
    alertmanagers,
    configuration: configurationFiles(values.rules, values.datasourceFile),
    readDocument: readYaml,
  });
  life.onStop('stop evaluating', 12_000, () => service.stop());

  const handler: HttpHandler = (request) =>
    request.path === '/api/v1/tocsin/events' && request.method === 'GET'
      ? {
          status: 200,
          headers: { 'Content-Type': 'application/json' },
          body: `${JSON.stringify(events.query({}))}\n`,
        }
      : service.http(request);
  const server = await serveHttp({
    addresses: [values.httpListenAddress],
    handler: withMetrics(handler, meter),
    maxBodyBytes: BODY_BYTES_MAX,
    logger,
  });
  life.onStop('stop HTTP', 4_000, () => server.stop(3_000));
  for (const address of server.addresses) logger.info('Listening on', { address });
  superviseProcess({ lifecycle: life, logger, onReload: () => service.reload() });
}

/** The scheduler keeps no snapshot files of Alertmanager's. */
const noEntries = (): never[] => [];

function externalLabelsOf(given: readonly string[]): LabelSet {
  return LabelSet.of(
    given.map((text) => {
      const cut = text.indexOf('=');
      if (cut < 1) throw AppError.invalid(`--external-label=${text}: expected name=value`);
      return [text.slice(0, cut), text.slice(cut + 1)] as const;
    }),
  );
}

main().catch((error: unknown) => {
  process.stderr.write(`scheduler: error: ${messageOf(error)}\n`);
  process.exit(1);
});
