/**
 * The way to an address, one step after the other, each with a deadline of its own.
 *
 * The steps are taken apart on purpose. A relay such as Tailscale Funnel completes TCP for a node
 * that is dead, and only TLS shows it; a name that resolves says nothing of the machine behind it.
 * A certificate is looked at even if it cannot be trusted, but nothing is sent over it then.
 */

import { lookup as systemLookup } from 'node:dns/promises';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type PeerCertificate, type TLSSocket } from 'node:tls';

import { type Clock, DeadlineError, within } from '../time/clock.ts';
import { type Fact, type Finding, type Level, type Step, daysLeftMin } from './finding.ts';
import { tunnel } from './tunnel.ts';

/** Where to go, and what the way may take. */
export interface Destination {
  readonly url: URL;
  /** Dialled in place of the URL's own host; TLS still names that. */
  readonly via?: { readonly host: string; readonly port: number };
  readonly connectMs: number;
  /** An HTTP proxy on the way. */
  readonly proxy?: string;
  /** The certificates of all authorities to trust, in PEM; the machine's own when absent. */
  readonly ca?: readonly string[];
}

export interface PathParts {
  readonly clock: Clock;
  readonly lookup?: (host: string) => Promise<readonly string[]>;
  /** Opens the socket; Node's own when absent. */
  readonly connect?: typeof connectTcp;
  /** Nobody waits for the findings any more: what is open is closed. */
  readonly closing?: AbortSignal;
}

export interface Way {
  readonly findings: readonly Finding[];
  /** Absent where the way ends before. The caller destroys it. */
  readonly socket?: Socket;
}

const dnsMsMax = 3000;
/** Funnel has been seen to take 10 s for its TLS handshake while TCP took 14 ms. */
const tlsMsMax = 5000;
const dayMs = 86_400_000;

/** Walks as far as it gets: to a socket that HTTP can be spoken over, or to the step that fails. */
export const walk = async (destination: Destination, parts: PathParts): Promise<Way> => {
  const { url, proxy } = destination;
  const findings: Finding[] = [];
  const note = <T>(step: Step, { value, level, fact, tookMs }: Tried<T>): T | undefined => {
    findings.push({ step, level, fact, tookMs });
    return value;
  };
  const { host, port } = firstHop(destination);
  const addresses = isIP(host) === 0 ? note('dns', await resolve(host, parts)) : [host];
  if (!addresses) return { findings };
  const { connectMs } = destination;
  const dialled = note('tcp', await dial({ host, port, addresses, connectMs }, parts));
  if (!dialled) return { findings };
  const plain =
    proxy === undefined ? dialled : note('proxy', await passThrough(dialled, destination, parts));
  const isTls = url.protocol === 'https:';
  const socket = plain && isTls ? note('tls', await secure(plain, destination, parts)) : plain;
  if (!socket) dialled.destroy();

  return { findings, ...(socket && { socket }) };
};

interface Hop {
  readonly host: string;
  readonly port: number;
}

/** Who is dialled. */
const firstHop = ({ url, via, proxy }: Destination): Hop =>
  via ?? hopOf(proxy === undefined ? url : new URL(proxy));

const hopOf = ({ hostname, port, protocol }: URL): Hop => ({
  host: hostname.replaceAll(/[[\]]/g, ''),
  port: Number(port === '' ? (protocol === 'https:' ? 443 : 80) : port),
});

/** What a step came to; without a value the way ends here. */
interface Tried<T> {
  readonly value?: T;
  readonly level: Level;
  readonly fact: Fact;
  readonly tookMs: number;
}

const resolve = async (host: string, parts: PathParts): Promise<Tried<readonly string[]>> => {
  const { clock, lookup = lookupAll } = parts;
  const began = clock.now();
  const took = (): number => clock.now() - began;
  try {
    const addresses = await within(clock, dnsMsMax, 'DNS', lookup(host));
    return { value: addresses, level: 'ok', fact: { kind: 'resolved', addresses }, tookMs: took() };
  } catch (error) {
    const code = codeOf(error);
    const isUnknown = code === 'ENOTFOUND' || code === 'ENODATA';
    const failed: Fact = isUnknown
      ? { kind: 'unknown-host', host }
      : { kind: 'dns-failed', host, code };
    const isLate = error instanceof DeadlineError;
    const fact: Fact = isLate ? { kind: 'dns-silent', host, waitedMs: dnsMsMax } : failed;
    return { level: 'bad', fact, tookMs: took() };
  }
};

const lookupAll = async (host: string): Promise<readonly string[]> =>
  (await systemLookup(host, { all: true })).map(({ address }) => address);

interface Dialling {
  readonly host: string;
  readonly port: number;
  readonly addresses: readonly string[];
  readonly connectMs: number;
}

