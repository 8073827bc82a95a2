import { describe, expect, expectTypeOf, it } from 'vitest';
import { AppError, InvariantError } from './errors.ts';
import { parseIni } from './ini.ts';
import { helpText, sampleIni, settingsFacts, settingsReference } from './settings-print.ts';
import { environmentNames, resolveSettings, settingsRequest } from './settings.ts';
import type { SettingInputs, SettingsTable } from './settings.ts';

const table = {
  listen: {
    type: 'address',
    flag: 'cluster.listen-address',
    grafana: 'unified_alerting.ha_listen_address',
    default: '0.0.0.0:9094',
    canBeEmpty: true,
    doc: 'Listen address for cluster. Set to empty string to disable HA mode.',
  },
  peers: {
    type: 'list',
    of: 'address',
    flag: 'cluster.peer',
    grafana: 'unified_alerting.ha_peers',
    default: [],
    doc: 'Initial peers (may be repeated).',
  },
  features: { type: 'list', flag: 'enable-feature', default: [], isSplit: true, doc: 'Features to turn on.' },
  peerTimeoutMs: {
    type: 'duration',
    flag: 'cluster.peer-timeout',
    grafana: 'unified_alerting.ha_peer_timeout',
    default: '15s',
    min: '1s',
    max: '5m',
    doc: `Time to wait between peers
          to send notifications.`,
  },
  redisPassword: {
    type: 'secret',
    ini: 'redis.password',
    grafana: 'unified_alerting.ha_redis_password',
    default: '',
    doc: 'Password of Redis.',
  },
  database: {
    type: 'url',
    flag: 'database.url',
    default: '',
    schemes: ['postgres'],
    doc: 'Where state is kept.',
  },
  level: {
    type: 'enum',
    flag: 'log.level',
    values: ['debug', 'info'],
    default: 'info',
    doc: 'Least severe level.',
  },
  isInsecure: { type: 'bool', flag: 'cluster.insecure', default: false, doc: 'Allow it.' },
  concurrency: {
    type: 'int',
    flag: 'web.get-concurrency',
    default: 0,
    max: 64,
    doc: 'GET requests at once.',
  },
  ratio: { type: 'float', flag: 'memory.ratio', default: 0.9, min: 0, max: 1, doc: 'Share of the memory.' },
  file: { type: 'path', flag: 'config.file', default: 'alertmanager.yml', doc: 'Configuration file.' },
} as const;

const resolve = (inputs: Partial<SettingInputs<typeof table>> = {}) =>
  resolveSettings(table, { args: [], env: {}, ...inputs });
const mistakesOf = (inputs: Partial<SettingInputs<typeof table>>): readonly string[] => {
  try {
    resolve(inputs);
  } catch (error) {
    if (error instanceof AppError && error.code === 'invalid') return error.message.split('\n');
    throw error;
  }
  return [];
};

