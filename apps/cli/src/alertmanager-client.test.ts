import { AppError, encodeUtf8, type HttpOut } from '@tocsin/kernel';
import { readYaml } from '@tocsin/runtime';
import { describe, expect, it } from 'vitest';
import { alertmanagerClient, listOf, type AlertmanagerClient } from './alertmanager-client.ts';
import { CommandFailure, type Connection } from './command.ts';
import { version } from './version.ts';

type Sent = Parameters<HttpOut['send']>[0];

interface Given {
  readonly url?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly status?: number;
  readonly body?: string;
  readonly connection?: Partial<Connection>;
}

function open({
  url = 'http://h:9093/prefix/',
  files = {},
  status = 200,
  body = '[]',
  connection = {},
}: Given): {
  readonly client: AlertmanagerClient;
  readonly sent: Sent[];
  readonly warnings: string[];
} {
  const [sent, warnings]: [Sent[], string[]] = [[], []];
  const client = alertmanagerClient(
    url,
    { timeoutMs: 5_000, httpConfigFile: '', isCheckingVersion: false, ...connection },
    {
      http: {
        send: (request) => {
          sent.push(request);
          return Promise.resolve({ status, headers: {}, body: encodeUtf8(body) });
        },
      },
      clock: { wall: () => 0, mono: () => 0 },
      readText: (path) => {
        const text = files[path];
        return text === undefined
          ? Promise.reject(new AppError('not-found', `${path}: no such file`))
          : Promise.resolve(text);
      },
      readDocument: readYaml,
      environment: () => undefined,
      warn: (line) => warnings.push(line),
    },
  );
  return { client, sent, warnings };
}

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no failure',
    (error: unknown) => error,
  );

describe('the client', () => {
  it('keeps the path of the URL, and sends its user and password as Basic credentials only', async () => {
    const { client, sent } = open({ url: 'http://bob:s%33cret@h:9093/prefix/' });
    expect(await client.get('alerts?a=b')).toEqual([]);
    expect(sent[0]).toMatchObject({
      method: 'GET',
      url: 'http://h:9093/prefix/api/v2/alerts?a=b',
      headers: { Accept: 'application/json', Authorization: 'Basic Ym9iOnMzY3JldA==' },
    });
  });

  it('takes credentials, TLS and headers from the file of http_config, relative to its folder', async () => {
    const { client, sent } = open({
      url: 'https://h',
      files: {
        '/c/http.yml':
          'authorization: {credentials_file: token}\ntls_config: {ca_file: ca.pem, server_name: am}\n',
        '/c/token': 'secret\n',
        '/c/ca.pem': 'PEM',
      },
      connection: { httpConfigFile: '/c/http.yml' },
    });
    await client.get('alerts');
    expect(sent[0]).toMatchObject({
      headers: { Authorization: 'Bearer secret' },
      connection: { tls: { caPem: 'PEM', serverName: 'am' } },
    });
  });

  it.each([
    ['basic_auth: {usrname: x}\n', 'usrname'],
    ['basic_auth: {username: x}\nauthorization: {credentials: y}\n', 'at most one of'],
    ['[', 'line 1'],
  ])('refuses the http_config %j by file and field', async (text, why) => {
    const { client, sent } = open({ files: { 'f.yml': text }, connection: { httpConfigFile: 'f.yml' } });
    const error = await failure(client.get('alerts'));
    expect(error).toBeInstanceOf(CommandFailure);
    expect(String(error)).toContain('--http.config.file f.yml: ');
    expect(String(error)).toContain(why);
    expect(sent).toEqual([]);
  });

  it.each([
    [400, '"bad matcher"', 'invalid', '400 bad matcher'],
    [422, '{"code":602,"message":"must be of type uuid"}', 'invalid', '422 must be of type uuid'],
    [404, '', 'not-found', '404'],
    [502, '<html>gateway</html>', 'unavailable', '502 <html>gateway</html>'],
  ])(
    'says with %i what the server said, without the password of the URL',
    async (status, body, code, words) => {
      const { client } = open({ url: 'http://bob:hunter2@h', status, body });
      const error = await failure(client.post('silences', {}));
      expect(error).toMatchObject({
        code,
        message: `POST http://h/api/v2/silences: ${words}`,
        facts: { isAnswer: true },
      });
    },
  );

  it('says that an answer is not that of an alertmanager', async () => {
    expect(String(await failure(open({ body: '<html>' }).client.get('alerts')))).toContain(
      'is this the URL of an alertmanager?',
    );
    expect(() => listOf({}, 'alerts')).toThrow('expected a list of alerts');
    expect(() => open({ url: 'localhost:9093' })).toThrow('--url localhost:9093: expected a URL like');
  });

  it('warns of another version of Tocsin, and of nothing else', async () => {
    const said = async (theirs: string): Promise<readonly string[]> => {
      const { client, warnings, sent } = open({
        body: JSON.stringify({ versionInfo: { version: theirs } }),
        connection: { isCheckingVersion: true },
      });
      await client.get('alerts');
      await client.get('alerts');
      expect(sent).toHaveLength(3);
      return warnings;
    };
    expect(await said(`0.34.0-tocsin.${version}`)).toEqual([]);
    expect(await said('0.25.0')).toEqual([]);
    expect(await said('0.34.0-tocsin.9.9.9')).toEqual([
      `Warning: tocsin is version ${version}, the server is version 9.9.9`,
    ]);
  });
});
