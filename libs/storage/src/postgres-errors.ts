/**
 * What a failure of PostgreSQL means for the caller. SQLSTATE classes:
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
import { AppError, messageOf } from '@tocsin/kernel';
import type { ErrorCode } from '@tocsin/kernel';

/** SQLSTATE or the errno name of Node; undefined when the failure has neither. */
export function failureCode(thrown: unknown): string | undefined {
  // A host name with several addresses fails with one error for each.
  if (thrown instanceof AggregateError) return failureCode(thrown.errors[0]);
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

const isSqlState = (code: string): boolean => /^[0-9A-Z]{5}$/.test(code) && /^[0-9]|^[HPX]/.test(code);

/** The server answered, so the connection is as good as before. */
export function isAnswer(thrown: unknown): boolean {
  const code = failureCode(thrown);
  return code !== undefined && isSqlState(code) && !isGoingAway(code);
}

/** Two transactions were in each other's way; the same statements will pass on another try. */
export function isCollision(thrown: unknown): boolean {
  const code = failureCode(thrown);
  return code === '40001' || code === '40P01';
}

/** Shutdown, crash of another backend, still starting, or class 08: connection exceptions. */
const isGoingAway = (code: string): boolean => /^(57P0[1235]|08...)$/.test(code);

const meanings: readonly (readonly [pattern: RegExp, code: ErrorCode])[] = [
  // Data that this schema can't hold: an index entry or value beyond PostgreSQL's limits included.
  [/^(22|23|54)...$/, 'invalid'],
  // Wrong user, no such database, a table or right that is missing: the operator must act.
  [/^(28|3D|3F|42)...$/, 'precondition'],
];

/** Everything that may pass by itself is `unavailable`: away, overloaded, disk full, a read-only standby. */
export function asAppError(thrown: unknown, doing: string, where: string): AppError {
  if (thrown instanceof AppError) return thrown;
  const sqlState = failureCode(thrown) ?? '';
  const code = meanings.find(([pattern]) => pattern.test(sqlState))?.[1] ?? 'unavailable';
  const cause = thrown instanceof AggregateError ? (thrown.errors[0] as unknown) : thrown;
  return new AppError(code, `PostgreSQL at ${where}, ${doing}: ${messageOf(cause)}${hint(sqlState)}`, {
    facts: sqlState === '' ? {} : { code: sqlState },
    cause: thrown,
  });
}

function hint(code: string): string {
  if (code === '25006') return ' (it is a read-only standby: point --database.url at the primary)';
  if (code === '53100') return ' (its disk is full)';
  if (code === '53300') return ' (raise its max_connections, or put a pooler in front)';
  if (code === '57014') return ' (statement timeout: the server is overloaded, or a lock is held)';
  return '';
}
