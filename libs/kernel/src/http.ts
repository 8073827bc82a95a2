import { decodeUtf8 } from './utf8.ts';

/** HTTP as the services see it: whole messages in, whole messages out. `libs/transport` owns the sockets. */
export interface HttpRequest {
  readonly method: string;
  /** Decoded, without the query and without the route prefix. */
  readonly path: string;
  readonly query: readonly (readonly [name: string, value: string])[];
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** The body decoded by the platform, when the transport can do that faster than `decodeUtf8`. */
  readonly text?: () => string;
}

export const bodyText = (request: HttpRequest): string => request.text?.() ?? decodeUtf8(request.body);

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Slices are written as they come, so that a long answer never blocks the loop. */
  readonly body: string | Uint8Array | AsyncIterable<string>;
}

export type HttpHandler = (request: HttpRequest) => Promise<HttpResponse> | HttpResponse;

/** How a target is reached when not directly, or with TLS of its own. */
export interface HttpConnection {
  /** `http`, `https` or `socks5`; may hold user and password. */
  readonly proxyUrl?: string;
  /** Sent to the proxy when it is asked for a tunnel. */
  readonly proxyHeaders?: Readonly<Record<string, readonly string[]>>;
  readonly tls?: HttpTls;
}

export interface HttpTls {
  /** Who may sign the server's certificate. */
  readonly caPem?: string;
  /** Our own certificate and its key. */
  readonly certificatePem?: string;
  readonly keyPem?: string;
  /** Expected in the server's certificate, when not the URL's host. */
  readonly serverName?: string;
  readonly isUnverified?: boolean;
  readonly minVersion?: TlsVersion;
  readonly maxVersion?: TlsVersion;
}
export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

/** Requests that leave the process: integrations, data sources. */
export interface HttpOut {
  /** Rejects with AppError: `unavailable` (network), `deadline`, `limit` (the answer is larger than `maxBytes`). */
  send(request: {
    readonly method: string;
    readonly url: string;
    /** A list is sent as repeated header lines. */
    readonly headers: Readonly<Record<string, string | readonly string[]>>;
    readonly body?: string | Uint8Array;
    readonly timeoutMs: number;
    /** Of the answer's body. With `truncate` what is over it is dropped instead of refused. */
    readonly maxBytes: number;
    readonly truncate?: boolean;
    /** Absent: directly, with the public authorities of TLS. */
    readonly connection?: HttpConnection;
    /** Who asks, for metrics: one of few names, never an outsider's word. Absent: `default`. */
    readonly dialer?: string;
  }): Promise<{
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Uint8Array;
  }>;
}
