import { hostname } from 'node:os';
import { Lifecycle, messageOf, type HttpHandler } from '@tocsin/kernel';
import { startReceivers } from '@tocsin/receivers-service';
import {
  loadSettings,
  logger as openLogger,
  nodeClock,
  nodeTimers,
  prometheusMeter,
  readTextFile,
  readYaml,
  sha256Hex,
  startTracing,
  superviseProcess,
  withMetrics,
} from '@tocsin/runtime';
import { httpOut, serveGrpc, serveHttp } from '@tocsin/transport';
import { settings } from './settings.ts';

const version = '0.1.0';
const program = {
  program: 'receivers',
  summary: 'Tocsin receivers: sends notifications to the outside world. Stateless; run as many as you like.',
  versionText: `receivers, version ${version} (Tocsin, node ${process.version})`,
};
const BODY_BYTES_MAX = 64 * 1024;

async function main(): Promise<void> {
  const { values, warnings } = loadSettings(settings, program);
  const logger = openLogger({ level: values.logLevel, format: values.logFormat });
  const clock = nodeClock();
  const timers = nodeTimers();
  const meter = prometheusMeter();
  const life = new Lifecycle({ clock, timers, logger });
  logger.info('Starting Tocsin receivers', { version });
  for (const warning of warnings) logger.warn(warning);

  const tracing = await startTracing({
    service: 'tocsin-receivers',
    version,
    instance: `${hostname()}${values.grpcListenAddress}`,
    env: process.env,
    logger,
  });
  life.onStop('send the last spans', 4_000, () => tracing.shutdown());
  const http = httpOut({ meter });
  life.onStop('close connections to receivers', 2_000, () => http.close());
  const service = startReceivers({
    clock,
    logger,
    meter,
    tracer: tracing.tracer,
    http,
    sha256Hex,
    readSecret: readTextFile,
    readDocument: readYaml,
    environment: (name) => process.env[name],
    version,
  });
  life.onStop('finish notifications in flight', 15_000, () => service.stop());
  const grpc = await serveGrpc({
    address: values.grpcListenAddress,
    handlers: service.handlers,
    logger,
    meter,
  });
  life.onStop('stop gRPC', 16_000, () => grpc.stop(15_000));
  const server = await serveHttp({
    addresses: [values.httpListenAddress],
    handler: withMetrics(health, meter),
    maxBodyBytes: BODY_BYTES_MAX,
    logger,
  });
  life.onStop('stop HTTP', 3_000, () => server.stop(2_000));
  logger.info('Listening on', { address: grpc.address, protocol: 'grpc' });
  for (const address of server.addresses) logger.info('Listening on', { address });
  superviseProcess({ lifecycle: life, logger });
}

const health: HttpHandler = ({ path, method }) => {
  const isKnown = (path === '/-/healthy' || path === '/-/ready') && (method === 'GET' || method === 'HEAD');
  return {
    status: isKnown ? 200 : 404,
    headers: { 'Content-Type': 'text/plain; charset=utf-8' },
    body: isKnown ? 'OK' : '404 page not found\n',
  };
};

main().catch((error: unknown) => {
  process.stderr.write(`receivers: error: ${messageOf(error)}\n`);
  process.exit(1);
});