describe('resolveSettings', () => {
  it('types every value by its row of the table', () => {
    const { values } = resolve();
    expectTypeOf(values.peerTimeoutMs).toEqualTypeOf<number>();
    expectTypeOf(values.level).toEqualTypeOf<'debug' | 'info'>();
    expectTypeOf(values.peers).toEqualTypeOf<readonly string[]>();
    expectTypeOf(values.isInsecure).toEqualTypeOf<boolean>();
    expectTypeOf(values.redisPassword).toEqualTypeOf<string>();
    expect(values).toEqual({
      listen: '0.0.0.0:9094',
      peers: [],
      features: [],
      peerTimeoutMs: 15_000,
      redisPassword: '',
      database: '',
      level: 'info',
      isInsecure: false,
      concurrency: 0,
      ratio: 0.9,
      file: 'alertmanager.yml',
    });
  });

  it('prefers flag, then environment, then file, then default, and says which it took', () => {
    const ini = parseIni('[cluster]\npeer_timeout = 4s', 'tocsin.ini');
    const env = { TOCSIN_CLUSTER_PEER_TIMEOUT: '3s' };
    const from = (inputs: Partial<SettingInputs<typeof table>>) => {
      const { values, sources } = resolve(inputs);
      return [values.peerTimeoutMs, sources.peerTimeoutMs.from, sources.peerTimeoutMs.name];
    };
    expect(from({ args: ['--cluster.peer-timeout=2s'], env, ini })).toEqual([
      2_000,
      'flag',
      '--cluster.peer-timeout',
    ]);
    expect(from({ env, ini })).toEqual([3_000, 'environment', 'TOCSIN_CLUSTER_PEER_TIMEOUT']);
    expect(from({ ini })).toEqual([4_000, 'file', 'tocsin.ini line 2, [cluster] peer_timeout']);
    expect(from({})).toEqual([15_000, 'default', '']);
  });

  it('takes Grafana’s names in the environment and in the file', () => {
    const ini = parseIni(
      '[unified_alerting]\nha_peers = a:9094, b:9094\nha_redis_password = """p#;w"""',
      'grafana.ini',
    );
    const { values } = resolve({
      ini,
      env: { GF_UNIFIED_ALERTING_HA_PEER_TIMEOUT: '20s', TOCSIN_UNIFIED_ALERTING_HA_LISTEN_ADDRESS: ':1' },
    });
    expect(values).toMatchObject({
      peers: ['a:9094', 'b:9094'],
      redisPassword: 'p#;w',
      peerTimeoutMs: 20_000,
      listen: ':1',
    });
  });

  it('takes an empty value under Grafana’s name as not given, and under ours as empty where that means something', () => {
    const ini = parseIni('[unified_alerting]\nha_listen_address =\nha_peer_timeout =', 'grafana.ini');
    expect(resolve({ ini, env: { GF_UNIFIED_ALERTING_HA_PEERS: '' } }).values).toEqual(resolve().values);
    expect(
      resolve({ env: { TOCSIN_CLUSTER_LISTEN_ADDRESS: '', TOCSIN_CLUSTER_PEER_TIMEOUT: '' } }).values,
    ).toMatchObject({
      listen: '',
      peerTimeoutMs: 15_000,
    });
    expect(resolve({ args: ['--cluster.listen-address='] }).values.listen).toBe('');
  });

  it('refuses two names of one setting that disagree, and accepts them when they agree', () => {
    const env = (ours: string, grafanas: string) => ({
      TOCSIN_CLUSTER_PEER_TIMEOUT: ours,
      GF_UNIFIED_ALERTING_HA_PEER_TIMEOUT: grafanas,
    });
    expect(mistakesOf({ env: env('2s', '3s') })).toEqual([
      'TOCSIN_CLUSTER_PEER_TIMEOUT and GF_UNIFIED_ALERTING_HA_PEER_TIMEOUT are both set and differ; remove one',
    ]);
    expect(resolve({ env: env('2s', '2s') }).values.peerTimeoutMs).toBe(2_000);
  });

  it('expands variables and files in the environment and in the settings file', () => {
    const readFile = (path: string): string => {
      if (path !== '/run/secret') throw new Error(`no file ${path}`);
      return 'hunter2\n';
    };
    const ini = parseIni('[redis]\npassword = $__file{/run/secret}', 'x.ini');
    expect(resolve({ ini, readFile }).values.redisPassword).toBe('hunter2');
    expect(
      resolve({ env: { TOCSIN_REDIS_PASSWORD__FILE: '/run/secret' }, readFile }).values.redisPassword,
    ).toBe('hunter2');
    expect(
      resolve({ env: { TOCSIN_DATABASE_URL: 'postgres://${HOST}/x', HOST: 'db' } }).values.database,
    ).toBe('postgres://db/x');
    expect(mistakesOf({ env: { TOCSIN_REDIS_PASSWORD__FILE: '/nowhere' }, readFile })).toEqual([
      'TOCSIN_REDIS_PASSWORD__FILE: $__file{/nowhere}: no file /nowhere',
    ]);
  });

  it('reports every mistake at once, each with its name, its value and what was expected', () => {
    const mistakes = mistakesOf({
      args: [
        '--cluster.peer=nohost',
        '--cluster.peer=ok:1',
        '--log.level=loud',
        '--web.get-concurrency=65',
        '--database.url=mysql://x/y',
        '--cluster.peer-timeuot=3s',
        '--cluster.peer-timeout=500ms',
        'stray',
      ],
      env: { TOCSIN_MEMORY_RATIO: '1.5', TOCSIN_CLUSTER_INSECURE: 'maybe' },
      ini: parseIni('[cluster]\nlisten_address = 10.0.0.1', 'tocsin.ini'),
    });
    expect(mistakes).toEqual([
      "unknown long flag '--cluster.peer-timeuot'; did you mean --cluster.peer-timeout?",
      'unexpected stray; expected flags only',
      'tocsin.ini line 2, [cluster] listen_address: "10.0.0.1" is not host:port, like 10.0.0.1:9094, [::1]:9094 or :9094, or empty',
      '--cluster.peer: "nohost" is not a list of at most 1000 items, each host:port',
      '--cluster.peer-timeout: "500ms" is not a duration like 15s or 1h30m from 1s to 5m',
      '--database.url: "mysql://x/y" is not a URL like postgres://host/ (postgres)',
      '--log.level: "loud" is not one of debug, info',
      'TOCSIN_CLUSTER_INSECURE: "maybe" is not true or false',
      '--web.get-concurrency: "65" is not a whole number of at most 64',
      'TOCSIN_MEMORY_RATIO: "1.5" is not a number from 0 to 1',
    ]);
  });

  it('accepts addresses with an empty host, a name, IPv4 and IPv6, and refuses bare IPv6 and large ports', () => {
    for (const good of [':9093', 'host.example:1', '10.0.0.1:0', '[::1]:65535', '[fe80::1%eth0]:9094']) {
      expect(resolve({ args: ['--cluster.peer', good] }).values.peers).toEqual([good]);
    }
    for (const bad of ['', 'host', 'host:', '::1:9094', 'host:65536', 'a b:1', 'http://x:1']) {
      expect(mistakesOf({ args: [`--cluster.peer=${bad}`] })).toHaveLength(1);
    }
  });

  it('runs the check over several settings only when each of them is right', () => {
    const check = () => ['redis and peers exclude each other'];
    expect(mistakesOf({ check })).toEqual(['redis and peers exclude each other']);
    expect(mistakesOf({ check, args: ['--log.level=x'] })).toHaveLength(1);
  });

  it('warns of names that look misspelt and leaves strangers alone', () => {
    const ini = parseIni(
      '[unified_alerting]\nenabled = true\nha_peer = x:1\n[server]\nhttp_port = 3000',
      'grafana.ini',
    );
    expect(
      resolve({ ini, env: { GF_UNIFIED_ALERTING_HA_PERS: 'x:1', TOCSIN_SOMETHING_ELSE: '1', PATH: '/bin' } })
        .warnings,
    ).toEqual([
      'GF_UNIFIED_ALERTING_HA_PERS is not a setting; did you mean GF_UNIFIED_ALERTING_HA_PEERS?',
      'grafana.ini line 3: [unified_alerting] ha_peer is not a setting; did you mean [unified_alerting] ha_peers?',
    ]);
  });

  it('never shows a secret in a mistake', () => {
    const secrets = {
      pin: { type: 'int', flag: 'pin', default: 0, isSecret: true, doc: 'A number.' },
    } as const;
    expect(() => resolveSettings(secrets, { args: ['--pin=hunter2'], env: {} })).toThrow(
      '--pin: the value is not a whole number',
    );
  });

  it('refuses an empty required setting', () => {
    const required = {
      to: { type: 'list', flag: 'to', default: [], isRequired: true, doc: 'Targets.' },
    } as const;
    expect(() => resolveSettings(required, { args: [], env: {} })).toThrow('--to: is required');
    expect(resolveSettings(required, { args: ['--to', 'x'], env: {} }).values.to).toEqual(['x']);
  });

  it('takes two rows with one name, and a default that its own row refuses, as our own mistakes', () => {
    const twice: SettingsTable = {
      a: { type: 'string', flag: 'x.y', default: '', doc: '' },
      b: { type: 'string', ini: 'x.y', default: '', doc: '' },
    };
    const wrong: SettingsTable = { a: { type: 'duration', flag: 'x', default: '5 minutes', doc: '' } };
    expect(() => resolveSettings(twice, { args: [], env: {} })).toThrow(InvariantError);
    expect(() => resolveSettings(wrong, { args: [], env: {} })).toThrow(InvariantError);
  });
});

