/**
 * A row of the catalogue: one way a backend fails, and which fault shows it.
 *
 * N is the network, H what HTTP says, R what a stream says, B how a backend behaves. `bench` is the
 * scenario of failoverbench (https://github.com/failoverbench/failoverbench) that asks the same.
 *
 * `client` is what a client of ours gets while another backend is well and nothing is continued:
 *
 * | `same`   | the answer, as if nothing had been; nobody else is asked              |
 * | `switch` | the answer of the other backend, whole                                |
 * | `fail`   | what came, and that it failed                                         |
 * | `told`   | the refusal itself: it is the request that is at fault                |
 * | `ended`  | what came, and why it ended there                                     |
 */

import type { FaultSpec } from '../../../src/target/fault/schema.ts';

export type Words = Omit<FaultSpec, 'backend' | 'backends' | 'at' | 'address' | 'addresses'>;

export interface CatalogueCase {
  readonly words: Words;
  /** Absent where a wire in plain text with one request cannot show it. */
  readonly client?: 'same' | 'switch' | 'fail' | 'told' | 'ended';
  /** Seen by a deadline alone. */
  readonly isSilent?: true;
  /** The only dialects it fits. */
  readonly dialects?: readonly ('ollama' | 'chat' | 'responses')[];
}

export interface CatalogueRow {
  readonly id: string;
  readonly what: string;
  readonly bench?: string;
  readonly cases: readonly CatalogueCase[];
  /** Where else it is shown: a scenario or a test. */
  readonly shownIn?: string;
  /** Why there is no fault of it. */
  readonly reason?: string;
}

type Client = NonNullable<CatalogueCase['client']>;

/** After two tokens. */
export const mid = { afterTokens: 2 } as const;
/** Before the first token. */
export const start = { afterTokens: 0 } as const;

/** A fault, and what a client gets. */
export const shown = (client: Client, words: Words): CatalogueCase => ({ words, client });
/** The same, of one that only a deadline sees. */
export const silent = (client: Client, words: Words): CatalogueCase => ({
  words,
  client,
  isSilent: true,
});
/** A fault that is shown elsewhere. */
export const named = (words: Words): CatalogueCase => ({ words });
/** One that only Responses has numbers for. */
export const numbered = (client: Client, words: Words): CatalogueCase => ({
  words,
  client,
  dialects: ['responses'],
});
/** Rejections by name. */
export const rejected = (client: Client, presets: readonly string[]): readonly CatalogueCase[] =>
  presets.map((preset) => shown(client, { kind: 'reject', preset }));
/** Ways to write the same. */
export const reformatted = (forms: readonly string[]): readonly CatalogueCase[] =>
  forms.map((form) => shown('same', { kind: 'reformat', form }));
/** A failure inside a 200, at the start and in the middle. */
export const inside = (form: string): readonly CatalogueCase[] => [
  shown('switch', { kind: 'preamble-then-fail', form }),
  shown('fail', { kind: 'preamble-then-fail', form, when: 'mid-stream', ...mid }),
];
