/** `tocsin` and amtool before a real Alertmanager that wants TLS and a password. */
import { describe, expect, it } from 'vitest';
import { freePort, has, HOST, programs, stageOfTest } from './support/processes.ts';

/** bcrypt of s3cret. */
const HASH = '$2b$04$WUY9Tis693Jh5UPyEb6qPODXGvVmZ5hckc7GagbIGURapZr5aMaoi';
const NAME = 'alertmanager.test';

describe.skipIf(!has('amtool') || !has('alertmanager'))('--http.config.file', () => {
  it('opens the same doors to tocsin as to amtool, and a wrong password none', async (context) => {
    const stage = stageOfTest(context);
    const [key, certificate] = [`${stage.dir}/key.pem`, `${stage.dir}/certificate.pem`];
    const made = await stage.call('openssl', [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
      ],
      ...[
        '-keyout',
        key,
        '-out',
        certificate,
        '-subj',
        `/CN=${NAME}`,
        '-addext',
        `subjectAltName=DNS:${NAME}`,
      ],
    ]);
    expect([made.code, made.said]).toEqual([0, expect.anything()]);
    const web = stage.file(
      'web.yml',
      `tls_server_config: {cert_file: certificate.pem, key_file: key.pem}\nbasic_auth_users: {bob: ${HASH}}\n`,
    );
    const port = await freePort();
    await stage.run(
      'alertmanager',
      programs.alertmanager,
      [
        `--config.file=${stage.file('alertmanager.yml', 'route: {receiver: a}\nreceivers: [{name: a}]\n')}`,
        `--storage.path=${stage.dir}/data`,
        `--web.config.file=${web}`,
        `--web.listen-address=${HOST}:${port}`,
        '--cluster.listen-address=',
      ],
      'TLS is enabled.',
    );
    const url = `--alertmanager.url=https://${HOST}:${port}`;
    const settings = (password: string): string =>
      `basic_auth: {username: bob, password: ${password}}\ntls_config: {ca_file: ${certificate}, server_name: ${NAME}}\n`;
    const right = `--http.config.file=${stage.file('http.yml', settings('s3cret'))}`;
    const wrong = `--http.config.file=${stage.file('wrong.yml', settings('guess'))}`;

    const added = await stage.tocsin(url, right, 'silence', 'add', 'DiskFull', '-c', 'why');
    expect([added.code, added.said]).toEqual([0, expect.stringMatching(/^[0-9a-f-]{36}\n$/)]);
    const theirs = await stage.call(programs.amtool, [url, right, 'silence', '-q']);
    expect(theirs.out).toBe(added.out);

    const refused = await stage.tocsin(url, wrong, 'silence');
    expect([refused.code, refused.out]).toEqual([1, '']);
    expect(refused.said).toContain('401 Unauthorized');
    expect(refused.said).not.toContain('guess');
    const untrusted = await stage.tocsin(url, 'silence');
    expect([untrusted.code, untrusted.said]).toEqual([1, expect.stringContaining('self-signed certificate')]);
    const inUrl = await stage.tocsin(
      `--url=https://bob:s3cret@${HOST}:${port}`,
      `--http.config.file=${stage.file('tls.yml', `tls_config: {ca_file: ${certificate}, server_name: ${NAME}}\n`)}`,
      'silence',
      '-q',
    );
    expect([inUrl.code, inUrl.out]).toEqual([0, added.out]);
  });
});
