/**
 * What a simulated model says: nothing clever, but what it was asked for, token by token.
 *
 *     asked to go on ──▶ goes on counting, or misbehaves in a named way
 *     offered tools, and none has answered yet ──▶ calls one, with arguments that obey its schema
 *     asked for JSON ──▶ JSON that obeys its schema
 *     otherwise ──▶ `p1 p2 p3 …`, as many as it was asked for
 *
 * Numbered tokens make an answer checkable: a reader who has `p1-40 a41-90` lost nothing at the
 * seam. A model that thinks does so first, `t1 t2 …`. The same conversation gives the same answer,
 * wherever it is asked.
 */

import type { EndReason } from '../../protocol/generation.ts';
import type { FunctionTool, TextFormat, ToolChoice } from '../../protocol/responses.ts';
import { logNormal } from '../../random/distribution.ts';
import { type Random, seeded } from '../../random/random.ts';
import type { SimulatedCloud } from '../../system/system.ts';
import { hasToolResult, lastQuestion, type Message, prefixOf } from './conversation.ts';
import { jsonSample } from './json-sample.ts';

export interface Ask {
  readonly messages: readonly Message[];
  readonly tools: readonly FunctionTool[];
  readonly toolChoice: ToolChoice;
  readonly isParallelToolCalls: boolean;
  readonly format: TextFormat;
  readonly thinks: boolean;
  readonly outputTokensMax: number;
  /** Who counts: `p` for the primary, `a` for the fallback. */
  readonly letter: 'p' | 'a';
  readonly continues: SimulatedCloud['continues'];
}

/** One token of an answer. The name of a call is a token; its arguments are several. */
export type Piece =
  | { readonly kind: 'thinking'; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'call'; readonly index: number; readonly name: string }
  | { readonly kind: 'arguments'; readonly index: number; readonly text: string };

export interface Answer {
  readonly pieces: readonly Piece[];
  readonly reason: EndReason;
}

/** Decides the whole answer. */
export const answerTo = (ask: Ask): Answer => {
  const prefix = prefixOf(ask.messages);
  const said = prefix === undefined ? begun(ask) : continued(ask, prefix);
  // One who goes on with a text has done the thinking.
  const thoughts = ask.thinks && prefix === undefined ? thinking(said.length) : [];
  const pieces = [...thoughts, ...said];
  if (pieces.length > ask.outputTokensMax)
    return { pieces: pieces.slice(0, ask.outputTokensMax), reason: 'length' };
  return { pieces, reason: said.some(({ kind }) => kind === 'call') ? 'tool-calls' : 'stop' };
};

/** How many tokens the user asked for, in words, or about 130 where nothing was said. */
export const wantedTokens = (messages: readonly Message[]): number => {
  // The last such words count, because whoever quotes a document asks after it.
  const asked = [...lastQuestion(messages).matchAll(/(\d+)\s*(?:tokens?|トークン)/gi)];
  const said = asked.at(-1)?.[1];
  if (said !== undefined) return Math.min(Math.max(1, Number(said)), wantedTokensMax);
  const drawn = logNormal(chanceOf(messages).fork('length'), 130, 0.7);
  return Math.round(Math.min(Math.max(drawn, 20), 600));
};

/** More than any model gives in one answer. */
const wantedTokensMax = 131_072;
/** A model that thinks spends about a quarter of its answer on it, but not for ever. */
const thinkingRatio = 0.25;
const thinkingTokensMax = 100;
/** Characters of JSON to a token. */
const tokenChars = 4;
/** How much of the text before it a model that stutters says again. */
const repeatedTokens = 8;

/** The chance of a conversation hangs on what users said alone, so that every model shares it. */
const chanceOf = (messages: readonly Message[]): Random =>
  seeded(
    messages
      .filter(({ role }) => role === 'user')
      .map(({ text }) => text)
      .join('\n'),
  );

const begun = (ask: Ask): Piece[] => {
  const chance = chanceOf(ask.messages);
  const calls = callsOf(ask);
  if (calls.length > 0) return calls.flatMap((tool, index) => callOf(tool, index, chance));
  switch (ask.format.type) {
    case 'text':
      return numbered(ask.letter, 1, wantedTokens(ask.messages));
    case 'json_object':
      return texts(tokensOf(JSON.stringify({ answer: jsonSample({}, chance.fork('json')) })));
    case 'json_schema': {
      const value = jsonSample(ask.format.schema, chance.fork('json'));
      return texts(tokensOf(JSON.stringify(value)));
    }
  }
};

