/** How the HTTP server is set up by the settings: limits, sockets, and who may come in. */
import { availableParallelism } from 'node:os';
import type { Logger, SettingValues } from '@tocsin/kernel';
import { readTextFile, readYaml } from '@tocsin/runtime';
import { inheritedSockets, openWebSecurity, type ServeHttpOptions } from '@tocsin/transport';
import { routePrefixOf } from './check.ts';
import type { settings } from './settings.ts';

/** GETs at once by default on a machine with few cores; upstream's number. */
const GETS_MIN = 8;

/** Rejects with AppError when the web configuration file can't be used, or there are no sockets to take over. */
export async function openFront(
  values: SettingValues<typeof settings>,
  logger: Logger,
): Promise<Omit<ServeHttpOptions, 'handler' | 'meter'>> {
  const descriptors = values.webSystemdSocket ? takeSockets() : undefined;
  const security =
    values.webConfigFile === ''
      ? undefined
      : await openWebSecurity({
          path: values.webConfigFile,
          readFile: readTextFile,
          readDocument: readYaml,
          passwordWorkerUrl: new URL('./password-worker.js', import.meta.url),
          logger,
        });
  return {
    addresses: values.webListenAddress,
    ...(descriptors === undefined ? {} : { descriptors }),
    ...(security === undefined ? {} : { security }),
    routePrefix: routePrefixOf(values),
    maxBodyBytes: values.webMaxBodyBytes,
    timeoutMs: values.webTimeout,
    getConcurrency:
      values.webGetConcurrency > 0 ? values.webGetConcurrency : Math.max(GETS_MIN, availableParallelism()),
    logger,
  };
}

/** Taken once: programs that we start must not think that the sockets are theirs. */
function takeSockets(): readonly number[] {
  const sockets = inheritedSockets(process.env, process.pid);
  for (const name of ['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES']) delete process.env[name];
  return sockets;
}
