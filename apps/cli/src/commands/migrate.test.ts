import { describe, expect, it } from 'vitest';
import { ran } from '../testing/run-command.ts';

const check = (file: string, text: string, ...more: readonly string[]): ReturnType<typeof ran> =>
  ran(['migrate', 'check', file, ...more], { files: { [file]: text } });

describe('tocsin migrate check of an alertmanager.yml', () => {
  it('that runs here says so, and what means something else', async () => {
    const text = 'route: {receiver: a}\nreceivers: [{name: a}]\ntracing: {endpoint: "h:1"}\n';
    const { code, printed } = await check('am.yml', text);
    expect(code).toBe(0);
    expect(printed[0]).toMatch(/^differs +am\.yml:3 {2}tracing: .*OTEL_/);
    expect(printed.at(-1)).toMatch(/^Verdict: this version can run it/);
  });

  it('that records to Kafka runs, but not with the event recorder on', async () => {
    const text =
      'route: {receiver: a}\nreceivers: [{name: a}]\nevent_recorder: {kafka_outputs: [{brokers: [b], topic: t}]}\n';
    const off = await check('am.yml', text);
    expect(off.code).toBe(0);
    expect(off.printed.join('\n')).toMatch(/not supported .*Kafka is not supported; use webhook_outputs/);
    const on = await check('am.yml', text, '--enable-feature=event-recorder');
    expect(on.code).toBe(1);
    expect(on.printed[0]).toMatch(/^MISTAKE +am\.yml:3 .*Kafka is not supported/);
  });

  it('that does not names each thing in the way with line and what to do, and exits with 1', async () => {
    const text = `route: {receiver: a}
receivers:
- name: a
  pagerduty_configs:
  - routing_key: x
- name: b
  email_configs: [{to: x}]
  webhook_configs: [{}]
`;
    const { code, printed } = await check('am.yml', text);
    expect(code).toBe(1);
    expect(printed).toEqual([
      expect.stringMatching(
        /^NOT SUPPORTED +am\.yml:5 {2}receivers\[0\]\.pagerduty_configs: pagerduty_configs: this version delivers by \w/,
      ),
      expect.stringMatching(/^NOT SUPPORTED +am\.yml:7 {2}receivers\[1\]\.email_configs: /),
      expect.stringMatching(/^MISTAKE +am\.yml:8 {2}.*one of url or url_file/),
      expect.stringMatching(/^Verdict: 3 in the way of this version/),
    ]);
  });
});

describe('tocsin migrate check of a grafana.ini', () => {
  const ini = `[server]
http_port = 3000
[database]
type = postgres
[unified_alerting]
enabled = true
ha_peers = a:9094,b:9094
ha_listen_address = 0.0.0.0:9094
ha_peer_timeout = 30s
ha_single_node_evaluation = true
min_interval = 20s
ha_nonsense = 1
[unified_alerting.screenshots]
capture = true
`;
  it('names for each key what becomes of it', async () => {
    const { code, printed } = await check('grafana.ini', ini);
    expect(code).toBe(0);
    const lineOf = (key: string): string => printed.find((line) => line.includes(` ${key}: `)) ?? '';
    expect(lineOf('[unified_alerting] enabled')).toMatch(/^default/);
    expect(lineOf('[unified_alerting] ha_peers')).toMatch(
      /^taken over +grafana\.ini:7 .*as --cluster\.peer=a:9094,b:9094, from this very file with --settings\.file=grafana\.ini/,
    );
    expect(lineOf('[unified_alerting] ha_listen_address')).toMatch(/^default .*--cluster\.listen-address/);
    expect(lineOf('[unified_alerting] ha_peer_timeout')).toMatch(/^taken over .*--cluster\.peer-timeout=30s/);
    expect(lineOf('[unified_alerting] ha_single_node_evaluation')).toMatch(/^not supported/);
    expect(lineOf('[unified_alerting] min_interval')).toMatch(/^not supported .*--evaluation\.interval/);
    expect(lineOf('[unified_alerting] ha_nonsense')).toContain('no key of this name is known');
    expect(lineOf('[unified_alerting.screenshots] capture')).toMatch(/^not supported/);
    expect(lineOf('[database] type')).toMatch(/^differs .*--database\.url/);
    expect(printed.join('\n')).not.toContain('http_port');
  });

  it('with Redis stands in the way, and shows no password', async () => {
    const { code, printed } = await check(
      'grafana.ini',
      '[unified_alerting]\nha_redis_address = r:6379\nha_redis_password = hunter2\n',
      '-o',
      'json',
    );
    expect(code).toBe(1);
    expect(printed[0]).not.toContain('hunter2');
    expect(JSON.parse(printed[0] ?? '')).toMatchObject({
      canRun: false,
      findings: [{ kind: 'blocking', line: 2 }, {}],
    });
  });

  it('that is none, or not there, is a mistake', async () => {
    expect((await check('x.ini', 'what')).printed[0]).toMatch(/^MISTAKE +x\.ini {2}.*line 1/);
    expect((await ran(['migrate', 'check', 'none.ini'])).code).toBe(1);
  });
});
