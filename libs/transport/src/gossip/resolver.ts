import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Resolver } from '@tocsin/cluster';

/** The system's resolver: A and AAAA, all of them. A name without addresses gives an empty list, a failed lookup rejects. */
export const systemResolver: Resolver = {
  async resolve(host) {
    if (isIP(host) !== 0) return [host];
    try {
      return (await lookup(host, { all: true })).map(({ address }) => address);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENODATA') return [];
      throw error;
    }
  },
};
