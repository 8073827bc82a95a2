import { AppError } from '@tocsin/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIp, hostPortOf, normalHostPort, parseHostPort, parseIp } from './address.ts';

describe('addresses', () => {
  it.each([
    ['10.1.2.3', [10, 1, 2, 3]],
    ['::ffff:10.1.2.3', [10, 1, 2, 3]],
    ['::1', [...Array.from({ length: 15 }, () => 0), 1]],
    ['fd00::1:0:0:2', [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2]],
    ['fe80::1%eth0', [0xfe, 0x80, ...Array.from({ length: 13 }, () => 0), 1]],
  ])('%s is read as its bytes', (text, bytes) => {
    expect([...(parseIp(text) ?? [])]).toEqual(bytes);
  });

  it.each([
    '',
    'localhost',
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    '1:2:3',
    '::1::2',
    ':::',
    '1:2:3:4:5:6:7:8:9',
    'g::',
    '12345::',
  ])('"%s" is no literal address', (text) => expect(parseIp(text)).toBeUndefined());

  it.each([
    ['[0:0:0:0:0:0:0:1]:9094', '[::1]:9094'],
    ['[2001:0DB8:0:0:1:0:0:1]:1', '[2001:db8::1:0:0:1]:1'],
    ['[::ffff:1.2.3.4]:5', '1.2.3.4:5'],
    ['alertmanager-0.am:9094', 'alertmanager-0.am:9094'],
  ])('%s is spelled %s', (text, normal) => expect(normalHostPort(text, 'x')).toBe(normal));

  it('every address of 16 bytes survives text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const text = formatIp(bytes) ?? '';
        expect(formatIp(parseIp(text) ?? new Uint8Array(0))).toBe(text);
        if (text.includes(':')) expect(parseIp(text)).toEqual(bytes);
      }),
    );
  });

  it('of other lengths are no address', () => {
    expect(formatIp(new Uint8Array(5))).toBeUndefined();
    expect(hostPortOf(new Uint8Array(0), 1)).toBeUndefined();
  });

  it.each(['', 'host', 'host:', ':x', 'host:70000', '::1:9094', 'a:b:1'])(
    '"%s" is refused as host and port',
    (text) => {
      expect(() => parseHostPort(text, 'cluster peer')).toThrow(AppError);
      expect(() => parseHostPort(text, 'cluster peer')).toThrow(/cluster peer.*host:port/);
    },
  );
});
