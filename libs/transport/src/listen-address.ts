import { AppError, type HostPort } from '@tocsin/kernel';

export interface ListenAddress {
  /** '' : every address of the machine, IPv6 and IPv4. */
  readonly host: string;
  readonly port: number;
}

/** `host:port`, `[ipv6]:port` or `:port`. Throws AppError `invalid` naming the text. */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[([0-9A-Fa-f:.%\w]+)\]|([^:[\]/\s]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw AppError.invalid(
      `${JSON.stringify(text)} is no listen address: expected host:port, [ipv6]:port or :port with a port up to 65535`,
      { address: text },
    );
  }
  return { host: match[1] ?? match[2] ?? '', port };
}

/** IPv6 in brackets. */
export const hostPort = (host: string, port: number): HostPort =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
