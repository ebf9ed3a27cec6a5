/** What must hold of what readers were sent: nothing lost, repeated, or whole only in looks. */

import { readStream } from '../kit/response-grammar.ts';
import { type Checker, nameOf } from './ground.ts';
import type { SeenTurn } from './swarm-run.ts';

/**
 * Every token once and in order, or a declared failure; never an end that looks whole and is not.
 */
export const integrity: Checker = ({ run }) =>
  run.turns.flatMap((turn) => {
    const { outcome, text, toolCalls } = turn.record;
    const name = nameOf(turn);
    if (outcome === 'truncated' || outcome === 'hung') return [`${name} is ${outcome}`];
    const { format, tools } = turn.question;
    if (toolCalls.length > 0 || (tools && outcome === 'completed' && turn.mark !== undefined))
      return outcome === 'completed' && !hasWholeCall(turn) ? [`${name}: a call is not whole`] : [];
    if (format)
      return outcome === 'completed' && !isReport(text) ? [`${name}: JSON is not whole`] : [];
    const words = text.split(/\s+/).filter((word) => word !== '');
    const wrong = words.findIndex((word, at) => !new RegExp(`^[pa]${at + 1}$`).test(word));
    if (wrong >= 0) return [`${name}: ${words.slice(0, wrong + 1).join(' ')}`];
    // After a tool's result the simulated model answers as long as the question asked for.
    const { wantedTokens } = turn.question;
    return outcome === 'completed' && words.length !== wantedTokens
      ? [`${name}: completed with ${words.length} of ${wantedTokens} tokens`]
      : [];
  });

const hasWholeCall = ({ record }: SeenTurn): boolean =>
  record.toolCalls.length > 0 &&
  record.toolCalls.every(({ name, arguments: text }) => name === 'look_up' && hasId(text));

const hasId = (text: string): boolean => {
  const value = valueOf(text);
  return typeof value === 'object' && value !== null && 'id' in value;
};

const isReport = (text: string): boolean => {
  const value = valueOf(text);
  return typeof value === 'object' && value !== null && 'count' in value && 'title' in value;
};

const valueOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** What was written is what strict clients accept. */
export const grammar: Checker = ({ run }) =>
  run.turns.flatMap((turn) => {
    const { manner, record, written } = turn;
    if (record.outcome === 'cancelled' || record.status !== 200 || !manner.isStream) return [];
    // Who cancels an answer is not told of its end.
    if (manner.background === 'cancels' && record.outcome === 'failed') return [];
    try {
      const { text, resource } = readStream(written);
      if (text !== record.text) return [`${nameOf(turn)}: the reader and the grammar disagree`];
      return resource.status === record.outcome ? [] : [`${nameOf(turn)}: ${resource.status}`];
    } catch (error) {
      return [`${nameOf(turn)}: ${error instanceof Error ? error.message : String(error)}`];
    }
  });

/** Who is said to have answered is who answered. */
export const origin: Checker = ({ run, attempts }) =>
  run.turns.flatMap((turn) => {
    const { record, trace } = turn;
    const served = attempts.find((it) => it.trace === trace && it.outcome === 'served');
    const isTold = record.outcome === 'completed' && record.backend !== undefined;
    return isTold && record.backend !== served?.backend
      ? [`${nameOf(turn)} was answered by ${served?.backend}, and told ${record.backend}`]
      : [];
  });
