/**
 * @module transport/web/web-security
 *
 * `--web.config.file` at work: who is let in, and with which certificate. The files may change at any time
 * and are looked at again at most once a second, when a request or a handshake asks: a request that comes
 * later than that waits for the look, so a password that was taken away never works a minute longer.
 *
 * What happens when the files turn bad while running, each logged once:
 * - the configuration can't be read or is wrong: every request is answered 500, as upstream does, for
 *   nobody knows any more who may come in;
 * - a certificate can't be read or does not go with its key: the one before stays in use, for a renewal
 *   that is half written must not close the door (upstream refuses handshakes then);
 * - TLS appears or goes away: that waits for a restart; a port that was encrypted never turns plain.
 *
 * Order of the checks, as upstream: rate limit, headers, user and password.
 */
import { stat } from 'node:fs/promises';
import { AppError, messageOf, type Logger, type ReadDocument } from '@tocsin/kernel';
import { Passwords } from './passwords.ts';
import { TokenBucket } from './rate-limit.ts';
import { readWebConfig, type WebConfig } from './web-config.ts';
import { readTls, tlsFiles, type ReadTls } from './web-tls.ts';

/** Between two looks at the files. */
const LOOK_AGAIN_MS = 1_000;

export interface WebSecurityOptions {
  readonly path: string;
  readonly readFile: (path: string) => Promise<string>;
  readonly readDocument: ReadDocument;
  /** A file that calls `runPasswordThread()`. */
  readonly passwordWorkerUrl: URL;
  /** Default 1000. */
  readonly lookAgainMs?: number;
  readonly logger: Logger;
}

export type Refusal = 'config' | 'rate_limit' | 'unauthorized' | 'busy';

/** Absent refusal: let in. */
export interface Verdict {
  readonly refusal?: Refusal;
  /** To be sent with the answer, whichever it is. */
  readonly headers: WebConfig['headers'];
}

export interface ServedTls extends ReadTls {
  readonly isHttp2: boolean;
}

/** Throws AppError `invalid` (or what reading a file throws) that names file, line and field. */
export async function openWebSecurity(options: WebSecurityOptions): Promise<WebSecurity> {
  const look = await lookAt(options, undefined);
  const problem = look.configProblem ?? look.tlsProblem;
  if (problem !== undefined) throw AppError.invalid(problem);
  return new WebSecurity(options, look);
}

/** What the files said when they were last read. */
interface Look {
  readonly signatures: string;
  /** The last one that was whole. */
  readonly config: WebConfig;
  readonly configProblem: string | undefined;
  readonly tls: ReadTls | undefined;
  readonly tlsProblem: string | undefined;
}

export class WebSecurity {
  readonly #options: WebSecurityOptions;
  readonly #passwords: Passwords;
  readonly #isTls: boolean;
  #look: Look;
  #lookedAt = performance.now();
  #looking: Promise<void> | undefined;
  #bucket: TokenBucket | undefined;
  #hashes: readonly string[] = [];
  #told: string | undefined;
  #served: ServedTls | undefined;

  constructor(options: WebSecurityOptions, first: Look) {
    this.#options = options;
    this.#passwords = new Passwords({ workerUrl: options.passwordWorkerUrl, logger: options.logger });
    this.#look = first;
    this.#isTls = first.tls !== undefined;
    this.#use(first);
    if (first.config.users.size > 0) this.#passwords.warmUp();
    if (first.config.tls?.clientAuth.isVerified === true && first.config.tls.clientCa === undefined) {
      options.logger.warn(
        'Any certificate of a public authority is let in: client_auth_type verifies clients but client_ca_file is not set',
        { file: options.path },
      );
    }
  }

  /** Whether the listeners speak TLS; does not change while the process runs. */
  get isTls(): boolean {
    return this.#isTls;
  }

  /** For the next handshake. Only when `isTls`. The same object until something changed. */
  async tls(): Promise<ServedTls | undefined> {
    await this.#fresh();
    return this.#served;
  }

  /** `authorization`: the header of the request. */
  admit(authorization: string | undefined): Verdict | Promise<Verdict> {
    const fresh = this.#fresh();
    return fresh === undefined ? this.#judge(authorization) : fresh.then(() => this.#judge(authorization));
  }

  stop(): Promise<void> {
    return this.#passwords.stop();
  }

