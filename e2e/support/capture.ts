/** A webhook that keeps the bodies it gets, by path. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HOST, type Stage } from './processes.ts';

export interface CapturedAlert {
  readonly status: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly fingerprint: string;
  readonly generatorURL: string;
}

/** The part of Alertmanager's payload that all its versions have. */
export interface Captured {
  readonly version: string;
  readonly groupKey: string;
  readonly truncatedAlerts: number;
  readonly status: string;
  readonly receiver: string;
  readonly groupLabels: Readonly<Record<string, string>>;
  readonly commonLabels: Readonly<Record<string, string>>;
  readonly commonAnnotations: Readonly<Record<string, string>>;
  readonly alerts: readonly CapturedAlert[];
}

export interface Capture {
  readonly url: string;
  /** In the order of arrival. */
  readonly bodies: readonly Captured[];
}

/** Ended with the stage. */
export async function startCapture(stage: Stage): Promise<Capture> {
  const bodies: Captured[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      bodies.push(JSON.parse(Buffer.concat(chunks).toString()) as Captured);
      response.end();
    });
  });
  await new Promise<void>((listening) => server.listen(0, HOST, listening));
  stage.onEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://${HOST}:${(server.address() as AddressInfo).port}`, bodies };
}
