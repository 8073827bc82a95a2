/** Finds taken ports before anything is started, all of them at once. */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { AppError } from '@tocsin/kernel';
import type { PlannedPort } from './plan.ts';

const HOST = '127.0.0.1';

/** Rejects with AppError `unavailable` that names each taken port and what wanted it. */
export async function assertFree(ports: readonly PlannedPort[]): Promise<void> {
  const checks = ports.map(async (planned) =>
    (await isFree(planned)) ? [] : [`port ${planned.port} (${planned.what})`],
  );
  const taken = (await Promise.all(checks)).flat();
  if (taken.length === 0) return;
  throw new AppError(
    'unavailable',
    `already in use: ${taken.join(', ')}. Stop what listens there, or move all ports: npm start -- --port-offset 1000`,
  );
}

async function isFree({ port, isUdpToo }: PlannedPort): Promise<boolean> {
  const tcp = new Promise<boolean>((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, HOST, () => server.close(() => resolve(true)));
  });
  const udp = new Promise<boolean>((resolve) => {
    if (!isUdpToo) return resolve(true);
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(false));
    socket.bind(port, HOST, () => socket.close(() => resolve(true)));
  });
  return (await tcp) && (await udp);
}
