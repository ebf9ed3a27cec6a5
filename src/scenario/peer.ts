/**
 * A proxy of others, as an arm of a suite: where it listens, what it is, and the file it was
 * started with, which belongs to what it is measured by.
 */

import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';

import type { SourceDocument } from '../system/document.ts';
import type { Mistake } from '../system/mistake.ts';
import { isRecord } from '../system/validation.ts';
import { property } from './name.ts';

/** A proxy of others. */
export interface Peer {
  /** Base URL, with `/v1`. */
  readonly url: string;
  /** Name and version. */
  readonly product: string;
  readonly tuning: 'defaults' | 'tuned';
  /** The file it was started with, without secrets. */
  readonly config: string;
}

export interface ReadPeer {
  readonly value?: Peer;
  readonly mistakes: readonly Mistake[];
}

/** The peer of a variant, its file read from beside the scenario; nothing where it has none. */
export const readPeer = (variant: unknown, at: number, document: SourceDocument): ReadPeer => {
  const written = property(variant, 'peer');
  // What it lacks or has too much of is told by the schema.
  if (!isRecord(written)) return { mistakes: [] };
  const { url, product, tuning, config } = written;
  const path = ['variants', at];
  if (property(variant, 'proxy') !== undefined) {
    const hint = 'Give each an arm of its own.';
    const problem = 'an arm is either the yardstick or a proxy of others';
    return { mistakes: [document.mistake([...path, 'proxy'], problem, hint, true)] };
  }
  if (typeof url !== 'string' || typeof product !== 'string' || typeof config !== 'string')
    return { mistakes: [] };
  const file = isAbsolute(config) ? config : join(dirname(document.file), config);
  try {
    const text = withoutKeys(readFileSync(file, 'utf8'));
    const known = tuning === 'tuned' ? 'tuned' : 'defaults';
    return { value: { url, product, tuning: known, config: text }, mistakes: [] };
  } catch {
    const problem = `expected the file that it was started with, found none at ${file}`;
    const hint = 'Write it with: spillway check --emit litellm SCENARIO > FILE';
    return { mistakes: [document.mistake([...path, 'peer', 'config'], problem, hint)] };
  }
};

/** Values of keys, tokens, secrets and passwords, unless they are names of variables. */
const secret =
  /((?:key|token|secret|password)["']?\s*[:=]\s*)(?!\s|true\b|false\b|["']?(?:os\.environ\/|\$\{?\w|env[:.]))(?:"[^"]*"|'[^']*'|[^\s,}]+)/gi;

/** A file of settings without what it should not have held. */
export const withoutKeys = (text: string): string => text.replaceAll(secret, '$1(removed)');
