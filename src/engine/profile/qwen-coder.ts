/**
 * Qwen's coders, Q8_0: the published batch tables of a mixture of experts and of a dense model.
 *
 * Both are fitted to llama.cpp build b7941, with decode at further depths from build b6989. Prefill
 * of the 512-token rows is left out: several prompts share a chunk there, and the first row carries
 * the warm-up.
 */

import { type EngineProfile, loadMsOf, pointsOf } from './shape.ts';
import { llamaBench2025, llamaBench2026 } from './source.ts';

/** qwen3-coder-30b-a3b as llama.cpp runs it. */
export const qwen3Coder30b: EngineProfile = {
  name: 'qwen3-coder-30b-a3b@llama.cpp',
  tag: 'qwen3-coder:30b',
  step: { a: 12.09, w: 72.39, k: 8, E: 128, b: 0, c: 0.5002, h: 8.108 },
  prefill: { p0: 0.3135, p1: 0.01124, chunkTokens: 2048, overheadMs: 20 },
  weightsGb: 32.5,
  loadMs: loadMsOf(32.5),
  contextTokensMax: 262144,
  isThinking: false,
  hasTools: true,
  hasVision: false,
  basis: 'fitted',
  points: [
    ...pointsOf(llamaBench2026, [
      [1, 512, 0, 512, undefined, 58.36],
      [2, 512, 0, 512, undefined, 70.35],
      [4, 512, 0, 512, undefined, 98.33],
      [8, 512, 0, 512, undefined, 153.42],
      [16, 512, 0, 512, undefined, 231.44],
      [32, 512, 0, 512, undefined, 346.53],
      [1, 8192, 0, 8192, 2711.09, 47.2],
      [2, 8192, 0, 8192, 2713.01, 55.7],
      [4, 8192, 0, 8192, 2719.35, 71.69],
      [8, 8192, 0, 8192, 2717.9, 97.39],
      [16, 8192, 0, 8192, 2720.58, 124.91],
      [32, 8192, 0, 8192, 2719.31, 152.93],
      [1, 2048, 0, 0, 2986.97, 61.06],
      [1, 2048, 8192, 8192, 2354.14, 48.02],
    ]),
    ...pointsOf(llamaBench2025, [
      [1, 2048, 0, 0, undefined, 62.8],
      [1, 2048, 4096, 4096, undefined, 55.86],
      [1, 2048, 8192, 8192, undefined, 45.95],
      [1, 2048, 16384, 16384, undefined, 39.07],
      [1, 2048, 32768, 32768, undefined, 29.92],
    ]),
  ],
};

/** qwen2.5-coder-7b as llama.cpp runs it. */
export const qwen25Coder7b: EngineProfile = {
  name: 'qwen2.5-coder-7b@llama.cpp',
  tag: 'qwen2.5-coder:7b',
  step: { a: 32.74, w: 0, k: 1, E: 1, b: 0.4465, c: 0.2926, h: 3.82 },
  prefill: { p0: 0.4328, p1: 0.006691, chunkTokens: 2048, overheadMs: 20 },
  weightsGb: 8.1,
  loadMs: loadMsOf(8.1),
  contextTokensMax: 32768,
  isThinking: false,
  hasTools: true,
  hasVision: false,
  basis: 'fitted',
  points: [
    ...pointsOf(llamaBench2026, [
      [1, 512, 0, 512, undefined, 29.1],
      [2, 512, 0, 512, undefined, 54],
      [4, 512, 0, 512, undefined, 104.17],
      [8, 512, 0, 512, undefined, 194.15],
      [16, 512, 0, 512, undefined, 331.9],
      [32, 512, 0, 512, undefined, 589.21],
      [1, 8192, 0, 8192, 2180.26, 27.03],
      [2, 8192, 0, 8192, 2178.05, 47.73],
      [4, 8192, 0, 8192, 2178.25, 82.69],
      [8, 8192, 0, 8192, 2176.49, 132.13],
      [16, 8192, 0, 8192, 2169.9, 189.21],
      [32, 8192, 0, 8192, 2176.58, 256.46],
      [1, 2048, 0, 0, 2250.28, 29.43],
      [1, 2048, 8192, 8192, 2007.56, 27.38],
    ]),
    ...pointsOf(llamaBench2025, [
      [1, 2048, 0, 0, undefined, 30.66],
      [1, 2048, 4096, 4096, undefined, 29.71],
      [1, 2048, 8192, 8192, undefined, 28.86],
      [1, 2048, 16384, 16384, undefined, 27.24],
      [1, 2048, 32768, 32768, undefined, 23.78],
    ]),
  ],
};
