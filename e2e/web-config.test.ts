/**
 * The HTTP front of the alertmanager as operators set it up: --web.config.file, socket activation, the flags,
 * beside Debian's Alertmanager 0.25 where that has the same; and what hostile and slow clients do to it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { askSecurely, makeCertificate, type SecureRequest } from './support/certificates.ts';
import {
  HOST,
  freePort,
  has,
  programs,
  sleep,
  stageOfTest,
  until,
  type Running,
  type Stage,
} from './support/processes.ts';

const PASSWORD = 'correct horse battery';
const HASH = '$2b$10$8Mdqq5roaLqCLGO.xtcnr.2EWj.aOnbIyfQ6RRs4fXnbn2B2ZfnIy';
const ALICE = `alice:${PASSWORD}`;
const CONFIG = 'route: {receiver: default}\nreceivers: [{name: default}]\n';
const LOOK_AGAIN_MS = 1_200;
const SLOW_CLIENTS = 200;

interface Front {
  readonly port: number;
  readonly process: Running;
}

async function startOurs(stage: Stage, args: readonly string[], name = 'alertmanager'): Promise<Front> {
  const port = await freePort();
  const process = await stage.app(name, 'alertmanager', flags(stage, name, port, args));
  return { port, process };
}
async function startReal(stage: Stage, args: readonly string[]): Promise<Front> {
  const port = await freePort();
  const process = await stage.run(
    'real',
    programs.alertmanager,
    flags(stage, 'real', port, args),
    'Listening on',
  );
  return { port, process };
}
const flags = (stage: Stage, name: string, port: number, more: readonly string[]): readonly string[] => [
  `--config.file=${stage.file('alertmanager.yml', CONFIG)}`,
  `--storage.path=${stage.dir}/${name}`,
  `--web.listen-address=${HOST}:${port}`,
  '--cluster.listen-address=',
  ...more,
];

/** The same file for ours and for upstream; names in it are relative to it. */
function webConfig(stage: Stage, more = '', tls = ''): { readonly file: string; readonly ca: string } {
  const { cert } = makeCertificate(stage.dir, 'localhost');
  const text = `tls_server_config:
  cert_file: localhost.pem
  key_file: localhost.key
${tls}
http_server_config:
  headers:
    X-Frame-Options: deny
    Strict-Transport-Security: max-age=31536000
basic_auth_users:
  alice: ${HASH}
${more}`;
  return { file: stage.file('web.yml', text), ca: cert };
}

