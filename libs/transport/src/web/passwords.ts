/**
 * @module transport/web/passwords
 *
 * bcrypt for basic authentication. One comparison costs some 60 ms of CPU by intention, so it runs in a
 * thread of its own, behind a short queue, and its outcome is remembered: a Prometheus that posts every
 * few seconds costs one hash of SHA-256 a request.
 *
 * - An outcome is kept under an HMAC of user, password and bcrypt hash with a key that this process made
 *   for itself: no password stays in memory, and a changed hash in the file forgets by itself.
 * - Failures are kept apart from successes, so that nobody can push others' successes out.
 * - When the queue is full the answer is `busy`, never a guess.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { messageOf, type Logger } from '@tocsin/kernel';

/** Comparisons waiting or running; at bcrypt's usual cost of 10 the last one waits 2 s. */
export const PASSWORD_CHECKS_MAX = 32;
const OUTCOMES_KEPT_MAX = 1_024;

export type PasswordOutcome = 'right' | 'wrong' | 'busy';

export interface PasswordQuestion {
  readonly id: number;
  readonly password: string;
  readonly hash: string;
}
export interface PasswordAnswer {
  readonly id: number;
  readonly isRight: boolean;
}

export interface PasswordsOptions {
  /** A file that calls `runPasswordThread()`. */
  readonly workerUrl: URL;
  readonly logger: Logger;
}

interface Waiting {
  readonly key: string;
  readonly settle: (outcome: PasswordOutcome) => void;
}

export class Passwords {
  readonly #options: PasswordsOptions;
  readonly #secret = randomBytes(32);
  readonly #right = new RecentKeys(OUTCOMES_KEPT_MAX);
  readonly #wrong = new RecentKeys(OUTCOMES_KEPT_MAX);
  readonly #running = new Map<string, Promise<PasswordOutcome>>();
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #nextId = 1;
  #isStopped = false;

  constructor(options: PasswordsOptions) {
    this.#options = options;
  }

  /** Starts the thread, which takes longer than a comparison. */
  warmUp(): void {
    this.#thread();
  }

  check(user: string, password: string, hash: string): PasswordOutcome | Promise<PasswordOutcome> {
    const key = this.#keyOf(user, password, hash);
    if (this.#right.has(key)) return 'right';
    if (this.#wrong.has(key)) return 'wrong';
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    if (this.#isStopped || this.#waiting.size >= PASSWORD_CHECKS_MAX) return 'busy';
    const asked = this.#ask(key, password, hash);
    this.#running.set(key, asked);
    return asked;
  }

  /** A whole number in [0, limit), always the same for a name, that nobody outside can foresee. */
  draw(name: string, limit: number): number {
    return createHmac('sha256', this.#secret).update(name).digest().readUInt32LE() % limit;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    const worker = this.#worker;
    this.#giveUp();
    await worker?.terminate();
  }

  #keyOf(user: string, password: string, hash: string): string {
    return createHmac('sha256', this.#secret)
      .update(`${user.length}:${user}${hash}${password}`)
      .digest('base64');
  }

  #ask(key: string, password: string, hash: string): Promise<PasswordOutcome> {
    const id = this.#nextId++;
    return new Promise((settle) => {
      this.#waiting.set(id, { key, settle });
      const port = this.#thread();
      port.postMessage({ id, password, hash } satisfies PasswordQuestion);
    });
  }

  #thread(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(this.#options.workerUrl, { name: 'passwords' });
    worker.unref();
    worker.on('message', (answer: PasswordAnswer) => this.#answered(answer));
    worker.on('error', (error) => {
      this.#options.logger.error('The thread that checks passwords failed; the next request starts another', {
        err: messageOf(error),
      });
    });
    worker.on('exit', () => {
      if (this.#worker === worker) this.#giveUp();
    });
    this.#worker = worker;
    return worker;
  }

  #answered({ id, isRight }: PasswordAnswer): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    this.#running.delete(waiting.key);
    (isRight ? this.#right : this.#wrong).add(waiting.key);
    waiting.settle(isRight ? 'right' : 'wrong');
  }

  #giveUp(): void {
    this.#worker = undefined;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#running.clear();
    for (const { settle } of waiting) settle('busy');
  }
}

/** The keys used last. */
class RecentKeys {
  readonly #keys = new Set<string>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  has(key: string): boolean {
    if (!this.#keys.delete(key)) return false;
    this.#keys.add(key);
    return true;
  }

  add(key: string): void {
    this.#keys.add(key);
    if (this.#keys.size <= this.#max) return;
    const [oldest] = this.#keys;
    if (oldest !== undefined) this.#keys.delete(oldest);
  }
}
