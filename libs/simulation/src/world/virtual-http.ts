/** `HttpOut` over the virtual network, to servers that live in the world itself. */
import { AppError, decodeUtf8, encodeUtf8 } from '@tocsin/kernel';
import type { HostPort, HttpOut } from '@tocsin/kernel';
import type { VirtualNetwork, VirtualThread, VirtualWorld } from '@tocsin/cluster/testing';

export interface WebRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string;
  readonly from: HostPort;
}

export type WebAnswer =
  | {
      readonly status: number;
      readonly body?: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly afterMs?: number;
    }
  | 'hang'
  | 'reset';

export type WebServer = (request: WebRequest) => WebAnswer;

const RETRY_MS = 200;

export class VirtualWeb {
  readonly #world: VirtualWorld;
  readonly #network: VirtualNetwork;
  /** By host, without a port. */
  readonly #servers = new Map<string, WebServer>();

  constructor(world: VirtualWorld, network: VirtualNetwork) {
    this.#world = world;
    this.#network = network;
  }

  serve(host: string, server: WebServer): void {
    this.#servers.set(host, server);
  }

  client(thread: VirtualThread, from: HostPort): HttpOut {
    return {
      send: ({ url, headers, body, timeoutMs }) =>
        new Promise((resolve, reject) => {
          const [, host = '', path = '/'] = /^https?:\/\/([^/?]+)([^?]*)/.exec(url) ?? [];
          const fail = (code: 'unavailable' | 'deadline', why: string): void => {
            cancel();
            thread.deliver(() => reject(new AppError(code, why)));
          };
          const cancel = thread.timers.after(timeoutMs, () =>
            fail('deadline', `${host}: no answer within ${timeoutMs} ms`),
          );
          const text = body === undefined ? '' : typeof body === 'string' ? body : decodeUtf8(body);
          this.#travel(from, host, () => {
            const server = this.#servers.get(host);
            if (server === undefined) return fail('unavailable', `${host}: connection refused`);
            const answer = server({ path, headers, body: text, from });
            if (answer === 'hang') return;
            if (answer === 'reset') return fail('unavailable', `${host}: connection reset`);
            this.#world.timers.after(answer.afterMs ?? 0, () =>
              this.#travel(host, from, () =>
                thread.deliver(() => {
                  cancel();
                  resolve({
                    status: answer.status,
                    headers: answer.headers ?? {},
                    body: encodeUtf8(answer.body ?? ''),
                  });
                }),
              ),
            );
          });
        }),
    };
  }

  /** A cut holds it back, as TCP does. */
  #travel(from: string, to: string, arrive: () => void, delayMs: number = this.#network.delayMs()): void {
    this.#world.timers.after(delayMs, () =>
      this.#network.isCut(from, to) ? this.#travel(from, to, arrive, RETRY_MS) : arrive(),
    );
  }
}
