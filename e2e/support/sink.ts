/** The sink as a process, and what it has seen. */
import { HOST, freePort, type Running, type Stage } from './processes.ts';

export interface Seen {
  readonly number: number;
  readonly atMs: number;
  readonly notificationId: string;
  readonly isDuplicate: boolean;
  readonly path: string;
  readonly status: string;
  readonly groupKey: string;
  readonly reason: string;
  readonly firing: readonly string[];
  readonly resolved: readonly string[];
  readonly traceparent: string;
}

export interface SinkProcess {
  readonly url: string;
  readonly process: Running;
  seen(): Promise<readonly Seen[]>;
  /** From now on: HTTP status to answer with (0: well), milliseconds to wait first. */
  behave(how: { readonly fail?: number; readonly slowMs?: number }): Promise<void>;
}

export async function startSink(stage: Stage): Promise<SinkProcess> {
  const port = await freePort();
  const url = `http://${HOST}:${port}`;
  const process = await stage.app('sink', 'cli', ['sink', `--listen=${HOST}:${port}`]);
  let last: readonly Seen[] = [];
  stage.onFail(() => ['--- seen by the sink', ...last.map(lineOf)].join('\n'));
  return {
    url,
    process,
    seen: async () => (last = (await (await fetch(`${url}/notifications`)).json()) as Seen[]),
    behave: async ({ fail, slowMs }) => {
      if (fail !== undefined) await fetch(`${url}/fail/${fail}`, { method: 'POST' });
      if (slowMs !== undefined) await fetch(`${url}/slow/${slowMs}`, { method: 'POST' });
    },
  };
}

function lineOf({ atMs, notificationId, isDuplicate, reason, firing, resolved }: Seen): string {
  const what = [...firing.map((name) => `+${name}`), ...resolved.map((name) => `-${name}`)].join(' ');
  const id = `${notificationId.slice(0, 8)}${isDuplicate ? ' DUPLICATE' : ''}`;
  return `${new Date(atMs).toISOString()} ${id} ${reason}: ${what}`;
}
