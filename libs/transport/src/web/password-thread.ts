/** The thread's side of `passwords.ts`: compares one password after the other. */
import { parentPort } from 'node:worker_threads';
import { compareSync } from 'bcryptjs';
import { assert } from '@tocsin/kernel';
import type { PasswordAnswer, PasswordQuestion } from './passwords.ts';

export function runPasswordThread(): void {
  const port = parentPort;
  assert(port !== null, 'runs in a worker thread only');
  port.on('message', ({ id, password, hash }: PasswordQuestion) => {
    port.postMessage({ id, isRight: compareSync(password, hash) } satisfies PasswordAnswer);
  });
}
