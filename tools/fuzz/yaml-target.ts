/** Configuration files: YAML and what the loader makes of it. What is taken is rendered so that it loads again, as the same. */
import { loadConfiguration, type Configuration } from '@tocsin/alerting';
import { readYaml } from '@tocsin/runtime';
import type { Maker } from './maker.ts';
import { Finding, type FuzzTarget } from './target.ts';
import { decoding } from './text-targets.ts';

const seedFile = `global: {resolve_timeout: 5m, smtp_smarthost: "mail.test:25", smtp_from: a@b.test}
route: &root
  receiver: team
  group_by: [alertname, 'cluster']
  group_wait: 30s
  repeat_interval: 4h
  routes:
  - receiver: other
    matchers: [severity="critical", team=~"a|b"]
    continue: yes
    mute_time_intervals: [nights]
  - match_re: {service: ^(a|b)$}
    labels: {x: '{{ .CommonLabels.y }}'}
inhibit_rules:
- source_matchers: [severity = critical]
  target_matchers: ['severity="warning"']
  equal: [alertname]
receivers:
- name: team
  webhook_configs:
  - &hook {url: 'http://a.test/x?y=z', max_alerts: 5, http_config: {basic_auth: {username: u, password: p}}}
  - <<: *hook
    send_resolved: false
- name: other
  labels: {owner: infra}
time_intervals:
- name: nights
  time_intervals:
  - times: [{start_time: '22:00', end_time: '24:00'}]
    weekdays: ['monday:friday', sunday]
    days_of_month: ['1:5', '-3:-1']
    months: ['1:3', may]
    years: ['2020:2030']
    location: Australia/Sydney
templates: ['*.tmpl']
tracing: {endpoint: 'x:4317', sampling_fraction: 0.5}
`;
const BOMBS: readonly string[] = [
  '['.repeat(100_000),
  '{a: '.repeat(100_000),
  '- '.repeat(100_000),
  '? '.repeat(50_000),
  '&a '.repeat(1_000),
  `a: &a [x, x]\n${Array.from({ length: 60 }, (_, index) => `b${index}: &b${index} [*${index === 0 ? 'a' : `b${index - 1}`}, *${index === 0 ? 'a' : `b${index - 1}`}]`).join('\n')}`,
  Array.from({ length: 2_000 }, (_, index) => `${' '.repeat(index)}a:`).join('\n'),
  `a: "${'\\u0041'.repeat(100_000)}"`,
  `a: |\n${' x\n'.repeat(100_000)}`,
  '&'.repeat(100_000),
  '*'.repeat(100_000),
  '!'.repeat(100_000),
  '%YAML 1.1\n---\n'.repeat(10_000),
  `${'a'.repeat(1_000_000)}: b`,
];

function fileOf(maker: Maker): string {
  if (maker.chance(150)) return maker.pick(BOMBS);
  const lines = seedFile.split('\n');
  for (let changes = maker.random.below(4); changes > 0; changes--) {
    const at = maker.random.below(lines.length);
    const line = lines[at] ?? '';
    const indent = ' '.repeat(maker.random.below(8));
    switch (maker.random.below(5)) {
      case 0:
        lines.splice(at, 1);
        break;
      case 1:
        lines.splice(at, 0, lines[maker.random.below(lines.length)] ?? '');
        break;
      case 2:
        lines[at] = indent + line.trimStart();
        break;
      case 3:
        lines[at] = line.replace(/: .*/, () => `: ${maker.text()}`);
        break;
      default:
        lines[at] = maker.damaged(line, 1);
    }
  }
  return maker.damaged(lines.join('\n'), 6);
}

const load = (text: string): Configuration => loadConfiguration(readYaml(text), text, { mode: 'fallback' });

export const yamlTarget: FuzzTarget = {
  name: 'configuration files',
  run(maker) {
    const text = fileOf(maker);
    return decoding(text, () => {
      const { rendered } = load(text);
      let again: string;
      try {
        again = load(rendered).rendered;
      } catch (error) {
        throw new Finding(`what is shown of it does not load again:\n${rendered}`, text, error);
      }
      if (again !== rendered) throw new Finding(`shown as\n${rendered}\nand then as\n${again}`, text);
    });
  },
};