  #fresh(): Promise<void> | undefined {
    if (this.#looking !== undefined) return this.#looking;
    const { lookAgainMs = LOOK_AGAIN_MS } = this.#options;
    if (performance.now() - this.#lookedAt < lookAgainMs) return undefined;
    this.#looking = this.#lookAgain().finally(() => {
      this.#lookedAt = performance.now();
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookAgain(): Promise<void> {
    const look = await lookAt(this.#options, this.#look);
    if (look === this.#look) return;
    this.#tell(look);
    this.#look = look;
    this.#use(look);
  }

  #use({ config, tls }: Look): void {
    const { rateLimit } = config;
    this.#hashes = [...config.users.values()];
    const before = this.#bucket?.limit;
    if (rateLimit === undefined) this.#bucket = undefined;
    else if (rateLimit.burst !== before?.burst || rateLimit.intervalMs !== before.intervalMs)
      this.#bucket = new TokenBucket(rateLimit, performance.now());
    if (tls === undefined || !this.#isTls) return;
    if (tls.options !== this.#served?.options || config.isHttp2 !== this.#served.isHttp2)
      this.#served = { ...tls, isHttp2: config.isHttp2 };
  }

  #tell(look: Look): void {
    const { logger, path: file } = this.#options;
    const problem = look.configProblem ?? look.tlsProblem;
    if (problem === undefined) {
      logger.info('Read the web configuration file again', { file });
      if ((look.config.tls !== undefined) !== this.#isTls)
        logger.warn('TLS is turned on or off by a restart only; until then it stays as it is', { file });
    } else if (problem !== this.#told) {
      const message =
        look.configProblem === undefined
          ? 'The certificates can not be used; those before stay in use until the files are mended'
          : 'The web configuration file can not be used; every request is refused until it is mended';
      logger.error(message, { file, err: problem });
    }
    this.#told = problem;
  }

  #judge(authorization: string | undefined): Verdict | Promise<Verdict> {
    const { config, configProblem } = this.#look;
    if (configProblem !== undefined) return { refusal: 'config', headers: [] };
    if (this.#bucket?.take(performance.now()) === false) return { refusal: 'rate_limit', headers: [] };
    const { headers, users } = config;
    if (users.size === 0) return { headers };
    const given = readBasic(authorization);
    if (given === undefined) return { refusal: 'unauthorized', headers };
    const [user, password] = given;
    const hash = users.get(user);
    // Made for users who exist as well: how long an answer takes must not tell who does.
    const standIn = this.#hashes[this.#passwords.draw(user, this.#hashes.length)] ?? '';
    const outcome = this.#passwords.check(user, password, hash ?? standIn);
    const verdict = (is: Awaited<typeof outcome>): Verdict => {
      if (is === 'busy') return { refusal: 'busy', headers };
      return is === 'right' && hash !== undefined ? { headers } : { refusal: 'unauthorized', headers };
    };
    return outcome instanceof Promise ? outcome.then(verdict) : verdict(outcome);
  }
}

/** User and password of `Basic dXNlcjpwYXNz`. */
export function readBasic(
  authorization: string | undefined,
): readonly [user: string, password: string] | undefined {
  if (authorization === undefined || !/^basic /i.test(authorization)) return undefined;
  const text = Buffer.from(authorization.slice('basic '.length).trim(), 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : [text.slice(0, colon), text.slice(colon + 1)];
}

/** Reads what changed since `before`; gives `before` itself when nothing did. Throws only at the first time. */
async function lookAt(options: WebSecurityOptions, before: Look | undefined): Promise<Look> {
  const { path } = options;
  const isWhole = before?.configProblem === undefined && before?.tlsProblem === undefined;
  if (
    before !== undefined &&
    isWhole &&
    (await signaturesOf(filesOf(before.config, path))) === before.signatures
  )
    return before;
  // Signed before it is read: what is written meanwhile has to be seen next time.
  const own = await signaturesOf([path]);
  let config: WebConfig;
  try {
    config = readWebConfig(options.readDocument(await options.readFile(path)));
  } catch (cause) {
    const problem = told(path, cause);
    if (before === undefined) throw AppError.invalid(problem);
    return { ...before, configProblem: problem };
  }
  const [, ...others] = filesOf(config, path);
  const signatures = others.length === 0 ? own : `${own},${await signaturesOf(others)}`;
  const { tls = before?.tls, problem } = await tlsOf(config, options);
  return { signatures, config, configProblem: undefined, tls, tlsProblem: problem };
}

const filesOf = (config: WebConfig, path: string): readonly string[] => [path, ...tlsFiles(config.tls, path)];

const signaturesOf = async (paths: readonly string[]): Promise<string> =>
  (await Promise.all(paths.map(signature))).join();

async function tlsOf(
  config: WebConfig,
  { path, readFile }: WebSecurityOptions,
): Promise<{ readonly tls?: ReadTls; readonly problem?: string | undefined }> {
  if (config.tls === undefined) return {};
  try {
    return { tls: await readTls(config.tls, path, readFile) };
  } catch (cause) {
    return { problem: told(path, cause) };
  }
}

/** The file's name before each line, unless the message has it already. */
const told = (path: string, cause: unknown): string =>
  messageOf(cause)
    .split('\n')
    .map((line) => (line.startsWith(path) ? line : `${path}: ${line}`))
    .join('\n');

async function signature(path: string): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return `${ino}:${size}:${mtimeNs}:${ctimeNs}`;
  } catch (cause) {
    return messageOf(cause);
  }
}
