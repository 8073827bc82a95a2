/** Our schedulers and receivers as processes. */
import { HOST, freePort, type Running, type Stage } from './processes.ts';

export interface ReceiversProcess {
  readonly address: string;
  readonly process: Running;
}

/** Without a port: on a free one. */
export async function startReceivers(
  stage: Stage,
  name: string,
  env: NodeJS.ProcessEnv = {},
  port?: number,
): Promise<ReceiversProcess> {
  const grpc = port ?? (await freePort());
  const args = [`--grpc.listen-address=${HOST}:${grpc}`, `--http.listen-address=${HOST}:${await freePort()}`];
  return { address: `${HOST}:${grpc}`, process: await stage.app(name, 'receivers', args, env) };
}

export interface SchedulerPlan {
  readonly name: string;
  readonly http: number;
  readonly args: readonly string[];
}

export interface SchedulerProcess {
  readonly url: string;
  readonly process: Running;
  /** As Prometheus' API shows them. */
  alerts(): Promise<readonly SchedulerAlert[]>;
}
export interface SchedulerAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly state: string;
  readonly activeAt: string;
}

export async function planScheduler(
  stage: Stage,
  name: string,
  options: {
    /** Data source file. */
    readonly dataSources: string;
    /** Rule files. */
    readonly rules: readonly string[];
    readonly alertmanagers: readonly string[];
    readonly databaseUrl?: string;
  },
): Promise<SchedulerPlan> {
  const http = await freePort();
  const args = [
    `--http.listen-address=${HOST}:${http}`,
    `--replica=${name}`,
    `--datasource.file=${options.dataSources}`,
    `--storage.path=${stage.dir}/${name}`,
    ...(options.databaseUrl === undefined ? [] : [`--database.url=${options.databaseUrl}`]),
    '--rules.alert.resend-delay=2s',
    ...options.rules.map((file) => `--rules=${file}`),
    ...options.alertmanagers.map((address) => `--alertmanager.address=${address}`),
  ];
  return { name, http, args };
}

export async function startScheduler(
  stage: Stage,
  plan: SchedulerPlan,
  env: NodeJS.ProcessEnv = {},
): Promise<SchedulerProcess> {
  const url = `http://${HOST}:${plan.http}`;
  const process = await stage.app(plan.name, 'scheduler', plan.args, env);
  const alerts = async (): Promise<readonly SchedulerAlert[]> => {
    const answer = await fetch(`${url}/api/v1/alerts`);
    return ((await answer.json()) as { data: { alerts: SchedulerAlert[] } }).data.alerts;
  };
  return { url, process, alerts };
}
