/** Addresses after Go's net package: `SplitHostPort`, `JoinHostPort`, `ParseIP`. */

/** Undefined when the text is not `host:port`; the host of `[::1]:80` comes without brackets. */
export function splitHostPort(address: string): readonly [host: string, port: string] | undefined {
  const colon = address.lastIndexOf(':');
  if (colon < 0) return undefined;
  const port = address.slice(colon + 1);
  let host = address.slice(0, colon);
  if (address.startsWith('[')) {
    const close = address.indexOf(']');
    if (close < 0 || close + 1 !== colon) return undefined;
    host = address.slice(1, close);
    if (/[[\]]/.test(address.slice(1, close)) || /[[\]]/.test(port)) return undefined;
    return [host, port];
  }
  return host.includes(':') || /[[\]]/.test(address) ? undefined : [host, port];
}

export const joinHostPort = (host: string, port: string): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

export const isIp = (text: string): boolean => isIpv4(text) || isIpv6(text);

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return (
    parts.length === 4 && parts.every((part) => /^(?:0|[1-9][0-9]{0,2})$/.test(part) && Number(part) < 256)
  );
}

function isIpv6(text: string): boolean {
  if (text.length > 45 || !text.includes(':')) return false;
  const halves = text.split('::');
  if (halves.length > 2) return false;
  let groups = 0;
  for (const [index, half] of halves.entries()) {
    if (half === '') continue;
    const parts = half.split(':');
    const last = parts.at(-1) ?? '';
    if (index === halves.length - 1 && last.includes('.')) {
      if (!isIpv4(last)) return false;
      parts.pop();
      groups += 2;
    }
    if (!parts.every((part) => /^[0-9a-fA-F]{1,4}$/.test(part))) return false;
    groups += parts.length;
  }
  return halves.length === 2 ? groups < 8 : groups === 8;
}
