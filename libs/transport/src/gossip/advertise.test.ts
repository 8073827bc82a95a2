import { describe, expect, it } from 'vitest';
import {
  chooseAdvertiseAddress,
  isUnroutable,
  type AdvertiseInput,
  type InterfaceAddress,
} from './advertise.ts';

const at = (name: string, address: string, prefixBits = 24, isInternal = false): InterfaceAddress => ({
  name,
  address,
  prefixBits,
  isInternal,
});
const choose = (more: Partial<AdvertiseInput>): string =>
  chooseAdvertiseAddress({
    explicit: '',
    bound: '0.0.0.0:9094',
    allowsPublic: false,
    interfaces: [],
    defaultInterface: '',
    ...more,
  });

describe('the advertised address', () => {
  it('is the explicit one, which must be an IP; without a port it gets the bound one', () => {
    expect(choose({ explicit: '192.0.2.7:99' })).toBe('192.0.2.7:99');
    expect(choose({ explicit: '[2001:db8::1]:99' })).toBe('[2001:db8::1]:99');
    expect(choose({ explicit: '192.0.2.7:0' })).toBe('192.0.2.7:9094');
    expect(() => choose({ explicit: 'host.example:9094' })).toThrow(
      '--cluster.advertise-address: "host.example" must be a literal IP address',
    );
  });

  it('is the one bound to when that is one address', () => {
    expect(choose({ bound: '127.0.0.1:9094' })).toBe('127.0.0.1:9094');
  });

  it.each(['0.0.0.0:9094', '[::]:9094', ':9094'])(
    'is a private one of this machine when bound to all (%s)',
    (bound) => {
      const interfaces = [at('lo', '127.0.0.1', 8, true), at('eth0', '203.0.113.5'), at('eth1', '10.1.2.3')];
      expect(choose({ bound, interfaces })).toBe('10.1.2.3:9094');
    },
  );

  it.each([
    ['10.0.0.1', true],
    ['172.15.0.1', false],
    ['172.16.0.1', true],
    ['172.31.0.1', true],
    ['172.32.0.1', false],
    ['192.168.1.1', true],
    ['100.63.0.1', false],
    ['100.64.0.1', true],
    ['100.127.0.1', true],
    ['100.128.0.1', false],
    ['169.254.1.1', false],
    ['203.0.113.5', false],
    ['fd00::1', true],
    ['fe80::1', false],
    ['2001:db8::1', false],
  ])('takes %s for private: %s', (address, isPrivate) => {
    const chosen = (): string => choose({ interfaces: [at('eth0', address)] });
    if (isPrivate) expect(chosen()).toContain(address);
    else expect(chosen).toThrow('set --cluster.advertise-address=IP:PORT');
  });

  it('prefers the interface of the default route, then IPv4, then the smaller network', () => {
    const interfaces = [at('a', '10.0.0.1', 8), at('b', '10.2.0.1', 24), at('c', 'fd00::1', 64)];
    expect(choose({ interfaces })).toBe('10.2.0.1:9094');
    expect(choose({ interfaces, defaultInterface: 'c' })).toBe('[fd00::1]:9094');
  });

  it('is a public one only when that is allowed', () => {
    const interfaces = [at('eth0', '203.0.113.5')];
    expect(choose({ interfaces, allowsPublic: true })).toBe('203.0.113.5:9094');
    expect(() => choose({ interfaces })).toThrow('no private IP address found');
  });

  it('that only this machine can reach is known as such', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1', '0.0.0.0'].map(isUnroutable)).toEqual([true, true, true, true]);
    expect(isUnroutable('10.0.0.1')).toBe(false);
  });
});
