/**
 * Habits of people and programs who ask, as numbers fitted to published traces.
 *
 * A trace logs the whole input of a request, history included; a profile says what a turn adds to
 * it, because the proxy keeps the history. Where a figure is not published it is called ours.
 *
 * Sources
 * - Azure LLM inference trace 2023, conversation (CC-BY 4.0): output tokens p50 129, p90 424,
 *   p99 601; coding: output p50 13, p90 55. https://github.com/Azure/AzurePublicDataset
 * - BurstGPT v3 (CC-BY 4.0): 55,920 sessions, turns mean 4.18, p50 2, p90 9, p99 31; think time
 *   p10 17 s, p50 124 s. https://github.com/HPMLL/BurstGPT
 * - RAGPulse (MIT): turns mean 1.78, 59 % single, p95 4, p99 8; input p50 3,140, of which system
 *   prompt 47 %, passages 43 %; input by turn 2,736, 2,949, 3,248, 3,561; output p50 234, p90 563,
 *   p99 891; gaps of at most 30 min log-normal, mu 3.82, sigma 1.07 (seconds).
 * - User messages: mean of 70 tokens in LMSYS-Chat-1M, 94 in ShareGPT, 296 in WildChat-1M.
 * - Agents: gap after a tool result 1.0 s (TraceLab); output p50 218 (SemiAnalysis cc-traces).
 */

import type { Law } from './law.ts';

/** The profiles that are statistics; `scripted` is the scenario's own. */
export type ProfileName = 'chat' | 'office-rag' | 'private-miner' | 'agent-tools';

/** How sessions of one kind look. */
export interface Profile {
  /** Length of the instructions that all sessions share. */
  readonly instructionTokens: number;
  readonly turns: Law;
  /**
   * Length of what the first turn says, and each later one; the mark and the sentence that asks for
   * a length are part of it. Absent where documents decide.
   */
  readonly promptTokens?: { readonly first: Law; readonly next: Law };
  readonly answerTokens: Law;
  /** Pause before each turn but the first, in milliseconds. */
  readonly thinkMs: Law;
}

/** From 1,000 × exp(mu): the logarithm of a RAGPulse gap in seconds has mean 3.82. */
const ragPulseGapMsMedian = 1000 * Math.exp(3.82);

/** Longer pauses end a session, as in RAGPulse. */
const thinkMsMax = 1_800_000;

/** Programs think fast: one to two seconds between the turns of an agent. */
const agentThinkMs: Law = { kind: 'uniform', min: 1000, max: 2000 };

export const profiles: Readonly<Record<ProfileName, Profile>> = {
  chat: {
    instructionTokens: 120, // ours
    // ln(9/2)/1.2816 = 1.17 and ln(31/2)/2.3263 = 1.18: BurstGPT's p50, p90 and p99 agree.
    turns: { kind: 'log-normal', median: 2, sigma: 1.176, min: 1, max: 31 },
    // Medians of LMSYS's and ShareGPT's means; 94 · exp(1²/2) = 155 on average, 116 later on.
    promptTokens: {
      first: { kind: 'log-normal', median: 94, sigma: 1, min: 24, max: 2000 },
      next: { kind: 'log-normal', median: 70, sigma: 1, min: 24, max: 2000 },
    },
    // ln(424/129)/1.2816 = 0.928; cut at the p99 of the trace, whose tail is thinner.
    answerTokens: { kind: 'log-normal', median: 129, sigma: 0.928, min: 8, max: 601 },
    // ln(124/17)/1.2816 = 1.55.
    thinkMs: { kind: 'log-normal', median: 124_000, sigma: 1.55, min: 2000, max: thinkMsMax },
  },
  'office-rag': {
    instructionTokens: 1384, // 47 % of the mean input of 2,944
    // Mean 1.78, single 0.59, p95 4, p99 8: exact in these four.
    turns: {
      kind: 'shares',
      shares: [
        [1, 0.59],
        [2, 0.239],
        [3, 0.083],
        [4, 0.045],
        [5, 0.015],
        [6, 0.01],
        [7, 0.006],
        [8, 0.007],
        [10, 0.005],
      ],
    },
    // Turn 1 of the trace has 2,736 tokens of input: 1,352 beside the instructions.
    // ln((3,958 − 1,384)/(2,736 − 1,384))/1.2816 = 0.50.
    // Later input grows by 213 to 313 a turn, an answer of 283 included: little is asked anew.
    promptTokens: {
      first: { kind: 'log-normal', median: 1193, sigma: 0.5, min: 200, max: 6000 },
      next: { kind: 'log-normal', median: 32, sigma: 0.3, min: 24, max: 200 },
    },
    // ln(563/234)/1.2816 = 0.685.
    answerTokens: { kind: 'log-normal', median: 234, sigma: 0.685, min: 16, max: 891 },
    thinkMs: {
      kind: 'log-normal',
      median: ragPulseGapMsMedian,
      sigma: 1.07,
      min: 1000,
      max: thinkMsMax,
    },
  },
  // Ours throughout but for the pauses: a program reads one document after another.
  'private-miner': {
    instructionTokens: 160,
    turns: { kind: 'uniform', min: 3, max: 4 },
    answerTokens: { kind: 'uniform', min: 150, max: 350 },
    thinkMs: agentThinkMs,
  },
  'agent-tools': {
    instructionTokens: 420, // ours
    turns: { kind: 'uniform', min: 2, max: 4 }, // ours
    promptTokens: {
      first: { kind: 'log-normal', median: 180, sigma: 0.6, min: 40, max: 2000 }, // ours
      next: { kind: 'log-normal', median: 60, sigma: 0.5, min: 30, max: 500 }, // ours
    },
    answerTokens: { kind: 'log-normal', median: 218, sigma: 0.685, min: 16, max: 900 },
    thinkMs: agentThinkMs,
  },
};
