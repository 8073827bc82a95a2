/**
 * A server that answers as the data says and writes down what it was asked, for the data sets of
 * outgoing requests.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Recorded {
  readonly method: string;
  readonly url: string;
  /** Names in lower case; in the order of the wire. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export class Recorder {
  readonly requests: Recorded[] = [];
  /** One for each request to come; 'reset' closes the connection without an answer. */
  replies: (Reply | 'reset')[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => this.#record(request, response));
  }

  async start(): Promise<void> {
    await new Promise<void>((listening) => this.#server.listen(0, '127.0.0.1', listening));
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }

  #record(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { rawHeaders: raw } = request;
      const headers = raw.flatMap((name, index) =>
        index % 2 === 0 ? [[name.toLowerCase(), raw[index + 1] ?? ''] as const] : [],
      );
      const body = Buffer.concat(chunks).toString('utf8');
      this.requests.push({ method: request.method ?? '', url: request.url ?? '', headers, body });
      const reply = this.replies.shift();
      if (reply === undefined || reply === 'reset') return void request.socket.destroy();
      response.writeHead(reply.status, reply.headers).end(reply.body);
    });
  }
}
