/**
 * Who may ask, and under which rule of residency.
 *
 * Keys are compared by their hashes in constant time, and all of them are always looked at, so that
 * the time an answer takes tells nothing about a key.
 */

import { createHash, timingSafeEqual } from 'node:crypto';

import type { KeySystem, ResidencyRule } from '../../system/system.ts';
import { ApiError } from './api-error.ts';
import { asText } from './json.ts';

/** The one who asks, as far as a key can tell. */
interface KeyHolder {
  readonly name: string;
  readonly residency: ResidencyRule;
}

/** Reads the holder from an `authorization` header; throws an `ApiError` of status 401. */
export type Authentication = (authorization: string | undefined) => KeyHolder;

/** With no keys, everyone is `anonymous`. */
export const keyAuthentication = (keys: readonly KeySystem[]): Authentication => {
  const hashed = keys.map(({ key, name, residency }) => ({
    hash: hashOf(key),
    holder: { name, residency },
  }));
  return (authorization) => {
    if (hashed.length === 0) return { name: 'anonymous', residency: 'local-first' };
    const key = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
    if (key === undefined) throw unauthorized('You did not provide an API key.');
    const hash = hashOf(key);
    let found: KeyHolder | undefined;
    for (const it of hashed) if (timingSafeEqual(it.hash, hash)) found = it.holder;
    if (!found) throw unauthorized('Incorrect API key provided.');
    return found;
  };
};

/**
 * What says who asks: `authorization`, or a header that clients of Azure (`api-key`) and of other
 * gateways (`x-api-key`) send in its place.
 */
export const keyOf = (headers: Readonly<Record<string, unknown>>): string | undefined => {
  const authorization = asText(headers['authorization']);
  if (authorization !== undefined) return authorization;
  const key = asText(headers['api-key']) ?? asText(headers['x-api-key']);
  return key === undefined ? undefined : `Bearer ${key}`;
};

/** Whether a host name or address can be reached from this machine alone. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);

const hashOf = (key: string): Buffer => createHash('sha256').update(key).digest();

const unauthorized = (problem: string): ApiError =>
  new ApiError({
    status: 401,
    code: 'invalid_api_key',
    message: `${problem} Send one as \`Authorization: Bearer KEY\`.`,
  });
