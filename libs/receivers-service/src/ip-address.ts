/** IP addresses and networks, as `no_proxy` names them. */

/** 4 or 16 bytes; undefined for what is no literal address. */
export function parseIp(text: string): readonly number[] | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): readonly number[] | undefined {
  const parts = text.split('.');
  const isAddress = parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
  return isAddress ? parts.map(Number) : undefined;
}

function parseIpv6(text: string): readonly number[] | undefined {
  const [head = '', tail, more] = text.split('::');
  if (more !== undefined) return undefined;
  const front = groups(head);
  const back = tail === undefined ? [] : groups(tail);
  if (front === undefined || back === undefined) return undefined;
  const missing = 16 - front.length - back.length;
  if (tail === undefined ? missing !== 0 : missing < 2) return undefined;
  return [...front, ...Array.from({ length: missing }, () => 0), ...back];
}

/** Bytes of colon-separated groups, of which the last may be an IPv4 address. */
function groups(text: string): readonly number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  for (const [index, group] of text.split(':').entries()) {
    const ipv4 = group.includes('.') && index === text.split(':').length - 1 ? parseIpv4(group) : undefined;
    if (ipv4 !== undefined) bytes.push(...ipv4);
    else if (/^[0-9a-fA-F]{1,4}$/.test(group))
      bytes.push(parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff);
    else return undefined;
  }
  return bytes;
}

export const isLoopback = (ip: readonly number[]): boolean =>
  ip.length === 4 ? ip[0] === 127 : ip.every((byte, index) => byte === (index === 15 ? 1 : 0));

/** `10.0.0.0/8`; false for what is no network. */
export function isInNetwork(ip: readonly number[], network: string): boolean {
  const [address = '', bitsText = ''] = network.split('/');
  const base = parseIp(address);
  const bits = Number(bitsText);
  if (base === undefined || base.length !== ip.length || !/^\d+$/.test(bitsText) || bits > base.length * 8)
    return false;
  return base.every((byte, index) => {
    const inByte = Math.max(0, Math.min(8, bits - index * 8));
    const mask = (0xff << (8 - inByte)) & 0xff;
    return (byte & mask) === ((ip[index] ?? 0) & mask);
  });
}
