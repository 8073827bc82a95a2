/**
 * @module transport/gossip/advertise
 *
 * The address that peers are told (spec/gossip.md 3.2): the explicit one, else the one bound to, else
 * the best private address of this machine.
 */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { formatHostPort, formatIp, parseHostPort, parseIp } from '@tocsin/cluster';
import { AppError, type HostPort } from '@tocsin/kernel';

export interface InterfaceAddress {
  readonly name: string;
  readonly address: string;
  /** Bits of the network part. */
  readonly prefixBits: number;
  readonly isInternal: boolean;
}

export interface AdvertiseInput {
  /** `--cluster.advertise-address`, '' when not given. */
  readonly explicit: string;
  /** Bound, with the real port. */
  readonly bound: HostPort;
  readonly allowsPublic: boolean;
  readonly interfaces: readonly InterfaceAddress[];
  /** Interface of the default route; '' when unknown. */
  readonly defaultInterface: string;
}

/** Throws AppError `invalid` that says which flag to set. */
export function chooseAdvertiseAddress(input: AdvertiseInput): HostPort {
  const bound = parseHostPort(input.bound, 'cluster listen address');
  if (input.explicit !== '') {
    const { host, port } = parseHostPort(input.explicit, '--cluster.advertise-address');
    const bytes = parseIp(host);
    if (bytes === undefined)
      throw AppError.invalid(`--cluster.advertise-address: "${host}" must be a literal IP address`);
    return formatHostPort(formatIp(bytes) ?? host, port === 0 ? bound.port : port);
  }
  if (!isAnyAddress(bound.host)) return formatHostPort(bound.host, bound.port);
  const ranked = rank(
    input.interfaces.filter((each) => !each.isInternal && !isLinkLocal(each.address)),
    input.defaultInterface,
  );
  const chosen =
    ranked.find((each) => isPrivate(each.address)) ?? (input.allowsPublic ? ranked[0] : undefined);
  if (chosen === undefined) {
    throw AppError.invalid(
      'no private IP address found to tell the peers: set --cluster.advertise-address=IP:PORT, or --cluster.listen-address to an address of this machine, or --cluster.listen-address= to run without a cluster',
    );
  }
  return formatHostPort(chosen.address, bound.port);
}

export const isAnyAddress = (host: string): boolean => host === '' || host === '0.0.0.0' || host === '::';

/** Loopback or unspecified: of no use to peers on other machines. */
export const isUnroutable = (address: string): boolean => /^127\.|^::1$|^0\.0\.0\.0$|^::$/.test(address);

const isLinkLocal = (address: string): boolean => /^169\.254\.|^fe[89ab]/i.test(address);
const isPrivate = (address: string): boolean =>
  isIP(address) === 4
    ? /^10\.|^192\.168\.|^172\.(1[6-9]|2\d|3[01])\.|^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./.test(address)
    : /^f[cd]/i.test(address);

// The default route's interface first, then IPv4, then the smaller network.
const rank = (all: readonly InterfaceAddress[], defaultInterface: string): InterfaceAddress[] =>
  [...all].sort(
    (a, b) =>
      Number(b.name === defaultInterface) - Number(a.name === defaultInterface) ||
      isIP(a.address) - isIP(b.address) ||
      b.prefixBits - a.prefixBits,
  );

export const machineInterfaces = (): InterfaceAddress[] =>
  Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
    (addresses ?? []).map(({ address, cidr, internal }) => ({
      name,
      address,
      prefixBits: Number(cidr?.split('/')[1] ?? 0),
      isInternal: internal,
    })),
  );

/** Linux only; elsewhere '', and the order of interfaces decides. */
export function defaultRouteInterface(): string {
  try {
    const lines = readFileSync('/proc/net/route', 'utf8').split('\n');
    return lines.map((line) => line.split('\t')).find((fields) => fields[1] === '00000000')?.[0] ?? '';
  } catch {
    return '';
  }
}