/** Bytes on a fresh connection; what comes back until it is closed. */
function raw(port: number, bytes: string | Uint8Array): Promise<string> {
  return new Promise((settle) => {
    let got = '';
    const socket = connect(port, HOST, () => socket.write(bytes));
    socket.on('data', (chunk) => (got += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => settle(got));
  });
}

const memoryMiB = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

describe.skipIf(!has('alertmanager'))('beside Debian’s Alertmanager', () => {
  it('the same web configuration file gives the same answers: who is let in, headers, HTTP/2, certificates of clients', async (context) => {
    const stage = stageOfTest(context);
    makeCertificate(stage.dir, 'client');
    const { file, ca } = webConfig(
      stage,
      '',
      '  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: client.pem',
    );
    const [ours, real] = await Promise.all([
      startOurs(stage, [`--web.config.file=${file}`]),
      startReal(stage, [`--web.config.file=${file}`]),
    ]);
    const known = { ...makeCertificate(stage.dir, 'other') };
    const client = {
      ...known,
      cert: readFileSync(`${stage.dir}/client.pem`, 'utf8'),
      key: readFileSync(`${stage.dir}/client.key`, 'utf8'),
    };
    const requests: readonly Omit<SecureRequest, 'ca'>[] = [
      { path: '/-/healthy' },
      { path: '/-/healthy', user: ALICE },
      { path: '/-/healthy', user: ALICE, client },
      { path: '/-/healthy', user: ALICE, client: known },
      { path: '/-/healthy', user: 'alice:wrong' },
      { path: '/-/healthy', user: `nobody:${PASSWORD}` },
      { path: '/-/healthy', user: ':' },
      { path: '/metrics' },
      { path: '/metrics', method: 'POST', user: ALICE },
      { path: '/nothing' },
      { path: '/nothing', user: ALICE },
      { path: '/-/ready', method: 'HEAD', user: ALICE },
      { path: '/-/healthy', method: 'OPTIONS', user: ALICE },
      { path: '/-/reload', method: 'GET', user: ALICE },
      { path: '/api/v2/silences', user: ALICE },
      { path: '/api/v2/alerts', method: 'POST', body: '[]', contentType: 'application/json' },
      { path: '/api/v2/alerts', method: 'POST', body: '[]', contentType: 'application/json', user: ALICE },
    ];
    const HEADERS = [
      'www-authenticate',
      'x-frame-options',
      'strict-transport-security',
      'x-content-type-options',
      'allow',
      'content-type',
    ];
    const answerOf = async (port: number, request: Omit<SecureRequest, 'ca'>): Promise<unknown> => {
      try {
        const { status, headers, body } = await askSecurely(port, { ca, ...request });
        // Go sends no type with the answer to HEAD.
        if (request.method === 'HEAD') delete headers['content-type'];
        const shown = HEADERS.flatMap((name) => {
          const value = headers[name];
          // 0.25 writes `GET, OPTIONS`, 0.33 `GET,OPTIONS`.
          return value === undefined ? [] : [[name, String(value).replaceAll(', ', ',')]];
        });
        return {
          request,
          status,
          headers: Object.fromEntries(shown) as unknown,
          body: request.path === '/metrics' && status === 200 ? '' : body,
        };
      } catch {
        return { request, status: 'refused' };
      }
    };
    for (const request of requests)
      expect(await answerOf(ours.port, request)).toEqual(await answerOf(real.port, request));
    for (const { port } of [ours, real]) {
      const session = connectHttp2(`https://localhost:${port}`, { ca, host: HOST } as object);
      await new Promise((connected) => session.once('connect', connected));
      expect(session.alpnProtocol).toBe('h2');
      session.destroy();
    }
  });

  it('the same route prefix leads in and shuts out alike', async (context) => {
    const stage = stageOfTest(context);
    const args = ['--web.external-url=http://alerts.test/am/'];
    const [ours, real] = await Promise.all([startOurs(stage, args), startReal(stage, args)]);
    const answerOf = async (port: number, method: string, path: string): Promise<unknown> => {
      const answer = await fetch(`http://${HOST}:${port}${path}`, { method, redirect: 'manual' });
      const { status, headers } = answer;
      const shown = ['location', 'allow', 'content-type'].map((name) => [
        name,
        headers.get(name)?.replaceAll(', ', ','),
      ]);
      return {
        method,
        path,
        status,
        headers: Object.fromEntries(shown) as unknown,
        body: await answer.text(),
      };
    };
    for (const path of [
      '/',
      '/?x=1',
      '/am',
      '/am?x=%22&y',
      '/amx',
      '/-/healthy',
      '/am/-/healthy',
      '/am/-/ready',
      '/am/nothing',
      '/api/v2/alerts',
      '/am/api/v2/alerts',
    ])
      for (const method of ['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS']) {
        if (path.startsWith('/am/') && method !== 'GET') continue;
        expect(await answerOf(ours.port, method, path)).toEqual(await answerOf(real.port, method, path));
      }
    expect((await fetch(`http://${HOST}:${ours.port}/am/debug/pprof/heap`)).status).toBe(404);
  });

  it('command lines that upstream takes are taken, and those it refuses are refused', async (context) => {
    const stage = stageOfTest(context);
    const lines: readonly (readonly string[])[] = [
      ['--data.retention', '1h', '--version'],
      ['--no-web.systemd-socket', '--version'],
      ['--version'],
      ['-h'],
      ['--help'],
      ['--data.retention=0s1'],
      ['--data.retention=5d'],
      ['--data.retention=', '--log.level=info'],
      ['--log.level=loud'],
      ['--web.get-concurrency=many'],
      ['--no-such.flag'],
      ['--data.reten=1h'],
      ['--no-data.retention'],
      ['--log.format=json', '--log.format=json'],
      ['extra'],
      ['-x'],
      ['--cluster.peer'],
    ];
    for (const line of lines) {
      const [ours, real] = await Promise.all([
        stage.start('alertmanager', line),
        stage.call(programs.alertmanager, line),
      ]);
      expect({ line, isOk: ours.code === 0 }).toEqual({ line, isOk: real.code === 0 });
    }
  });
});

describe.skipIf(!has('amtool'))('amtool 0.25', () => {
  it('reaches us by TLS with user and password from its --http.config.file, and not without', async (context) => {
    const stage = stageOfTest(context);
    const { file } = webConfig(stage);
    const { port } = await startOurs(stage, [`--web.config.file=${file}`]);
    const http = stage.file(
      'http.yml',
      `basic_auth: {username: alice, password: ${PASSWORD}}\ntls_config: {ca_file: ${stage.dir}/localhost.pem}\n`,
    );
    const url = `--alertmanager.url=https://localhost:${port}`;
    const added = await stage.call(programs.amtool, [
      url,
      `--http.config.file=${http}`,
      'silence',
      'add',
      'a=b',
      '--comment=c',
    ]);
    expect(added.said).toMatch(/^[0-9a-f-]{36}\s/m);
    const silences = await stage.call(programs.amtool, [
      url,
      `--http.config.file=${http}`,
      'silence',
      'query',
      '-q',
    ]);
    expect([silences.code, silences.out.trim()]).toEqual([0, added.out.trim()]);
    const open = stage.file('open.yml', `tls_config: {ca_file: ${stage.dir}/localhost.pem}\n`);
    const refused = await stage.call(programs.amtool, [
      url,
      `--http.config.file=${open}`,
      'silence',
      'query',
    ]);
    expect(refused.code).not.toBe(0);
  });
});

it('a running alertmanager takes over a renewed certificate, a new user, and a mended file, and says once what is wrong', async (context) => {
  const stage = stageOfTest(context);
  const { file, ca } = webConfig(stage);
  const { port, process } = await startOurs(stage, [`--web.config.file=${file}`]);
  expect((await askSecurely(port, { ca, user: ALICE })).status).not.toBe(401);
  const renewed = makeCertificate(stage.dir, 'localhost');
  await sleep(LOOK_AGAIN_MS);
  await expect(askSecurely(port, { ca, user: ALICE })).rejects.toThrow('self-signed');
  expect((await askSecurely(port, { ca: renewed.cert, path: '/-/healthy', user: ALICE })).status).toBe(200);

  const whole = readFileSync(file, 'utf8');
  writeFileSync(file, whole.replace('basic_auth_users', 'basic_auth_user'));
  await sleep(LOOK_AGAIN_MS);
  for (let count = 0; count < 3; count++)
    expect((await askSecurely(port, { ca: renewed.cert, user: ALICE })).status).toBe(500);
  const said = process
    .log()
    .split('\n')
    .filter((line) => line.includes('can not be used'));
  expect(said.length).toBe(1);
  expect(said[0]).toMatch(/web\.yml: line 9, column 1: unknown field \\"basic_auth_user\\"/);

  writeFileSync(file, whole.replace('alice:', 'bob:'));
  await sleep(LOOK_AGAIN_MS);
  expect((await askSecurely(port, { ca: renewed.cert, user: ALICE })).status).toBe(401);
  expect(
    (await askSecurely(port, { ca: renewed.cert, path: '/-/healthy', user: `bob:${PASSWORD}` })).status,
  ).toBe(200);
  expect(process.log()).not.toContain(PASSWORD);
  expect(process.log()).not.toContain(HASH);
});

it('the rate limit answers 429 beyond its burst', async (context) => {
  const stage = stageOfTest(context);
  const file = stage.file('web.yml', 'rate_limit: {interval: 1h, burst: 3}\n');
  const { port } = await startOurs(stage, [`--web.config.file=${file}`]);
  const statuses: number[] = [];
  for (let count = 0; count < 5; count++)
    statuses.push((await fetch(`http://${HOST}:${port}/-/healthy`)).status);
  expect(statuses).toEqual([200, 200, 200, 429, 429]);
});

it('a web configuration file or a flag that is wrong ends the start with the reason', async (context) => {
  const stage = stageOfTest(context);
  const wrong = stage.file('web.yml', 'tls_server_config:\n  cert_file: none.pem\n  key_file: none.key\n');
  const misspelt = stage.file('misspelt.yml', 'basic_auth_users:\n  alice: hunter2\nhttp_server: {}\n');
  const config = `--config.file=${stage.file('alertmanager.yml', CONFIG)}`;
  const storage = `--storage.path=${stage.dir}/data`;
  const cases: readonly (readonly [readonly string[], readonly string[]])[] = [
    [
      [`--web.config.file=${wrong}`],
      [
        'web.yml: line 2, column 14: tls_server_config.cert_file: ',
        'none.pem: no such file',
        'line 3, column 13',
      ],
    ],
    [
      [`--web.config.file=${misspelt}`],
      [
        'misspelt.yml: line 2, column 10: basic_auth_users.alice: expected a bcrypt hash',
        'line 3, column 1: unknown field "http_server"',
      ],
    ],
    [['--web.config.file=/no/such.yml'], ['/no/such.yml: no such file']],
    [['--web.systemd-socket'], ['no socket activation file descriptors found']],
    [['--enable-feature=nonsense'], ["unknown option 'nonsense' for --enable-feature"]],
    [['--data.retention=0s'], ['--data.retention: "0s" is not a duration']],
    [['--data.maintenance-interval=-1m'], ['--data.maintenance-interval: "-1m" is not a duration']],
    [['--alerts.gc-interval=0'], ['--alerts.gc-interval: "0" is not a duration']],
    [['--web.external-url=ftp://x'], ['--web.external-url']],
    [['--web.listen-address=nowhere'], ['--web.listen-address: "nowhere" is not']],
  ];
  for (const [args, reasons] of cases) {
    const { code, said } = await stage.start('alertmanager', [
      config,
      storage,
      '--cluster.listen-address=',
      ...args,
    ]);
    expect({ args, code }).toEqual({ args, code: 1 });
    for (const reason of reasons) expect(said).toContain(reason);
    expect(said).not.toContain('hunter2');
  }
});

it('every feature of upstream is accepted', async (context) => {
  const stage = stageOfTest(context);
  const features =
    'alert-names-in-metrics,receiver-name-in-metrics,group-key-in-metrics,utf8-strict-mode,auto-gomemlimit,event-recorder';
  const { port } = await startOurs(stage, [
    `--enable-feature=${features}`,
    '--auto-gomemlimit.ratio=0.8',
    '--web.timeout=-1s',
    '--web.get-concurrency=-1',
  ]);
  expect((await fetch(`http://${HOST}:${port}/-/healthy`)).status).toBe(200);
});

it('listens on every address it is given, and on the sockets that systemd hands over instead', async (context) => {
  const stage = stageOfTest(context);
  const second = await freePort();
  const { port } = await startOurs(stage, [`--web.listen-address=[::1]:${second}`]);
  expect((await fetch(`http://${HOST}:${port}/-/healthy`)).status).toBe(200);
  expect((await fetch(`http://[::1]:${second}/-/healthy`)).status).toBe(200);

  const socket = createServer();
  await new Promise<void>((listening) => socket.listen(0, HOST, listening));
  const given = (socket.address() as AddressInfo).port;
  const fd = Number(Reflect.get(Reflect.get(socket, '_handle') as object, 'fd'));
  const args = flags(stage, 'activated', 0, ['--web.systemd-socket']);
  await stage.run(
    'activated',
    '/bin/sh',
    // exec keeps the process id.
    [
      '-c',
      'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@"',
      process.execPath,
      stage.script('alertmanager'),
      ...args,
    ],
    'msg="Listening on"',
    {},
    fd,
  );
  socket.close();
  expect((await fetch(`http://${HOST}:${given}/-/healthy`)).status).toBe(200);
});

it(
  'slow, huge and senseless requests cost no more than their connection, plain and encrypted',
  { timeout: 240_000 },
  async (context) => {
    const stage = stageOfTest(context);
    const { file, ca } = webConfig(stage);
    const plain = await startOurs(stage, [], 'plain');
    const secure = await startOurs(stage, [`--web.config.file=${file}`], 'secure');
    const before = [plain, secure].map(({ process }) => memoryMiB(process.pid));

    // Slowloris: headers that never end, on many connections.
    const slow = await Promise.all(
      Array.from({ length: SLOW_CLIENTS }, () => [
        drip(plain.port),
        drip(secure.port, ca),
        opened(secure.port),
        // The beginning of a handshake.
        opened(secure.port, Buffer.from([0x16, 3, 1, 2, 0, 1])),
      ]).flat(),
    );
    const health = async (): Promise<void> => {
      expect((await fetch(`http://${HOST}:${plain.port}/-/healthy`)).status).toBe(200);
      expect((await askSecurely(secure.port, { ca, path: '/-/healthy', user: ALICE })).status).toBe(200);
    };
    await health();
    await until(
      'slow clients are closed',
      () => (slow.every(({ closed }) => closed) ? true : undefined),
      30_000,
    );

    // A body of 100 MB, promised and unannounced.
    const body = 'x'.repeat(100_000_000);
    const post = { method: 'POST', path: '/api/v2/alerts', contentType: 'application/json' };
    const answers = await Promise.all([
      fetch(`http://${HOST}:${plain.port}/api/v2/alerts`, {
        method: 'POST',
        body,
        headers: { 'Content-Type': 'application/json' },
      }).then(
        ({ status }) => status,
        () => 'cut',
      ),
      askSecurely(secure.port, { ...post, ca, body, user: ALICE }).then(
        ({ status }) => status,
        () => 'cut',
      ),
      raw(
        plain.port,
        `POST /api/v2/alerts HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${`fa000\r\n${'x'.repeat(0xfa000)}\r\n`.repeat(80)}`,
      ).then((got) => got.slice(9, 12)),
      raw(plain.port, 'POST /api/v2/alerts HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n').then(
        (got) => got.slice(9, 12),
      ),
    ]);
    expect(answers.slice(2)).toEqual(['413', '413']);
    for (const answer of answers.slice(0, 2)) expect([413, 'cut']).toContain(answer);

    expect(await raw(plain.port, `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 /,
    );
    expect(await raw(secure.port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(
      /^HTTP\/1\.0 400 [^]*HTTPS server/,
    );
    for (const bytes of [
      Buffer.alloc(100_000, 0xff),
      Buffer.from([0x16, 3, 3, 0x40, 0, ...Buffer.alloc(20_000, 1)]),
      '\r\n\r\n',
      'GET'.repeat(50_000),
    ]) {
      await Promise.all([plain, secure].map(({ port }) => Promise.race([raw(port, bytes), sleep(15_000)])));
      await health();
    }
    const GROWTH_MAX_MIB = 250;
    for (const [index, { process }] of [plain, secure].entries())
      await until('memory is given back', () =>
        memoryMiB(process.pid) - (before[index] ?? 0) < GROWTH_MAX_MIB ? true : undefined,
      );
  },
);

/** Sends nothing more, for ever. */
function opened(port: number, first?: Buffer): Promise<Socket> {
  return new Promise((settle) => {
    const socket = connect(port, HOST, () => {
      if (first !== undefined) socket.write(first);
      settle(socket.resume());
    });
    socket.on('error', () => undefined);
  });
}

/** Sends one byte of a header a second, for ever. */
function drip(port: number, ca?: string): Promise<Socket> {
  return new Promise((settle) => {
    const begun = (): void => {
      socket.write('GET / HTTP/1.1\r\nHost: x\r\n');
      settle(socket);
    };
    const socket: Socket =
      ca === undefined
        ? connect(port, HOST, begun)
        : connectTls({ port, host: HOST, servername: 'localhost', ca }, begun);
    const timer = setInterval(() => socket.write('X'), 1_000);
    socket.resume();
    socket.on('error', () => undefined);
    socket.on('close', () => clearInterval(timer));
  });
}