describe('flags', () => {
  it('are read as kingpin reads them', () => {
    const { values } = resolve({
      args: [
        '--cluster.peer',
        'a:1',
        '--cluster.peer=b:2',
        '--cluster.insecure',
        '--config.file',
        'x=y.yml',
        '--enable-feature=a,b',
        '--',
      ],
    });
    expect(values).toMatchObject({
      peers: ['a:1', 'b:2'],
      isInsecure: true,
      file: 'x=y.yml',
      features: ['a', 'b'],
    });
    expect(
      resolve({ args: ['--no-cluster.insecure'], env: { TOCSIN_CLUSTER_INSECURE: 'true' } }).values
        .isInsecure,
    ).toBe(false);
    expect(resolve({ args: ['--cluster.insecure=false'] }).values.isInsecure).toBe(false);
    expect(resolve({ args: ['--web.get-concurrency=-5'] }).values.concurrency).toBe(-5);
  });

  it('that are malformed are named', () => {
    expect(mistakesOf({ args: ['--config.file=a', '--config.file=b'] })).toEqual([
      "flag 'config.file' cannot be repeated",
    ]);
    expect(mistakesOf({ args: ['--config.file'] })).toEqual(["expected argument for flag '--config.file'"]);
    expect(mistakesOf({ args: ['--config.file', '--log.level=info'] })).toEqual([
      "expected argument for flag '--config.file'",
    ]);
    expect(mistakesOf({ args: ['-x'] })).toEqual(["unknown short flag '-x'"]);
    expect(mistakesOf({ args: ['--no-config.file=x'] })).toEqual(["unknown long flag '--no-config.file'"]);
    expect(mistakesOf({ args: ['--cluster.pear', 'a:1'] })).toEqual([
      "unknown long flag '--cluster.pear'; did you mean --cluster.peer?",
    ]);
  });

  it('that ask for a text, and the settings file, are known before anything is resolved', () => {
    expect(settingsRequest(table, ['--bogus', '-h'], {}).asks).toBe('help');
    expect(settingsRequest(table, ['--version'], {}).asks).toBe('version');
    expect(
      settingsRequest(table, ['--settings.file', 'a.ini'], { TOCSIN_SETTINGS_FILE: 'b.ini' }).settingsFile,
    ).toBe('a.ini');
    expect(settingsRequest(table, [], { TOCSIN_SETTINGS_FILE: 'b.ini' })).toEqual({
      asks: undefined,
      settingsFile: 'b.ini',
    });
  });
});

