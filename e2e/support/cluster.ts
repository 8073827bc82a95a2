/** Clusters of alertmanagers, ours and real ones. */
import { HOST, freePort, programs, sleep, until, type Running, type Stage } from './processes.ts';

export interface Replica {
  readonly name: string;
  readonly url: string;
  readonly gossip: string;
  readonly grpc: string;
  readonly process: Running;
  api(path: string, init?: RequestInit): Promise<unknown>;
  post(path: string, body: unknown): Promise<unknown>;
  status(): Promise<ClusterStatus>;
}
export interface ClusterStatus {
  readonly name?: string;
  readonly status: string;
  readonly peers: readonly { readonly name: string; readonly address: string }[];
}

export interface ReplicaPlan {
  readonly name: string;
  readonly kind: 'tocsin' | 'real';
  readonly web: number;
  /** 0: without a cluster. */
  readonly gossip: number;
  readonly grpc: number;
  /** Flags on top. */
  readonly args: readonly string[];
}

/** Names sort in the order of the list, so index and position agree among ours. */
export async function planCluster(
  kinds: readonly ('tocsin' | 'real')[],
  args: readonly string[] = [],
): Promise<ReplicaPlan[]> {
  const plans: ReplicaPlan[] = [];
  for (const [index, kind] of kinds.entries()) {
    plans.push({
      name: `am-${index}`,
      kind,
      web: await freePort(),
      gossip: await freePort(),
      grpc: await freePort(),
      args,
    });
  }
  return plans;
}

export async function startReplica(
  stage: Stage,
  plan: ReplicaPlan,
  all: readonly ReplicaPlan[],
  configFile: string,
  more: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<Replica> {
  const url = `http://${HOST}:${plan.web}`;
  const shared = [
    `--config.file=${configFile}`,
    `--storage.path=${stage.dir}/${plan.name}`,
    `--web.listen-address=${HOST}:${plan.web}`,
    `--cluster.listen-address=${plan.gossip === 0 ? '' : `${HOST}:${plan.gossip}`}`,
    ...all.filter((peer) => peer.name !== plan.name).map((peer) => `--cluster.peer=${HOST}:${peer.gossip}`),
    ...plan.args,
  ];
  const process =
    plan.kind === 'tocsin'
      ? await stage.app(
          plan.name,
          'alertmanager',
          [
            ...shared,
            `--cluster.peer-name=${plan.name}`,
            `--grpc.listen-address=${HOST}:${plan.grpc}`,
            ...more,
          ],
          env,
        )
      : await stage.run(plan.name, programs.alertmanager, shared, () => fetch(`${url}/-/ready`));
  const api = async (path: string, init?: RequestInit): Promise<unknown> => {
    const answer = await fetch(`${url}/api/v2/${path}`, init);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${answer.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };
  return {
    name: plan.name,
    url,
    gossip: `${HOST}:${plan.gossip}`,
    grpc: `${HOST}:${plan.grpc}`,
    process,
    api,
    post: (path, body) =>
      api(path, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      }),
    status: async () => ((await api('status')) as { cluster: ClusterStatus }).cluster,
  };
}

export function replicaAt(replicas: readonly Replica[], index: number): Replica {
  const replica = replicas[index];
  if (replica === undefined) throw new Error(`there is no replica ${index}`);
  return replica;
}

/** All replicas see `count` members and notifications may start. */
export async function untilReady(
  replicas: readonly Replica[],
  count: number = replicas.length,
): Promise<void> {
  for (const replica of replicas) {
    await until(`${replica.name} is ready with ${count} members`, async () => {
      const { status, peers } = await replica.status();
      return status === 'ready' && peers.length === count ? true : undefined;
    });
  }
}

/** Webhook configuration for quick tests. */
export const webhookConfig = (
  sinkUrl: string,
  times: { readonly wait?: string; readonly interval?: string; readonly repeat?: string } = {},
): string => `route:
  receiver: sink
  group_by: [alertname]
  group_wait: ${times.wait ?? '1s'}
  group_interval: ${times.interval ?? '3s'}
  repeat_interval: ${times.repeat ?? '1h'}
receivers:
- name: sink
  webhook_configs:
  - url: ${sinkUrl}/hook
`;

/** --cluster.peer-timeout of the clusters here. */
export const PEER_TIMEOUT_MS = 2_000;
export const peerTimeout = `--cluster.peer-timeout=${PEER_TIMEOUT_MS}ms`;

/** Every one of so many replicas has had its turn for whatever was flushed by now. */
export const allTurns = (replicas: number): Promise<void> => sleep(PEER_TIMEOUT_MS * replicas + 1_000);

/** So many of our alertmanagers that notify one sink, each with the flags on top. */
export async function startCluster(
  stage: Stage,
  count: number,
  sinkUrl: string,
  more: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<readonly Replica[]> {
  const plans = await planCluster(Array<'tocsin'>(count).fill('tocsin'), [peerTimeout]);
  const config = stage.file('alertmanager.yml', webhookConfig(sinkUrl));
  return Promise.all(plans.map((plan) => startReplica(stage, plan, plans, config, more, env)));
}