/** The tools to call: none, the one that is demanded, the first, or the first two. */
const callsOf = ({ messages, tools, toolChoice, isParallelToolCalls }: Ask): FunctionTool[] => {
  if (toolChoice === 'none') return [];
  if (typeof toolChoice === 'object' && toolChoice.type === 'function')
    return tools.filter(({ name }) => name === toolChoice.name).slice(0, 1);
  const isAllowed = (tool: FunctionTool): boolean =>
    typeof toolChoice === 'string' || toolChoice.tools.some(({ name }) => name === tool.name);
  const mustCall =
    toolChoice === 'required' || (typeof toolChoice === 'object' && toolChoice.mode === 'required');
  if (hasToolResult(messages) && !mustCall) return [];
  const isTwo = isParallelToolCalls && /in parallel|並列|同時に/i.test(lastQuestion(messages));
  return tools.filter(isAllowed).slice(0, isTwo ? 2 : 1);
};

/** Arguments are an object, whatever the schema forgot to say. */
const callOf = ({ name, parameters }: FunctionTool, index: number, chance: Random): Piece[] => {
  const value = parameters
    ? jsonSample({ type: 'object', ...parameters }, chance.fork(`call ${index}`))
    : {};
  const pieces: Piece[] = [{ kind: 'call', index, name }];
  for (const text of tokensOf(JSON.stringify(value)))
    pieces.push({ kind: 'arguments', index, text });
  return pieces;
};

const continued = ({ messages, letter, continues }: Ask, prefix: string): Piece[] => {
  const wanted = wantedTokens(messages);
  const reached = Number(/[a-z](\d+)\s*$/i.exec(prefix)?.[1] ?? 0);
  const rest = numbered(letter, reached + 1, wanted);
  const said = ((): Piece[] => {
    switch (continues) {
      case 'well':
        return rest;
      case 'start-over':
        return numbered(letter, 1, wanted);
      case 'repeat':
        return [...texts(endOf(prefix)), ...rest];
      case 'preamble':
        return [...texts(wordsOf('Sure, here is the continuation: ')), ...rest];
      case 'language':
        return texts(
          /[\u3041-\u30ff]/.test(lastQuestion(messages))
            ? wordsOf('From here on the answer goes on in English, which nobody asked for.')
            : tokensOf('ここから先は、頼まれていない日本語で答えを続けます。', 2),
        );
      case 'refuse':
        return texts(wordsOf("I'm sorry, but I can't continue that."));
    }
  })();
  return /\s$/.test(prefix) ? said : spaced(said);
};

/** The last tokens of a text, ready to be followed by more. */
const endOf = (text: string): string[] =>
  (text.match(/\S+/g) ?? []).slice(-repeatedTokens).map((token) => `${token} `);

/** A text that broke off right after a word goes on with the space before the next. */
const spaced = ([first, ...others]: readonly Piece[]): Piece[] =>
  first?.kind === 'text' ? [{ ...first, text: ` ${first.text}` }, ...others] : [];

const thinking = (answerTokens: number): Piece[] => {
  const count = Math.min(Math.ceil(answerTokens * thinkingRatio), thinkingTokensMax);
  return Array.from({ length: count }, (_, at) => ({ kind: 'thinking', text: `t${at + 1} ` }));
};

const numbered = (letter: string, from: number, to: number): Piece[] =>
  texts(
    Array.from({ length: Math.max(0, to - from + 1) }, (_, at) =>
      from + at === to ? `${letter}${to}` : `${letter}${from + at} `,
    ),
  );

const texts = (tokens: readonly string[]): Piece[] =>
  tokens.map((text) => ({ kind: 'text', text }));

const wordsOf = (text: string): readonly string[] => text.match(/\S+\s*/g) ?? [];

/** Cuts a text into tokens of so many characters, none of them cut itself. */
const tokensOf = (text: string, chars = tokenChars): string[] =>
  text.match(new RegExp(`[^]{1,${chars}}`, 'gu')) ?? [];
