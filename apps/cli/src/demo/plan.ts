/**
 * @module cli/demo/plan
 *
 * What `npm start` runs: which processes, with which arguments, ports and files. Pure, so that a
 * test can read it.
 */
import { AppError } from '@tocsin/kernel';

export interface DemoOptions {
  readonly replicas: number;
  readonly portOffset: number;
  /** Folder of the demo's files, logs and database. */
  readonly folder: string;
  /** Folder that holds the bundled apps, `<app>/main.js`. */
  readonly apps: string;
  readonly databaseUrl: string;
  /** '' when none. */
  readonly prometheusUrl: string;
  readonly rules: readonly string[];
  /** An Alertmanager configuration of the user's; '' for the demo's own. */
  readonly configFile: string;
}

export interface PlannedPort {
  readonly port: number;
  readonly what: string;
  readonly isUdpToo: boolean;
}

export type Role = 'sink' | 'receivers' | 'alertmanager' | 'scheduler';

export interface PlannedProcess {
  readonly name: string;
  readonly role: Role;
  readonly script: string;
  readonly args: readonly string[];
  readonly ports: readonly PlannedPort[];
  readonly url: string;
}

export interface DemoPlan {
  /** In the order of starting; stopped the other way round. */
  readonly processes: readonly PlannedProcess[];
  readonly files: readonly { readonly name: string; readonly text: string }[];
  readonly sinkUrl: string;
  readonly alertmanagers: readonly PlannedProcess[];
}

export const replicasMax = 9;
const HOST = '127.0.0.1';
const RECEIVERS = 2;
/** Between the ports of two replicas. */
const STEP = 100;

/** Throws AppError `invalid` naming the option. */
export function demoPlan(options: DemoOptions): DemoPlan {
  if (options.rules.length > 0 && options.prometheusUrl === '') {
    throw AppError.invalid(
      '--rules needs --prometheus=URL, the data source that your rules are evaluated on',
    );
  }
  const port = (base: number, index: number): number => base + options.portOffset + index * STEP;
  const numbers = Array.from({ length: options.replicas }, (_, index) => index);
  const sinkPort = port(9080, 0);
  const sinkUrl = `http://${HOST}:${sinkPort}`;
  const sink: PlannedProcess = {
    name: 'sink',
    role: 'sink',
    script: `${options.apps}/cli/main.js`,
    args: ['sink', `--listen=${HOST}:${sinkPort}`],
    ports: [{ port: sinkPort, what: 'sink', isUdpToo: false }],
    url: sinkUrl,
  };
  const receivers = Array.from({ length: RECEIVERS }, (_, index) => receiversProcess(options, index, port));
  const alertmanagers = numbers.map((index) => alertmanagerProcess(options, index, port, numbers.length));
  const schedulers = numbers.map((index) => schedulerProcess(options, index, port, numbers.length));
  return {
    processes: [sink, ...receivers, ...alertmanagers, ...schedulers],
    files: files(options, alertmanagers, sinkUrl),
    sinkUrl,
    alertmanagers,
  };
}

type PortOf = (base: number, index: number) => number;

function receiversProcess(options: DemoOptions, index: number, port: PortOf): PlannedProcess {
  const name = `receivers-${index + 1}`;
  const [grpc, http] = [port(9098, index), port(9099, index)];
  return {
    name,
    role: 'receivers',
    script: `${options.apps}/receivers/main.js`,
    args: [`--grpc.listen-address=${HOST}:${grpc}`, `--http.listen-address=${HOST}:${http}`],
    ports: [
      { port: grpc, what: `${name} gRPC`, isUdpToo: false },
      { port: http, what: `${name} HTTP`, isUdpToo: false },
    ],
    url: `http://${HOST}:${http}`,
  };
}

