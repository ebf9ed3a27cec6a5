/**
 * Text that a client keeps for us without reading it: `encrypted_content`.
 *
 * A client without stored state sends back what it was given, and a model that is to go on needs
 * its own thoughts, or the summary of what was left out. The text is as readable as the reasoning
 * that stands beside it, so it is wrapped and not ciphered. What another provider sealed cannot be
 * read here, and ours is never sent to another provider.
 */

import { asRecord, parseJson } from './json.ts';

export type SealedKind = 'reasoning' | 'compaction';

export interface Sealed {
  readonly text: string;
  /** It was said under `local-only`, which holds wherever it comes back. */
  readonly isLocalOnly: boolean;
}

const version = 'spillway.1';

/** Wraps a text. */
export const seal = (kind: SealedKind, { text, isLocalOnly }: Sealed): string => {
  const json = JSON.stringify({ kind, text, ...(isLocalOnly ? { residency: 'local-only' } : {}) });
  return `${version}.${Buffer.from(json).toString('base64url')}`;
};

/** What was wrapped; undefined for what we did not wrap, or wrapped as something else. */
export const unseal = (kind: SealedKind, sealed: string): Sealed | undefined => {
  if (!sealed.startsWith(`${version}.`)) return undefined;
  const json = Buffer.from(sealed.slice(version.length + 1), 'base64url').toString('utf8');
  const fields = asRecord(parseJson(json));
  const text = fields?.['text'];
  return fields?.['kind'] === kind && typeof text === 'string'
    ? { text, isLocalOnly: fields['residency'] === 'local-only' }
    : undefined;
};
