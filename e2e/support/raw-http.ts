/** One HTTP exchange exactly as written: `fetch` would mend the target and hide headers. */
import { request as send } from 'node:http';

export interface RawRequest {
  readonly method: string;
  /** Sent as it stands. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function exchange(
  base: string,
  { method, target, headers = {}, body }: RawRequest,
): Promise<RawAnswer> {
  const { hostname, port } = new URL(base);
  return new Promise((answered, failed) => {
    // Without a length Node would write the body of a GET as if it were the next request.
    const sent =
      body === undefined ? headers : { ...headers, 'Content-Length': String(Buffer.byteLength(body)) };
    const request = send(
      { hostname, port, method, path: target, headers: sent, agent: false },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('error', failed);
        response.on('end', () =>
          answered({
            status: response.statusCode ?? 0,
            headers: Object.fromEntries(
              Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
            ),
            body: text,
          }),
        );
      },
    );
    request.on('error', failed);
    request.end(body);
  });
}
