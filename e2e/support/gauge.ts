/** A /metrics page with one gauge `test_switch`, that a test turns on and off. */
import { createServer } from 'node:http';
import { HOST, freePort, type Stage } from './processes.ts';

export interface Gauge {
  readonly address: string;
  set(value: number): void;
}

export async function startGauge(stage: Stage): Promise<Gauge> {
  let value = 0;
  const port = await freePort();
  const server = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/plain; version=0.0.4');
    response.end(`# HELP test_switch 1 when on.\n# TYPE test_switch gauge\ntest_switch ${value}\n`);
  });
  await new Promise<void>((resolve) => server.listen(port, HOST, resolve));
  stage.onEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: `${HOST}:${port}`, set: (next) => void (value = next) };
}
