/** Which alertmanagers there are: fixed addresses, and the addresses of DNS names, asked again every 15 s. */
import { lookup } from 'node:dns/promises';
import type { AlertmanagerDirectory } from '@tocsin/scheduler-service';
import { messageOf, type Cancel, type Logger, type RpcLink, type Timers } from '@tocsin/kernel';

const REFRESH_MS = 15_000;
const DNS = /^dns:\/\/\/(.+):(\d+)$/;

export interface OwnedDirectory extends AlertmanagerDirectory {
  close(): void;
}

export async function alertmanagerDirectory(
  addresses: readonly string[],
  deps: { readonly dial: (target: string) => RpcLink; readonly timers: Timers; readonly logger: Logger },
): Promise<OwnedDirectory> {
  const links = new Map<string, RpcLink>();
  const listeners = new Set<() => void>();
  const fixed = addresses.filter((address) => !DNS.test(address));
  const names = addresses.filter((address) => DNS.test(address));
  let known: readonly string[] = [];
  let cancel: Cancel = () => undefined;

  const refresh = async (): Promise<void> => {
    // A name that can't be resolved keeps the addresses it had: an outage of DNS must not stop alerts.
    const found = await resolveAll(names, deps.logger).catch(() => known);
    if (found.length > 0 || names.length === 0) known = found;
    const wanted = new Set([...fixed, ...known]);
    let isChanged = false;
    for (const [target, link] of links) {
      if (wanted.has(target)) continue;
      links.delete(target);
      link.close();
      isChanged = true;
    }
    for (const target of wanted) {
      if (links.has(target)) continue;
      links.set(target, deps.dial(target));
      isChanged = true;
    }
    if (isChanged) for (const listener of listeners) listener();
  };
  const again = (): void => {
    cancel = deps.timers.after(REFRESH_MS, () => void refresh().then(again));
  };
  await refresh();
  if (names.length > 0) again();
  return {
    links: () => [...links.values()],
    onChange: (changed) => {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    close: () => {
      cancel();
      for (const link of links.values()) link.close();
    },
  };
}

async function resolveAll(names: readonly string[], logger: Logger): Promise<readonly string[]> {
  const found = await Promise.all(
    names.map(async (name) => {
      const [, host = '', port = ''] = DNS.exec(name) ?? [];
      try {
        const addresses = await lookup(host, { all: true });
        return addresses.map(({ address, family }) =>
          family === 6 ? `[${address}]:${port}` : `${address}:${port}`,
        );
      } catch (error) {
        logger.warn('An alertmanager name can not be resolved; its last addresses stay in use', {
          name,
          err: messageOf(error),
        });
        throw error;
      }
    }),
  );
  return [...new Set(found.flat())].sort();
}
