/**
 * API v2 as the commands use it: credentials, TLS and proxy of `--http.config.file`, one deadline for
 * the whole command, and errors that say what the server said.
 */
import { dirname } from 'node:path';
import { loadHttpConfig } from '@tocsin/alerting';
import { AppError, decodeUtf8, type Clock, type HttpOut, type ReadDocument } from '@tocsin/kernel';
import { HttpSender, JsonSettings, readHttpConfig, type ReadingMeans } from '@tocsin/receivers-service';
import { CommandFailure, type Connection } from './command.ts';
import { printable } from './output/table.ts';
import { version } from './version.ts';

/** Answers larger than this are refused: a terminal is the wrong place for them. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
/** Characters of a server's words that are shown. */
const SAID_MAX = 500;

export interface AlertmanagerClient {
  get(path: string): Promise<unknown>;
  post(path: string, body: unknown): Promise<unknown>;
  delete(path: string): Promise<void>;
}

export interface ClientParts {
  readonly http: HttpOut;
  readonly clock: Clock;
  readonly readText: (path: string) => Promise<string>;
  readonly readDocument: ReadDocument;
  readonly environment: (name: string) => string | undefined;
  readonly warn: (line: string) => void;
}

type Method = 'GET' | 'POST' | 'DELETE';

/** Whether an error is what a server answered, not what was typed. */
export const isAnswer = (error: AppError): boolean => error.facts['isAnswer'] === true;

/**
 * `url`: as for amtool, with the route prefix, without /api/v2. The methods reject with AppError.
 */
export function alertmanagerClient(
  url: string,
  connection: Connection,
  parts: ClientParts,
): AlertmanagerClient {
  const client = new Client(url, connection, parts);
  return {
    get: (path) => client.call('GET', path),
    post: (path, body) => client.call('POST', path, body),
    delete: async (path) => void (await client.call('DELETE', path)),
  };
}

class Client {
  readonly #base: string;
  readonly #connection: Connection;
  readonly #parts: ClientParts;
  readonly #deadline: number;
  #sender: Promise<HttpSender> | undefined;
  #versionCheck: Promise<void> | undefined;

  constructor(url: string, connection: Connection, parts: ClientParts) {
    if (!/^https?:\/\/[^/]/i.test(url))
      throw AppError.invalid(`--url ${withoutPassword(url)}: expected a URL like http://host:9093`);
    this.#base = `${url.replace(/\/+$/, '')}/api/v2/`;
    this.#connection = connection;
    this.#parts = parts;
    this.#deadline = parts.clock.mono() + connection.timeoutMs;
  }

  async call(method: Method, path: string, body?: unknown): Promise<unknown> {
    // Beside the call, not before it: nobody should wait for it.
    this.#versionCheck ??= this.#connection.isCheckingVersion ? this.#checkVersion() : Promise.resolve();
    const [answer] = await Promise.all([this.#exchange(method, path, body), this.#versionCheck]);
    return answer;
  }

  async #exchange(method: Method, path: string, body: unknown): Promise<unknown> {
    const place = `${method} ${withoutPassword(this.#base)}${path}`;
    const { status, text } = await this.#send(method, path, body, place);
    if (status < 200 || status >= 300) {
      const code = status === 404 ? 'not-found' : status >= 500 ? 'unavailable' : 'invalid';
      throw new AppError(code, `${place}: ${status} ${printable(said(text).slice(0, SAID_MAX))}`.trim(), {
        facts: { isAnswer: true },
      });
    }
    if (text === '' || method === 'DELETE') return undefined;
    try {
      return JSON.parse(text) as unknown;
    } catch (cause) {
      const why = 'the answer is no JSON; is this the URL of an alertmanager?';
      throw new AppError('unavailable', `${place}: ${why}`, { facts: { isAnswer: true }, cause });
    }
  }

  async #send(
    method: Method,
    path: string,
    body: unknown,
    place: string,
  ): Promise<{ readonly status: number; readonly text: string }> {
    const { http, clock, readText } = this.#parts;
    const sender = await (this.#sender ??= this.#openSender());
    try {
      const answer = await sender.send(
        {
          method,
          url: this.#base + path,
          headers: {
            Accept: 'application/json',
            'User-Agent': `tocsin/${version}`,
            ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
          },
          body: body === undefined ? undefined : JSON.stringify(body),
          answerBytesMax: ANSWER_BYTES_MAX,
        },
        { clock, http, readSecret: readText, deadline: this.#deadline, traceparent: '' },
      );
      return { status: answer.status, text: decodeUtf8(answer.body) };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const why = error.message.replace(/^\w+ "<redacted>": /, '');
      const shown = error.code === 'deadline' ? `no answer within ${this.#connection.timeoutMs} ms` : why;
      throw new AppError(error.code, `${place}: ${shown}`, { facts: { isAnswer: true }, cause: error });
    }
  }

  async #openSender(): Promise<HttpSender> {
    const { readText, readDocument, environment } = this.#parts;
    const means: ReadingMeans = { readDocument, environment };
    const file = this.#connection.httpConfigFile;
    if (file === '') return new HttpSender(readHttpConfig(undefined, means));
    try {
      const config = loadHttpConfig(readDocument(await readText(file)), dirname(file));
      return new HttpSender(readHttpConfig(JsonSettings.parse(JSON.stringify(config)), means));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      throw new CommandFailure(`--http.config.file ${file}: ${error.message}`, { cause: error });
    }
  }

  /** A server that says nothing of its version is no reason to stop, nor is one that is away: the call itself will tell. */
  async #checkVersion(): Promise<void> {
    try {
      const status = (await this.#exchange('GET', 'status', undefined)) as {
        readonly versionInfo?: { readonly version?: string };
      };
      const theirs = /tocsin\.(.+)$/.exec(status.versionInfo?.version ?? '')?.[1];
      if (theirs !== undefined && theirs !== version)
        this.#parts.warn(`Warning: tocsin is version ${version}, the server is version ${theirs}`);
    } catch (error) {
      if (!(error instanceof AppError) && !(error instanceof CommandFailure)) throw error;
    }
  }
}

const withoutPassword = (url: string): string => url.replace(/^(\w+:\/\/)[^/?#]*@/, '$1');

function said(text: string): string {
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value === 'string') return value;
    if (typeof value === 'object' && value !== null && 'message' in value) return String(value.message);
  } catch {
    // Not JSON: a proxy in front may have answered; its words are shown as they are.
  }
  return text.trim();
}

/** Throws AppError when a server answered with something else than a list. */
export function listOf<T>(value: unknown, what: string): readonly T[] {
  if (!Array.isArray(value))
    throw new AppError(
      'unavailable',
      `expected a list of ${what} from the server; is this the URL of an alertmanager?`,
    );
  return value as readonly T[];
}
