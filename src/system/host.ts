/**
 * What the address of a server tells of where it is: on this machine, in a network of one's own, or
 * in front of everybody.
 *
 * Names under `.ts.net` are Tailscale's. A node is reached there from its own tailnet, and from the
 * whole internet once Funnel is on; Funnel speaks only TLS, and only on three ports. So plain HTTP
 * and other ports are the tailnet alone, and HTTPS on one of the three counts as public. Either
 * way TLS ends on the node itself, which is why data sent there stays with its owner.
 * https://tailscale.com/kb/1223/funnel
 */

import { BlockList, isIP } from 'node:net';

export type Reach = 'loopback' | 'private' | 'public';

const funnelPorts: ReadonlySet<string> = new Set(['', '443', '8443', '10000']);

/** Names that no public resolver answers: RFC 6762, RFC 8375, RFC 6761, ICANN's `.internal`. */
const privateName = /^[^.]+$|\.(?:local|lan|internal|home\.arpa|test|localdomain)$/;

const loopbackAddresses = new BlockList();
loopbackAddresses.addSubnet('127.0.0.0', 8, 'ipv4');
loopbackAddresses.addAddress('::1', 'ipv6');
// Where nobody can be, and what is dialled there is answered by this machine.
loopbackAddresses.addAddress('0.0.0.0', 'ipv4');
loopbackAddresses.addAddress('::', 'ipv6');

/** RFC 1918, link-local (RFC 3927, RFC 4291), carrier-grade NAT (RFC 6598), RFC 4193. */
const privateAddresses = new BlockList();
privateAddresses.addSubnet('10.0.0.0', 8, 'ipv4');
privateAddresses.addSubnet('172.16.0.0', 12, 'ipv4');
privateAddresses.addSubnet('192.168.0.0', 16, 'ipv4');
privateAddresses.addSubnet('169.254.0.0', 16, 'ipv4');
privateAddresses.addSubnet('100.64.0.0', 10, 'ipv4');
privateAddresses.addSubnet('fc00::', 7, 'ipv6');
privateAddresses.addSubnet('fe80::', 10, 'ipv6');

/** From where a URL's host can be reached, as far as its name and port tell. */
export const reachOf = ({ hostname, protocol, port }: URL): Reach => {
  const host = hostname.replaceAll(/[[\]]/g, '').replace(/\.$/, '').toLowerCase();
  const version = isIP(host);
  if (version > 0) {
    const family = version === 4 ? 'ipv4' : 'ipv6';
    if (loopbackAddresses.check(host, family)) return 'loopback';
    return privateAddresses.check(host, family) ? 'private' : 'public';
  }
  if (host === 'localhost' || host.endsWith('.localhost')) return 'loopback';
  if (privateName.test(host)) return 'private';
  const isTailnetOnly = isTailnet(host) && (protocol === 'http:' || !funnelPorts.has(port));
  return isTailnetOnly ? 'private' : 'public';
};

/** Whether what is sent to the URL stays with its owner: a private address, or a tailnet's node. */
export const isOwnHost = (url: URL): boolean =>
  reachOf(url) !== 'public' || isTailnet(url.hostname);

const isTailnet = (host: string): boolean => host.endsWith('.ts.net');
