/**
 * Qwen 3, Q4_K_M. One stream is measured; batches are not.
 *
 * What a batch adds comes from relatives with batch tables: dense models take compute per sequence
 * from qwen2.5-coder-7b in proportion to their parameters; the mixture of experts takes its experts
 * from qwen3-coder-30b-a3b in proportion to the bytes. Ollama is llama.cpp's profile, slowed until
 * one stream decodes at the mean of the published Ollama figures. Those state no lengths: 500
 * tokens of context are assumed, and prompts of 2048.
 */

import { type EngineProfile, loadMsOf, pointsOf } from './shape.ts';
import {
  benchDecoding,
  benchPrefilling,
  ollamaBlog,
  ollamaKorean,
  ollamaResults,
} from './source.ts';

/** qwen3-8b as llama.cpp runs it. */
export const qwen38bLlama: EngineProfile = {
  name: 'qwen3-8b@llama.cpp',
  tag: 'qwen3:8b',
  step: { a: 22.01, w: 0, k: 1, E: 1, b: 0.4799, c: 0.5984, h: 3.82 },
  prefill: { p0: 0.3018, p1: 0.02678, chunkTokens: 2048, overheadMs: 20 },
  weightsGb: 5.2,
  loadMs: loadMsOf(5.2),
  contextTokensMax: 40960,
  isThinking: true,
  hasTools: true,
  hasVision: false,
  basis: 'derived',
  derivation: {
    from: 'one stream fitted, batch from qwen2.5-coder-7b',
    lowRatio: 0.7,
    highRatio: 1.1,
  },
  extrapolatedAboveSequences: 1,
  points: [
    ...pointsOf(benchDecoding, [
      [1, 0, 0, 512, undefined, 43.89],
      [1, 0, 0, 512, undefined, 43.94],
      [1, 0, 0, 512, undefined, 43.76],
      [1, 0, 0, 2048, undefined, 42.22],
      [1, 0, 0, 2048, undefined, 42.2],
      [1, 0, 0, 2048, undefined, 42.07],
    ]),
    ...pointsOf(benchPrefilling, [
      [1, 16, 0, 0, 505.55, undefined],
      [1, 32, 0, 0, 945.57, undefined],
      [1, 64, 0, 0, 1692.24, undefined],
      [1, 128, 0, 0, 2582.76, undefined],
      [1, 256, 0, 0, 3108.14, undefined],
      [1, 512, 0, 0, 3167.93, undefined],
      [1, 1024, 0, 0, 3153.86, undefined],
      [1, 2048, 0, 0, 2991.44, undefined],
      [1, 4096, 0, 0, 2821.24, undefined],
      [1, 8192, 0, 0, 2547.19, undefined],
      [1, 16384, 0, 0, 1862.84, undefined],
    ]),
  ],
};

/** qwen3-8b as Ollama runs it. */
export const qwen38bOllama: EngineProfile = {
  name: 'qwen3-8b@ollama',
  tag: 'qwen3:8b',
  step: { a: 23.05, w: 0, k: 1, E: 1, b: 0.5026, c: 0.6267, h: 4.001 },
  prefill: { p0: 0.3018, p1: 0.02678, chunkTokens: 2048, overheadMs: 40 },
  weightsGb: 5.2,
  loadMs: loadMsOf(5.2),
  contextTokensMax: 40960,
  isThinking: true,
  hasTools: true,
  hasVision: false,
  basis: 'derived',
  derivation: {
    from: 'llama.cpp profile at 0.95 of its decode speed',
    lowRatio: 0.9,
    highRatio: 1.1,
  },
  extrapolatedAboveSequences: 1,
  points: pointsOf(ollamaResults, [[1, 0, 0, 500, undefined, 41.9]]),
};

/** qwen3-32b as Ollama runs it. */
export const qwen332bOllama: EngineProfile = {
  name: 'qwen3-32b@ollama',
  tag: 'qwen3:32b',
  step: { a: 101.1, w: 0, k: 1, E: 1, b: 2.118, c: 0.8258, h: 4.21 },
  prefill: { p0: 1.316, p1: 0.09021, chunkTokens: 2048, overheadMs: 40 },
  weightsGb: 20,
  loadMs: loadMsOf(20),
  contextTokensMax: 40960,
  isThinking: true,
  hasTools: true,
  hasVision: false,
  basis: 'derived',
  derivation: {
    from: 'llama.cpp profile at 0.91 of its decode speed',
    lowRatio: 0.9,
    highRatio: 1.1,
  },
  extrapolatedAboveSequences: 1,
  points: [
    ...pointsOf(ollamaBlog, [[1, 2048, 0, 500, 705, 9.4]]),
    ...pointsOf(ollamaResults, [[1, 0, 0, 500, undefined, 9.9]]),
  ],
};

/** qwen3-30b-a3b as Ollama runs it. */
export const qwen330bOllama: EngineProfile = {
  name: 'qwen3-30b-a3b@ollama',
  tag: 'qwen3:30b-a3b',
  step: { a: 9.577, w: 47.59, k: 8, E: 128, b: 0, c: 0.5349, h: 9.313 },
  prefill: { p0: 0.4748, p1: 0.02568, chunkTokens: 2048, overheadMs: 40 },
  weightsGb: 18.6,
  loadMs: loadMsOf(18.6),
  contextTokensMax: 40960,
  isThinking: true,
  hasTools: true,
  hasVision: false,
  basis: 'derived',
  derivation: {
    from: 'llama.cpp profile at 0.87 of its decode speed',
    lowRatio: 0.9,
    highRatio: 1.1,
  },
  extrapolatedAboveSequences: 1,
  points: pointsOf(ollamaKorean, [
    [1, 0, 0, 500, undefined, 80.33],
    [1, 0, 0, 500, undefined, 78.43],
    [1, 2048, 0, 500, 1987.46, 75.28],
  ]),
};
