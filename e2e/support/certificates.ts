/** Certificates by openssl, and a client that shows and checks them. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { HOST } from './processes.ts';

export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

/** A certificate for one name and 127.0.0.1 that is its own authority, as files `NAME.pem` and `NAME.key` in `dir`. */
export function makeCertificate(dir: string, name: string, subject: string = name): Certificate {
  const [certFile, keyFile] = [join(dir, `${name}.pem`), join(dir, `${name}.key`)];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const whose = ['-subj', `/CN=${subject}`, '-addext', `subjectAltName=DNS:${subject},IP:${HOST}`];
  execFileSync('openssl', ['req', '-x509', ...kind, '-keyout', keyFile, '-out', certFile, ...whose], {
    stdio: 'ignore',
  });
  return { certFile, keyFile, cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
}

export interface SecureAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}
export interface SecureRequest {
  readonly ca: string;
  readonly method?: string;
  readonly path?: string;
  readonly user?: string;
  readonly body?: string;
  readonly contentType?: string;
  readonly client?: Certificate;
}

/** On a connection of its own. */
export function askSecurely(port: number, asked: SecureRequest): Promise<SecureAnswer> {
  const { ca, method = 'GET', path = '/', user, body, client, contentType } = asked;
  return new Promise((settle, fail) => {
    const request = httpsRequest(
      {
        host: HOST,
        servername: 'localhost',
        port,
        path,
        method,
        ca,
        agent: false,
        headers: contentType === undefined ? {} : { 'Content-Type': contentType },
        ...(user === undefined ? {} : { auth: user }),
        ...(client === undefined ? {} : { cert: client.cert, key: client.key }),
      },
      (response) => {
        let got = '';
        response.on('data', (chunk: Buffer) => (got += chunk.toString()));
        response.on('end', () =>
          settle({ status: response.statusCode ?? 0, headers: response.headers, body: got }),
        );
        response.on('error', fail);
      },
    );
    request.on('error', fail);
    request.end(body);
  });
}
