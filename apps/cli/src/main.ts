import { Lifecycle, messageOf } from '@tocsin/kernel';
import { logger as openLogger, nodeClock, nodeTimers, superviseProcess } from '@tocsin/runtime';
import { httpOut, serveHttp } from '@tocsin/transport';
import { alertmanagerClient } from './alertmanager-client.ts';
import { runCommand } from './commands.ts';
import { runDemo } from './demo/demo.ts';
import { notificationSink } from './sink.ts';

const CALL_TIMEOUT_MS = 30_000;
const SINK_BODY_BYTES_MAX = 16 * 1024 * 1024;

async function runSink(address: string): Promise<void> {
  const logger = openLogger({ level: 'info', format: 'logfmt' });
  const clock = nodeClock();
  const timers = nodeTimers();
  const life = new Lifecycle({ clock, timers, logger });
  const wait = (ms: number): Promise<void> => new Promise((resolve) => timers.after(ms, resolve));
  const { handler } = notificationSink(() => clock.wall(), wait);
  const server = await serveHttp({
    addresses: [address],
    handler,
    maxBodyBytes: SINK_BODY_BYTES_MAX,
    logger,
  });
  life.onStop('stop HTTP', 3_000, () => server.stop(1_000));
  for (const listening of server.addresses) logger.info('Listening on', { address: listening });
  superviseProcess({ lifecycle: life, logger });
  await new Promise<never>(() => undefined);
}

const http = httpOut();
runCommand(process.argv.slice(2), {
  wall: () => Date.now(),
  client: (url) => alertmanagerClient(url, http, CALL_TIMEOUT_MS),
  print: (line) => void process.stdout.write(`${line}\n`),
  printError: (line) => void process.stderr.write(`${line}\n`),
  runSink,
  runDemo: (input) => runDemo(input, http, openLogger({ level: 'warn', format: 'logfmt' })),
})
  .then(async (code) => {
    await http.close();
    process.exitCode = code;
  })
  .catch((error: unknown) => {
    process.stderr.write(`tocsin: ${messageOf(error)}\n`);
    process.exit(1);
  });
