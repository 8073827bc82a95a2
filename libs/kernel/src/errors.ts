/**
 * Two kinds of failure, never mixed: an `AppError` is an operating error that somebody handles
 * (bad input, a peer that is away); an `InvariantError` is our own mistake and ends the process.
 */

/** Closed set. `libs/transport` maps each to one gRPC status and one HTTP status. */
export type ErrorCode =
  | 'invalid' // the caller's input; the message names field, value and what was expected
  | 'not-found'
  | 'conflict'
  | 'limit' // a declared limit was reached
  | 'precondition' // the system is not in the state the call needs
  | 'unauthenticated'
  | 'permission'
  | 'unavailable' // the other side can't be reached now; try again
  | 'deadline'
  | 'cancelled'
  | 'internal';

const RETRYABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['unavailable', 'deadline']);

export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  /** Safe to show and to log: never secrets. */
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly facts?: Readonly<Record<string, unknown>>; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.facts = options.facts ?? {};
  }

  get isRetryable(): boolean {
    return RETRYABLE.has(this.code);
  }

  static invalid(message: string, facts: Readonly<Record<string, unknown>> = {}): AppError {
    return new AppError('invalid', message, { facts });
  }
}

export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** For what must hold if our own code is right. Stays on in production; never for users' input. */
export function assert(condition: unknown, because: string): asserts condition {
  if (!condition) throw new InvariantError(because);
}

/** The `default` of a switch that names every case. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable: ${JSON.stringify(value)}`);
}

/** The text of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
