/** Debian's Prometheus, scraping itself and what a test names. */
import { HOST, freePort, programs, type Running, type Stage } from './processes.ts';

export interface PrometheusProcess {
  readonly url: string;
  readonly process: Running;
}

export async function startPrometheus(
  stage: Stage,
  options: {
    /** host:port of pages to scrape besides its own. */
    readonly scrape?: readonly string[];
    readonly rules?: string;
    /** host:port of alertmanagers. */
    readonly alertmanagers?: readonly string[];
  },
): Promise<PrometheusProcess> {
  const port = await freePort();
  const url = `http://${HOST}:${port}`;
  const quoted = (addresses: readonly string[]): string =>
    `[${addresses.map((address) => `'${address}'`).join(', ')}]`;
  const rules = stage.file('prometheus-rules.yml', options.rules ?? 'groups: []\n');
  const config = stage.file(
    'prometheus.yml',
    `global:
  scrape_interval: 1s
  evaluation_interval: 1s
rule_files: [${rules}]
scrape_configs:
- job_name: prometheus
  static_configs: [{targets: ${quoted([`${HOST}:${port}`])}}]
- job_name: others
  static_configs: [{targets: ${quoted(options.scrape ?? [])}}]
alerting:
  alertmanagers:
  - static_configs: [{targets: ${quoted(options.alertmanagers ?? [])}}]
`,
  );
  const process = await stage.run(
    'prometheus',
    programs.prometheus,
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${stage.dir}/prometheus`,
      `--web.listen-address=${HOST}:${port}`,
    ],
    () =>
      fetch(`${url}/-/ready`).then((answer) => (answer.ok ? answer : Promise.reject(new Error('not ready')))),
  );
  return { url, process };
}
