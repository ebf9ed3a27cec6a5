/**
 * Gemma 3 and Llama 3.1.
 *
 * Gemma attends through a sliding window in most layers, so its attention grows more slowly with
 * depth than the formula's straight line: below 1000 tokens and beyond 16,000 the line is 8 to 15 %
 * off. gemma3-27b and llama3.1-8b have one published stream each; what a batch adds comes from
 * relatives, in proportion to parameters and to the size of a token in the cache.
 * The prefill of 7614 tokens/s published for llama3.1-8b on Ollama is left out: it is 2.4 times
 * what llama.cpp reaches with any model of that size. Prefill is qwen3-8b's, by parameters.
 */

import { type EngineProfile, loadMsOf, pointsOf } from './shape.ts';
import { llamaBench2025, llamaBench2026, ollamaBlog, ollamaKorean } from './source.ts';

/** gemma3-4b, Q4_0, as llama.cpp runs it. */
export const gemma3On4b: EngineProfile = {
  name: 'gemma3-4b@llama.cpp',
  tag: 'gemma3:4b',
  step: { a: 11.09, w: 0, k: 1, E: 1, b: 0.7057, c: 0.2066, h: 4.054 },
  prefill: { p0: 0.1585, p1: 0.001897, chunkTokens: 2048, overheadMs: 20 },
  weightsGb: 3.2,
  loadMs: loadMsOf(3.2),
  contextTokensMax: 131072,
  isThinking: false,
  hasTools: false,
  hasVision: true,
  basis: 'derived',
  derivation: { from: 'fitted; attention is not linear in depth', lowRatio: 0.85, highRatio: 1.2 },
  points: [
    ...pointsOf(llamaBench2026, [
      [1, 512, 0, 512, undefined, 77.63],
      [2, 512, 0, 512, undefined, 122.7],
      [4, 512, 0, 512, undefined, 227.68],
      [8, 512, 0, 512, undefined, 373.67],
      [16, 512, 0, 512, undefined, 559.47],
      [32, 512, 0, 512, undefined, 819.61],
      [1, 8192, 0, 8192, 6027.34, 68.52],
      [2, 8192, 0, 8192, 6069.68, 98.03],
      [4, 8192, 0, 8192, 6106.74, 156.55],
      [8, 8192, 0, 8192, 6093.5, 218.04],
      [16, 8192, 0, 8192, 6100.82, 279.9],
      [32, 8192, 0, 8192, 6103.4, 334.91],
      [1, 2048, 0, 0, 5948.74, 81.05],
      [1, 2048, 8192, 8192, 5509.57, 71.61],
    ]),
    ...pointsOf(llamaBench2025, [
      [1, 2048, 0, 0, undefined, 84.54],
      [1, 2048, 4096, 4096, undefined, 78.82],
      [1, 2048, 8192, 8192, undefined, 74.13],
      [1, 2048, 16384, 16384, undefined, 72.37],
      [1, 2048, 32768, 32768, undefined, 63.02],
    ]),
  ],
};

/** gemma3-27b, Q4_K_M, as Ollama runs it. */
export const gemma3On27b: EngineProfile = {
  name: 'gemma3-27b@ollama',
  tag: 'gemma3:27b',
  step: { a: 85.12, w: 0, k: 1, E: 1, b: 1.606, c: 0.7541, h: 4.054 },
  prefill: { p0: 1.225, p1: 0.01464, chunkTokens: 2048, overheadMs: 40 },
  weightsGb: 17,
  loadMs: loadMsOf(17),
  contextTokensMax: 131072,
  isThinking: false,
  hasTools: false,
  hasVision: true,
  basis: 'derived',
  derivation: { from: 'one published stream, batch from relatives', lowRatio: 0.9, highRatio: 1.1 },
  extrapolatedAboveSequences: 1,
  points: pointsOf(ollamaKorean, [[1, 2048, 0, 500, 806.16, 11.48]]),
};

/** llama3.1-8b, Q4_K_M, as Ollama runs it. */
export const llama31On8b: EngineProfile = {
  name: 'llama3.1-8b@ollama',
  tag: 'llama3.1:8b',
  step: { a: 25.58, w: 0, k: 1, E: 1, b: 0.4705, c: 0.5319, h: 3.82 },
  prefill: { p0: 0.2959, p1: 0.02626, chunkTokens: 2048, overheadMs: 40 },
  weightsGb: 4.9,
  loadMs: loadMsOf(4.9),
  contextTokensMax: 131072,
  isThinking: false,
  hasTools: true,
  hasVision: false,
  basis: 'derived',
  derivation: { from: 'one published stream, batch from relatives', lowRatio: 0.9, highRatio: 1.1 },
  extrapolatedAboveSequences: 1,
  points: pointsOf(ollamaBlog, [[1, 0, 0, 500, undefined, 38]]),
};
