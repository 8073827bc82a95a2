/**
 * Which proxy a request takes (spec/receivers.md 3). A bare `proxy_url` serves every target; with
 * `no_proxy`, and with proxies from the environment, targets can be left out, this machine always is.
 */
import { AppError } from '@tocsin/kernel';
import type { HttpUrl } from './http-url.ts';
import { isInNetwork, isLoopback, parseIp } from './ip-address.ts';
import type { ReadingMeans } from './integration.ts';
import type { JsonSettings } from './json-settings.ts';

export interface Proxy {
  /** For http and https targets; '' for none. */
  readonly http: string;
  readonly https: string;
  /** Undefined: nothing is left out. */
  readonly except: readonly string[] | undefined;
  /** Sent when a tunnel is asked for. */
  readonly connectHeaders: Readonly<Record<string, readonly string[]>>;
}

/** Undefined: no proxy. Throws AppError `invalid`. */
export function readProxy(settings: JsonSettings, { environment }: ReadingMeans): Proxy | undefined {
  const url = settings.string('proxy_url');
  const noProxy = settings.string('no_proxy');
  const isFromEnvironment = settings.boolean('proxy_from_environment', false);
  const connectHeaders = readConnectHeaders(settings);
  if (isFromEnvironment) {
    if (url !== undefined || noProxy !== undefined) {
      throw AppError.invalid(`${settings.at('proxy_from_environment')} excludes proxy_url and no_proxy`);
    }
    if (environment === undefined) {
      throw AppError.invalid(
        `${settings.at('proxy_from_environment')} is not supported by this receivers service`,
      );
    }
    const of = (name: string): string => environment(name.toUpperCase()) ?? environment(name) ?? '';
    return {
      http: of('http_proxy'),
      https: of('https_proxy'),
      except: entriesOf(of('no_proxy')),
      connectHeaders,
    };
  }
  if (url === undefined) return undefined;
  if (!/^(https?|socks5h?):\/\/./i.test(url)) {
    throw AppError.invalid(`${settings.at('proxy_url')}: expected http://host:port, https://… or socks5://…`);
  }
  return {
    http: url,
    https: url,
    except: noProxy === undefined ? undefined : entriesOf(noProxy),
    connectHeaders,
  };
}

function readConnectHeaders(settings: JsonSettings): Proxy['connectHeaders'] {
  const headers = settings.object('proxy_connect_header');
  if (headers === undefined) return {};
  return Object.fromEntries(headers.keys.map((name) => [name, headers.strings(name)]));
}

const entriesOf = (list: string): readonly string[] =>
  list
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '');

/** The proxy's URL for this target; undefined for none. */
export function proxyFor(proxy: Proxy | undefined, url: HttpUrl): string | undefined {
  if (proxy === undefined) return undefined;
  const chosen = proxy[url.scheme];
  if (chosen === '' || (proxy.except !== undefined && isExcepted(proxy.except, url))) return undefined;
  // The environment may name a host alone.
  return chosen.includes('://') ? chosen : `http://${chosen}`;
}

function isExcepted(except: readonly string[], url: HttpUrl): boolean {
  const { host, port } = splitHost(url);
  const ip = parseIp(host);
  if (host === 'localhost' || (ip !== undefined && isLoopback(ip))) return true;
  return except.some((entry) => {
    if (entry === '*') return true;
    if (ip !== undefined && entry.includes('/')) return isInNetwork(ip, entry);
    const [, name = entry, entryPort = ''] =
      /^(.*?)(?::(\d+))?$/.exec(parseIp(entry) === undefined ? entry : '') ?? [];
    if (entryPort !== '' && entryPort !== port) return false;
    if (ip !== undefined) return parseIp(name === '' ? entry : name)?.join() === ip.join();
    if (name.startsWith('*.') || name.startsWith('.')) return host.endsWith(name.replace(/^\*/, ''));
    return host === name || host.endsWith(`.${name}`);
  });
}

function splitHost(url: HttpUrl): { readonly host: string; readonly port: string } {
  const [, bracketed, plain = '', port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(url.host) ?? [];
  return { host: bracketed ?? plain, port: port ?? (url.scheme === 'https' ? '443' : '80') };
}
