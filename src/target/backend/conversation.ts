/**
 * What a simulated backend was told, freed from the wire it came by, and what can be said of it
 * without understanding it: how long it is, which beginnings it shares with others, which turns of
 * which session it holds, and whether it asks for an answer or for the rest of one.
 */

import { hash } from 'node:crypto';

import { blockTokens } from '../../engine/engine.ts';
import { estimateTokens } from '../../token/estimate.ts';
import { turnMarkPattern } from '../../workload/session.ts';

export interface Message {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly text: string;
  /** Calls the assistant made in this message, as it would be shown them. */
  readonly calls?: string;
}

export interface Conversation {
  /** The offered tools as text, as a chat template would put them before everything else. */
  readonly tools: string;
  readonly messages: readonly Message[];
}

/** A prompt as an engine sees it. */
export interface Prompt {
  readonly promptTokens: number;
  readonly prefixes: readonly string[];
}

/** Tokens that a chat template adds to each message: its role and its ends. */
const templateTokens = 4;

/** Characters hashed together. Small enough that a prefix is known to within about a block. */
const sliceChars = 256;

/**
 * Tokens of the conversation and the hashes of its blocks, each chained to the one before. A
 * conversation that goes on keeps the hashes of what it began with, so a prompt cache finds it.
 */
export const promptOf = ({ tools, messages }: Conversation): Prompt => {
  const prefixes: string[] = [];
  let promptTokens = 0;
  let chain = '';
  const add = (text: string): void => {
    for (let at = 0; at < text.length; at += sliceChars) {
      const slice = text.slice(at, at + sliceChars);
      chain = hash('sha1', `${chain} ${slice}`, 'base64url').slice(0, 16);
      promptTokens += estimateTokens(slice);
      while ((prefixes.length + 1) * blockTokens <= promptTokens)
        prefixes.push(`${chain}${prefixes.length}`);
    }
  };
  add(tools);
  for (const message of messages) {
    promptTokens += templateTokens;
    add(`${message.role}\n${message.text}${message.calls ?? ''}`);
  }
  return { promptTokens, prefixes };
};

/** Tokens of the conversation, by estimate. */
export const countPromptTokens = (conversation: Conversation): number =>
  promptOf(conversation).promptTokens;

/**
 * The conversation without as many of its oldest messages as it takes to fit. What the system says
 * and the last message always stay, so it may still be too long. Ollama does this, silently.
 */
export const withoutFront = (conversation: Conversation, tokensMax: number): Conversation => {
  const { messages, tools } = conversation;
  let excess = countPromptTokens(conversation) - tokensMax;
  const kept = messages.filter((message, at) => {
    const mustStay = message.role === 'system' || at === messages.length - 1;
    if (excess <= 0 || mustStay) return true;
    excess -= countPromptTokens({ tools: '', messages: [message] });
    return false;
  });
  return { tools, messages: kept };
};

/** What the user said last. */
export const lastQuestion = (messages: readonly Message[]): string =>
  messages.findLast(({ role }) => role === 'user')?.text ?? '';

/** Whether a tool has answered since the user last spoke. */
export const hasToolResult = (messages: readonly Message[]): boolean =>
  messages.findLastIndex(({ role }) => role === 'tool') >
  messages.findLastIndex(({ role }) => role === 'user');

/**
 * The beginning of an answer that is to be gone on with: the last message, if the assistant's. What
 * the system says after it, such as how to continue, does not change that.
 */
export const prefixOf = (messages: readonly Message[]): string | undefined => {
  const last = messages.findLast(({ role }) => role !== 'system');
  return last?.role === 'assistant' && !last.calls && last.text !== '' ? last.text : undefined;
};

/** The numbered turns that the user messages hold, in short: `s3 t1-4`, or `s3 t1,3`. */
export const historyOf = (messages: readonly Message[]): string | undefined => {
  const turns = new Map<number, Set<number>>();
  for (const { role, text } of messages) {
    if (role !== 'user') continue;
    for (const [, session, turn] of text.matchAll(turnMarkPattern)) {
      const known = turns.get(Number(session)) ?? new Set();
      turns.set(Number(session), known.add(Number(turn)));
    }
  }
  if (turns.size === 0) return undefined;
  return [...turns].map(([session, known]) => `s${session} t${rangesOf([...known])}`).join(' ');
};

const rangesOf = (numbers: readonly number[]): string => {
  const ranges: { from: number; to: number }[] = [];
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last?.to === number - 1) last.to = number;
    else ranges.push({ from: number, to: number });
  }
  return ranges.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(',');
};
