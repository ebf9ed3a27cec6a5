/**
 * Certificates made as a run begins: an authority that nobody knows but the one it is told to, and
 * what it signs. Good ones let a simulated backend speak TLS; bad ones are what a fault shows.
 *
 * Node signs, and makes no certificates, so the few fields of X.509 are written here in DER
 * (RFC 5280, section 4.1; ECDSA by RFC 5758):
 *
 *     Certificate = { tbs, algorithm, signature of tbs }
 *     tbs = { version, serial, algorithm, issuer, validity, subject, public key, extensions }
 */

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** A certificate and its key, both in PEM. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** What is wrong with a certificate. */
export type CertificateFlaw = 'expired' | 'wrong-name' | 'untrusted';

export interface Authority {
  /** Its own certificate, in PEM: who trusts this trusts what it signs. */
  readonly cert: string;
  /** A certificate for a host, good unless a flaw is named. */
  issue(host: string, flaw?: CertificateFlaw): Identity;
}

const dayMs = 86_400_000;

/** Makes an authority. `wall` is the time of day in milliseconds. */
export const certificateAuthority = (wall: number): Authority => {
  const own = keyPair();
  const name = 'Spillway authority of one run';
  let serial = 1;
  const validity = { from: wall - dayMs, until: wall + 30 * dayMs };
  const signedBy = (
    signer: KeyObject,
    subject: string,
    publicKey: KeyObject,
    more: Pick<Fields, 'validity' | 'extensions'> & { readonly issuer?: string },
  ): string => pem({ serial: serial++, issuer: name, subject, publicKey, ...more }, signer);

  return {
    cert: signedBy(own.privateKey, name, own.publicKey, { validity, extensions: [isAuthority] }),
    issue: (host, flaw) => {
      const { publicKey, privateKey } = keyPair();
      const shown = flaw === 'wrong-name' ? 'elsewhere.invalid' : host;
      const past = { from: wall - 30 * dayMs, until: wall - dayMs };
      // Signed by itself, it is vouched for by nobody.
      const signer = flaw === 'untrusted' ? privateKey : own.privateKey;
      const cert = signedBy(signer, shown, publicKey, {
        validity: flaw === 'expired' ? past : validity,
        extensions: [namedAs(shown)],
        ...(flaw === 'untrusted' && { issuer: shown }),
      });
      return { cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
    },
  };
};

interface Fields {
  readonly serial: number;
  readonly issuer: string;
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly validity: { readonly from: number; readonly until: number };
  readonly extensions: readonly Buffer[];
}

const keyPair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });

const pem = (fields: Fields, signer: KeyObject): string => {
  const tbs = sequence(
    tagged(0xa0, integer(2)),
    integer(fields.serial),
    algorithm,
    nameOf(fields.issuer),
    sequence(time(fields.validity.from), time(fields.validity.until)),
    nameOf(fields.subject),
    fields.publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(...fields.extensions)),
  );
  const der = sequence(tbs, algorithm, bits(sign('sha256', tbs, signer)));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
};

/** Tag, length, value: lengths from 128 on are told in bytes of their own. */
const tagged = (tag: number, ...values: readonly Buffer[]): Buffer => {
  const value = Buffer.concat(values);
  const length =
    value.length < 128
      ? [value.length]
      : value.length < 256
        ? [0x81, value.length]
        : [0x82, value.length >> 8, value.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), value]);
};

const sequence = (...values: readonly Buffer[]): Buffer => tagged(0x30, ...values);

/** Below 128: with a byte for each digit that would be needed beyond. */
const integer = (value: number): Buffer => tagged(0x02, Buffer.from([value]));

const bits = (value: Buffer): Buffer => tagged(0x03, Buffer.from([0]), value);

/** An object identifier, already encoded. */
const objectId = (hex: string): Buffer => tagged(0x06, Buffer.from(hex, 'hex'));

/** `20261123120000Z`. */
const time = (instant: number): Buffer => {
  const text = new Date(instant).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return tagged(0x18, Buffer.from(text));
};

/** 1.2.840.10045.4.3.2, ecdsa-with-SHA256. */
const algorithm = sequence(objectId('2a8648ce3d040302'));

/** A name of one part, the common name (2.5.4.3). */
const nameOf = (text: string): Buffer =>
  sequence(tagged(0x31, sequence(objectId('550403'), tagged(0x0c, Buffer.from(text)))));

const yes = tagged(0x01, Buffer.from([0xff]));

/** Basic constraints (2.5.29.19), critical: it may sign. */
const isAuthority = sequence(objectId('551d13'), yes, tagged(0x04, sequence(yes)));

/** The name it is for (2.5.29.17). */
const namedAs = (host: string): Buffer =>
  sequence(objectId('551d11'), tagged(0x04, sequence(tagged(0x82, Buffer.from(host)))));
