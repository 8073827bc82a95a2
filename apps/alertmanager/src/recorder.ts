/** The event recorder's way out of this process. */
import { hostname } from 'node:os';
import type { RecorderMeans } from '@tocsin/alertmanager-service';
import type { Lifecycle, Meter } from '@tocsin/kernel';
import { httpPoster } from '@tocsin/receivers-service';
import { appendFile, appendStdout, nodeClock, readTextFile, readYaml, sha256Hex } from '@tocsin/runtime';
import { httpOut } from '@tocsin/transport';

/** Undefined without `--enable-feature=event-recorder`: then the section is not looked at. */
export function recorderMeans(
  features: readonly string[],
  {
    environment,
    life,
    meter,
  }: {
    readonly environment: (name: string) => string | undefined;
    readonly life: Lifecycle;
    readonly meter: Meter;
  },
): { readonly recorder?: RecorderMeans } {
  if (!features.includes('event-recorder')) return {};
  const http = httpOut({ meter });
  life.onStop("close the event recorder's connections", 2_000, () => http.close());
  const parts = {
    clock: nodeClock(),
    http,
    readSecret: readTextFile,
    readDocument: readYaml,
    environment,
  };
  return {
    recorder: {
      instance: hostname(),
      // Relative paths were resolved against the configuration's folder when it was read.
      openFile: appendFile,
      openStdout: appendStdout,
      openWebhook: (url, httpConfigJson) => {
        const post = httpPoster(url, httpConfigJson, parts);
        return async (request) => {
          const delivery = await post(request);
          if (delivery.status === 'delivered') return { status: 'delivered', error: '' };
          // Too many requests at once pass; other refusals of the client don't.
          const isPassing = delivery.status === 'retry' || delivery.reason === 'rateLimited';
          return { status: isPassing ? 'retry' : 'failed', error: delivery.error };
        };
      },
      sha256Hex,
    },
  };
}
