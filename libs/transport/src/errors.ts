/**
 * @module transport/errors
 *
 * The one table between our error codes and what the wires say. Everything that leaves a server or
 * comes back to a client goes through it.
 */
import { status as Status } from '@grpc/grpc-js';
import { AppError, messageOf, type ErrorCode } from '@tocsin/kernel';

interface OnTheWires {
  readonly grpc: Status;
  readonly http: number;
}

const TABLE: Readonly<Record<ErrorCode, OnTheWires>> = {
  invalid: { grpc: Status.INVALID_ARGUMENT, http: 400 },
  unauthenticated: { grpc: Status.UNAUTHENTICATED, http: 401 },
  permission: { grpc: Status.PERMISSION_DENIED, http: 403 },
  'not-found': { grpc: Status.NOT_FOUND, http: 404 },
  conflict: { grpc: Status.ABORTED, http: 409 },
  precondition: { grpc: Status.FAILED_PRECONDITION, http: 412 },
  limit: { grpc: Status.RESOURCE_EXHAUSTED, http: 413 },
  cancelled: { grpc: Status.CANCELLED, http: 499 },
  internal: { grpc: Status.INTERNAL, http: 500 },
  unavailable: { grpc: Status.UNAVAILABLE, http: 503 },
  deadline: { grpc: Status.DEADLINE_EXCEEDED, http: 504 },
};

const CODE_OF_STATUS: ReadonlyMap<Status, ErrorCode> = new Map([
  ...Object.entries(TABLE).map(([code, { grpc }]) => [grpc, code as ErrorCode] as const),
  // What other servers may answer.
  [Status.UNKNOWN, 'internal'],
  [Status.ALREADY_EXISTS, 'conflict'],
  [Status.OUT_OF_RANGE, 'invalid'],
  [Status.UNIMPLEMENTED, 'not-found'],
  [Status.DATA_LOSS, 'internal'],
]);

/** Status details travel in a header; what is longer is cut. */
const DETAILS_CHARS_MAX = 2048;

export interface GrpcFailure {
  readonly code: Status;
  readonly details: string;
}

/** What a caller is told. A failure that is no AppError is our own bug: the log has it, the caller does not. */
export function toGrpcFailure(thrown: unknown): GrpcFailure {
  if (!(thrown instanceof AppError)) return { code: Status.INTERNAL, details: 'internal error' };
  return { code: TABLE[thrown.code].grpc, details: thrown.message.slice(0, DETAILS_CHARS_MAX) };
}

export function fromGrpcFailure(
  what: string,
  failure: { readonly code?: Status | undefined; readonly details?: string | undefined },
): AppError {
  const code = CODE_OF_STATUS.get(failure.code ?? Status.UNKNOWN) ?? 'internal';
  const details = failure.details ?? '';
  return new AppError(code, `${what}: ${details === '' ? Status[failure.code ?? Status.UNKNOWN] : details}`, {
    cause: failure,
  });
}

export const httpStatusOf = (code: ErrorCode): number => TABLE[code].http;

/** What listening failed for, with what the operator can do. */
export function listenError(address: string, cause: unknown): AppError {
  const text = messageOf(cause);
  const because = LISTEN_FAILURES.find(([mark]) => text.includes(mark))?.[1];
  const message = because === undefined ? `cannot listen on ${address}: ${text}` : `${address} ${because}`;
  return new AppError('unavailable', message, { cause });
}

const NO_SOCKET =
  'is no socket that can listen: check ListenStream= of the .socket unit, or use --web.listen-address';
const LISTEN_FAILURES: readonly (readonly [mark: string, because: string])[] = [
  ['EADDRINUSE', 'is already in use: stop the program that listens there, or choose another port'],
  ['EACCES', 'may not be used by this user: choose a port of 1024 or above, or grant the right to bind'],
  ['EADDRNOTAVAIL', 'is no address of this machine: choose one of its own, or leave the host empty for all'],
  ['EBADF', NO_SOCKET],
  ['EINVAL', NO_SOCKET],
  ['EAFNOSUPPORT', 'is an IPv6 address, and this machine has no IPv6: choose an IPv4 one'],
  [
    'ENOTFOUND',
    'has a host name that cannot be resolved: use an IP address, or leave the host empty for all',
  ],
  [
    'EAI_AGAIN',
    'has a host name that cannot be resolved: use an IP address, or leave the host empty for all',
  ],
];