describe('what is printed from a table', () => {
  const text = { program: 'alertmanager', summary: 'Tells people once.' };

  it('help shows every flag with its default and keeps lines within 100 columns', () => {
    const help = helpText(table, text);
    for (const { flag } of Object.values(table) as { flag?: string }[])
      if (flag !== undefined) expect(help).toContain(flag);
    expect(help).toContain(
      '\n      --log.level=info           Least severe level. One of: [debug, info] (TOCSIN_LOG_LEVEL)\n',
    );
    expect(help).toContain(
      '\n      --config.file="alertmanager.yml"\n                                 Configuration file.',
    );
    expect(help.split('\n').every((line) => line.length <= 100)).toBe(true);
    expect(help).not.toContain('redis.password');
  });

  it('the reference names each environment variable and marks secrets', () => {
    const page = settingsReference(table, text);
    for (const spec of Object.values(table))
      for (const name of environmentNames(spec)) expect(page).toContain(`\`${name}\``);
    expect(page).toContain('Secret: never printed or logged.');
    expect(page).toContain('Time to wait between peers to send notifications.');
  });

  it('the sample file is a file that changes nothing, and uncommented gives the defaults', () => {
    const sample = sampleIni(table, text);
    expect(parseIni(sample, 'sample').entries).toEqual([]);
    const { values, sources } = resolve({ ini: parseIni(sample.replaceAll(/^;/gm, ''), 'sample') });
    expect(values).toEqual(resolve().values);
    expect(sources.peerTimeoutMs.from).toBe('file');
  });

  it('start-up facts leave out defaults, secrets and passwords in URLs', () => {
    const resolved = resolve({
      args: ['--database.url=postgres://u:hunter2@h/db'],
      env: { TOCSIN_REDIS_PASSWORD: 'hunter2' },
    });
    expect(settingsFacts(table, resolved)).toEqual({
      'database.url': 'postgres://u:xxxxx@h/db (flag)',
      'redis.password': '<secret> (environment)',
    });
  });
});