const dial = async (
  { host, port, addresses, connectMs }: Dialling,
  { clock, closing, connect = connectTcp }: PathParts,
): Promise<Tried<Socket>> => {
  const began = clock.now();
  const took = (): number => clock.now() - began;
  const socket = connect({
    host,
    port,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: 250,
    lookup: (_host, _options, callback) =>
      callback(
        null,
        addresses.map((address) => ({ address, family: isIP(address) })),
      ),
  });
  const leave = (): void => void socket.destroy(new Error('nobody waits any more'));
  closing?.addEventListener('abort', leave, { once: true });
  socket.once('close', () => closing?.removeEventListener('abort', leave));
  try {
    await within(clock, connectMs, 'TCP', settled(socket, 'connect'));
    const address = socket.remoteAddress ?? host;
    return {
      value: socket,
      level: 'ok',
      fact: { kind: 'connected', address, port },
      tookMs: took(),
    };
  } catch (error) {
    socket.destroy();
    const code = codeOf(error);
    const isSilent = error instanceof DeadlineError || code === 'ETIMEDOUT';
    const address = addresses[0] ?? host;
    const silent: Fact = { kind: 'silent', host, address, port, waitedMs: Math.round(took()) };
    const refused: Fact = { kind: 'refused', host, port };
    const other: Fact = code === 'ECONNREFUSED' ? refused : { kind: 'unroutable', host, code };
    return { level: 'bad', fact: isSilent ? silent : other, tookMs: took() };
  }
};

const passThrough = async (
  socket: Socket,
  { url, proxy = '', connectMs, ca }: Destination,
  { clock }: PathParts,
): Promise<Tried<Socket>> => {
  const began = clock.now();
  const through = new URL(proxy);
  const input = { proxy: through, socket, ...hopOf(url), ...(ca && { ca }) };
  const name = through.host;
  try {
    const tunnelled = await within(clock, connectMs, 'the HTTP proxy', tunnel(input));
    const tookMs = clock.now() - began;
    return 'fact' in tunnelled
      ? { level: 'bad', fact: tunnelled.fact, tookMs }
      : { value: tunnelled.socket, level: 'ok', fact: { kind: 'tunnelled', proxy: name }, tookMs };
  } catch (error) {
    const fact: Fact = { kind: 'tunnel-broken', proxy: name, message: messageOf(error) };
    return { level: 'bad', fact, tookMs: clock.now() - began };
  }
};

const secure = async (
  plain: Socket,
  { url, ca }: Destination,
  { clock }: PathParts,
): Promise<Tried<TLSSocket>> => {
  const began = clock.now();
  const took = (): number => clock.now() - began;
  const host = url.hostname.replaceAll(/[[\]]/g, '');
  const socket = connectTls({
    socket: plain,
    host,
    ...(isIP(host) === 0 && { servername: host }),
    ...(ca && { ca: [...ca] }),
    ALPNProtocols: ['http/1.1'],
    // Looked at below: what cannot be trusted is told, and nothing is sent to it.
    rejectUnauthorized: false,
  });
  try {
    await within(clock, tlsMsMax, 'TLS', settled(socket, 'secureConnect'));
  } catch (error) {
    socket.destroy();
    const fact: Fact =
      error instanceof DeadlineError
        ? { kind: 'tls-silent', host, waitedMs: tlsMsMax }
        : { kind: 'tls-broken', message: messageOf(error) };
    return { level: 'bad', fact, tookMs: took() };
  }
  const judged = judge(socket, host, clock.wall());
  if (judged.level === 'bad') socket.destroy();

  return {
    ...judged,
    tookMs: took(),
    ...(judged.level !== 'bad' && { value: socket }),
  };
};

const judge = (
  socket: TLSSocket,
  host: string,
  wallNow: number,
): { readonly level: Level; readonly fact: Fact } => {
  const certificate = socket.getPeerCertificate();
  const daysLeft = Math.floor((Date.parse(certificate.valid_to) - wallNow) / dayMs);
  const issuer = issuerOf(certificate);
  const names = certificate.subjectaltname?.replaceAll('DNS:', '') ?? '';
  if (socket.authorized) {
    const name = names === '' ? host : names;
    const level = daysLeft < daysLeftMin ? 'warn' : 'ok';
    return { level, fact: { kind: 'certified', name, issuer, daysLeft } };
  }
  const code = String(socket.authorizationError);
  if (code === 'CERT_HAS_EXPIRED')
    return { level: 'bad', fact: { kind: 'expired', daysAgo: -daysLeft } };
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return { level: 'bad', fact: { kind: 'wrong-name', host, names } };

  return { level: 'bad', fact: { kind: 'untrusted', issuer, code } };
};

const issuerOf = ({ issuer }: Partial<PeerCertificate>): string => {
  const name: unknown = issuer?.O ?? issuer?.CN;
  if (Array.isArray(name)) return name.join(', ');
  return typeof name === 'string' ? name : '?';
};

/** Resolves on the event, rejects on an error or a close before it. */
const settled = (socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once(event, resolve);
    // Never taken off: a socket that fails later must not bring the process down.
    socket.on('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed')));
  });

/** The code of an error; of one that gathers several, the most telling. */
const codeOf = (error: unknown): string => {
  if (error instanceof AggregateError) {
    const codes = error.errors.map((it: unknown) => codeOf(it));
    return codes.find((code) => code === 'ECONNREFUSED') ?? codes[0] ?? 'UNKNOWN';
  }
  const isCoded = error instanceof Error && 'code' in error && typeof error.code === 'string';
  return isCoded ? String(error.code) : messageOf(error);
};

/** An error in one line. */
export const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message || error.name : String(error)).split('\n', 1)[0] ?? '';
