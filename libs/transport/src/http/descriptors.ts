/** Listening sockets that systemd opened for us (sd_listen_fds(3)). */
import { AppError } from '@tocsin/kernel';

const FIRST = 3;
const SOCKETS_MAX = 64;

/**
 * File descriptors handed over to this process. Throws AppError `precondition` when there are none, saying
 * what is missing.
 */
export function inheritedSockets(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): readonly number[] {
  const count = Number(env['LISTEN_FDS'] ?? '0');
  const meant = env['LISTEN_PID'];
  if (!Number.isInteger(count) || count < 1 || count > SOCKETS_MAX)
    throw refused(
      `LISTEN_FDS is ${JSON.stringify(env['LISTEN_FDS'] ?? '')}, expected from 1 to ${SOCKETS_MAX}`,
    );
  if (meant !== String(pid))
    throw refused(
      `LISTEN_PID is ${JSON.stringify(meant ?? '')} and this process is ${pid}; a wrapper script has to exec the program`,
    );
  return Array.from({ length: count }, (_, index) => FIRST + index);
}

const refused = (because: string): AppError =>
  new AppError(
    'precondition',
    `no socket activation file descriptors found: ${because}; start it by a systemd .socket unit, or use --web.listen-address`,
  );
