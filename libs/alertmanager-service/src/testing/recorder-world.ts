/** What an event recorder writes to, in memory: files by path, and webhooks that answer as told. */
import type { RecorderMeans } from '../recorder/event-recorder.ts';
import type { PostOutcome } from '../recorder/webhook-output.ts';

export interface PostedEvents {
  readonly url: string;
  readonly body: string;
  readonly contentType: string;
}

export interface SeenEvent {
  readonly '@timestamp': string;
  readonly instance: string;
  readonly clusterPosition?: number;
  readonly data: Readonly<Record<string, unknown>>;
}

export class RecorderWorld {
  readonly files: Map<string, string> = new Map();
  readonly posted: PostedEvents[] = [];
  /** Files that refuse every write. */
  readonly full: Set<string> = new Set();
  /** What a webhook answers; by default it takes everything. */
  answer: (url: string) => Promise<PostOutcome> = () => Promise.resolve({ status: 'delivered', error: '' });
  renewals = 0;

  readonly means: RecorderMeans = {
    instance: 'host-1',
    openFile: (path) => ({
      write: (lines) => {
        if (this.full.has(path)) return Promise.reject(new Error(`${path}: no space left on device`));
        this.files.set(path, (this.files.get(path) ?? '') + lines);
        return Promise.resolve();
      },
      renew: () => void this.renewals++,
      close: () => Promise.resolve(),
    }),
    openStdout: () => this.means.openFile('stdout'),
    openWebhook: (url) => {
      if (url.includes('bad')) throw new Error('bad URL');
      return (request) => {
        this.posted.push({ url, ...request });
        return this.answer(url);
      };
    },
    sha256Hex: (text) => `sha256(${text})`,
  };

  events(path: string): readonly SeenEvent[] {
    return (this.files.get(path) ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as SeenEvent);
  }

  /** Keys under `data`. */
  types(path: string): readonly string[] {
    return this.events(path).flatMap(({ data }) => Object.keys(data));
  }

  dataOf(path: string, type: string): readonly unknown[] {
    return this.events(path).flatMap(({ data }) => (type in data ? [data[type]] : []));
  }
}