function alertmanagerProcess(
  options: DemoOptions,
  index: number,
  port: PortOf,
  count: number,
): PlannedProcess {
  const name = `alertmanager-${index + 1}`;
  const [http, cluster, grpc] = [port(9093, index), port(9094, index), port(9095, index)];
  const peers = Array.from({ length: count }, (_, peer) => port(9094, peer)).filter(
    (peer) => peer !== cluster,
  );
  return {
    name,
    role: 'alertmanager',
    script: `${options.apps}/alertmanager/main.js`,
    args: [
      `--config.file=${options.configFile === '' ? `${options.folder}/alertmanager.yml` : options.configFile}`,
      `--storage.path=${options.folder}/${name}`,
      `--database.url=${options.databaseUrl}`,
      `--web.listen-address=${HOST}:${http}`,
      `--grpc.listen-address=${HOST}:${grpc}`,
      `--cluster.listen-address=${HOST}:${cluster}`,
      `--cluster.peer-name=${name}`,
      ...peers.map((peer) => `--cluster.peer=${HOST}:${peer}`),
      ...Array.from({ length: RECEIVERS }, (_, each) => `--receivers.address=${HOST}:${port(9098, each)}`),
    ],
    ports: [
      { port: http, what: `${name} HTTP`, isUdpToo: false },
      { port: cluster, what: `${name} cluster`, isUdpToo: true },
      { port: grpc, what: `${name} gRPC`, isUdpToo: false },
    ],
    url: `http://${HOST}:${http}`,
  };
}

function schedulerProcess(options: DemoOptions, index: number, port: PortOf, count: number): PlannedProcess {
  const name = `scheduler-${index + 1}`;
  const http = port(9096, index);
  const demoRules = [...Array.from({ length: count }, (_, each) => `alertmanager-${each + 1}`), 'sink'].map(
    (source) => `--rules=${source}=${options.folder}/rules-${source}.yml`,
  );
  return {
    name,
    role: 'scheduler',
    script: `${options.apps}/scheduler/main.js`,
    args: [
      `--http.listen-address=${HOST}:${http}`,
      `--replica=${name}`,
      `--datasource.file=${options.folder}/datasources.yml`,
      `--storage.path=${options.folder}/${name}`,
      `--database.url=${options.databaseUrl}`,
      '--rules.alert.resend-delay=15s',
      ...Array.from({ length: count }, (_, each) => `--alertmanager.address=${HOST}:${port(9095, each)}`),
      ...demoRules,
      ...options.rules.map((rules) => `--rules=prometheus=${rules}`),
    ],
    ports: [{ port: http, what: `${name} HTTP`, isUdpToo: false }],
    url: `http://${HOST}:${http}`,
  };
}

function files(
  options: DemoOptions,
  alertmanagers: readonly PlannedProcess[],
  sinkUrl: string,
): readonly { readonly name: string; readonly text: string }[] {
  const sources = [
    ...alertmanagers.map(({ name, url }) => source(name, 'exposition', `${url}/metrics`)),
    source('sink', 'exposition', `${sinkUrl}/metrics`),
    ...(options.prometheusUrl === '' ? [] : [source('prometheus', 'prometheus', options.prometheusUrl)]),
  ];
  return [
    { name: 'alertmanager.yml', text: alertmanagerYaml(sinkUrl) },
    { name: 'datasources.yml', text: `datasources:\n${sources.join('')}` },
    ...alertmanagers.map(({ name }) => ({
      name: `rules-${name}.yml`,
      text: clusterRules(name, alertmanagers.length),
    })),
    { name: 'rules-sink.yml', text: sinkRules },
  ];
}

const source = (name: string, type: string, url: string): string =>
  `  - name: ${name}\n    type: ${type}\n    url: ${JSON.stringify(url)}\n`;

const alertmanagerYaml = (
  sinkUrl: string,
): string => `# Times are short so that something can be seen; the defaults are 30s, 5m and 4h.
route:
  receiver: sink
  group_by: [alertname]
  group_wait: 3s
  group_interval: 15s
  repeat_interval: 1h
receivers:
  - name: sink
    webhook_configs:
      - url: ${sinkUrl}/hook
`;

const clusterRules = (name: string, count: number): string => `groups:
  - name: cluster seen by ${name}
    interval: 5s
    rules:
      - alert: ClusterMembersMissing
        expr: alertmanager_cluster_members < ${count}
        for: 5s
        labels:
          seen_by: ${name}
          severity: critical
        annotations:
          summary: '{{ $labels.seen_by }} sees {{ $value | humanize }} of ${count} cluster members'
`;

const sinkRules = `groups:
  - name: demo
    interval: 5s
    rules:
      - alert: AlwaysFiring
        expr: tocsin_sink_notifications_total >= 0
        labels:
          severity: none
        annotations:
          summary: 'Fires always: when it stops arriving, alerting is broken'
      - alert: Flapping
        expr: tocsin_demo_square_wave == 1
        labels:
          severity: warning
        annotations:
          summary: Fires for 45 s of every 90 s
`;
