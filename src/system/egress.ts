/**
 * The way out through a company's HTTP proxy, as `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` say.
 *
 * There is no standard for these variables. What curl and Go agree on is done here: names in
 * `NO_PROXY` match themselves and all below them, with or without a leading dot; a port narrows; an
 * address or a subnet matches addresses; `*` is everything; lower case wins.
 * https://about.gitlab.com/blog/we-need-to-talk-no-proxy/
 */

import { BlockList, isIP } from 'node:net';

import type { Environment } from './environment.ts';

/** The proxy that the environment names for a URL; undefined where it is to be dialled directly. */
export const proxyNamed = (url: URL, environment: Environment): string | undefined => {
  const read = (name: string): string | undefined =>
    nonEmpty(environment[name.toLowerCase()]) ?? nonEmpty(environment[name]);
  const proxy = read(url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY') ?? read('ALL_PROXY');
  if (proxy === undefined || isExempt(url, read('NO_PROXY') ?? '')) return undefined;

  // `proxy.example.com:3128` is what many people write.
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
};

/** Whether a text is the URL of a proxy that can be asked to CONNECT. */
export const isProxyUrl = (text: string): boolean =>
  URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).hostname !== '';

const isExempt = (url: URL, list: string): boolean => {
  const host = url.hostname.replaceAll(/[[\]]/g, '').replace(/\.$/, '').toLowerCase();
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => matches(entry, host, port));
};

const matches = (entry: string, host: string, port: string): boolean => {
  if (entry === '*') return true;
  if (entry.includes('/')) return isInSubnet(entry, host);
  const { name, narrowedTo } = hostAndPort(entry);
  if (narrowedTo !== undefined && narrowedTo !== port) return false;
  if (isIP(name) > 0) return isSameAddress(name, host);
  if (isIP(host) > 0) return false;
  const suffix = name.replace(/^\*?\./, '').replace(/\.$/, '');
  return suffix !== '' && (host === suffix || host.endsWith(`.${suffix}`));
};

/** `example.com:443`, `[::1]:443` and `::1` alike. */
const hostAndPort = (entry: string): { readonly name: string; readonly narrowedTo?: string } => {
  if (isIP(entry) === 6) return { name: entry };
  const [, bracketed, plain = '', narrowedTo] =
    /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d+))?$/.exec(entry) ?? [];
  return { name: bracketed ?? plain, ...(narrowedTo !== undefined && { narrowedTo }) };
};

const isSameAddress = (one: string, other: string): boolean => {
  if (isIP(other) === 0) return false;
  const list = new BlockList();
  list.addAddress(one, familyOf(one));
  return list.check(other, familyOf(other));
};

const isInSubnet = (subnet: string, host: string): boolean => {
  const [network = '', length = ''] = subnet.split('/');
  const bits = Number(length);
  const bitsMax = isIP(network) === 6 ? 128 : 32;
  if (isIP(network) === 0 || isIP(host) === 0 || length === '' || !(bits >= 0 && bits <= bitsMax))
    return false;
  const list = new BlockList();
  list.addSubnet(network, bits, familyOf(network));
  return list.check(host, familyOf(host));
};

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

const nonEmpty = (text: string | undefined): string | undefined =>
  text === undefined || text.trim() === '' ? undefined : text.trim();
