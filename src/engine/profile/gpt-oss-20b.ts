/**
 * gpt-oss-20b, MXFP4.
 *
 * llama.cpp is fitted to build b7941, with decode at further depths from build b6989, which decoded
 * at the same speed. Prefill of the 512-token rows is left out: several prompts share a chunk
 * there, and the first row carries the warm-up.
 *
 * Ollama is llama.cpp's fit, slowed until one stream decodes at the mean of the published Ollama
 * figures, with prefill at the 0.57 of llama.cpp that was measured for gpt-oss-20b. These state no
 * lengths: 500 tokens of context are assumed, and prompts of 2048.
 */

import { type EngineProfile, loadMsOf, pointsOf } from './shape.ts';
import {
  llamaBench2025,
  llamaBench2026,
  lmsys,
  ollamaBlog,
  ollamaResults,
  sparkCookbook,
} from './source.ts';

/** gpt-oss-20b as llama.cpp runs it. */
export const gptOss20bLlama: EngineProfile = {
  name: 'gpt-oss-20b@llama.cpp',
  tag: 'gpt-oss:20b',
  step: { a: 8.978, w: 21.28, k: 4, E: 32, b: 0.3093, c: 0.139, h: 4.212 },
  prefill: { p0: 0.2091, p1: 0.004286, chunkTokens: 2048, overheadMs: 20 },
  weightsGb: 14,
  loadMs: loadMsOf(14),
  contextTokensMax: 131072,
  isThinking: true,
  hasTools: true,
  hasVision: false,
  basis: 'fitted',
  points: [
    ...pointsOf(llamaBench2026, [
      [1, 512, 0, 512, undefined, 80.13],
      [2, 512, 0, 512, undefined, 109.71],
      [4, 512, 0, 512, undefined, 156.03],
      [8, 512, 0, 512, undefined, 271.79],
      [16, 512, 0, 512, undefined, 436.38],
      [32, 512, 0, 512, undefined, 681.49],
      [1, 8192, 0, 8192, 4405.59, 74.36],
      [2, 8192, 0, 8192, 4430.02, 97.59],
      [4, 8192, 0, 8192, 4426.1, 133.82],
      [8, 8192, 0, 8192, 4427.63, 209.44],
      [16, 8192, 0, 8192, 4428.67, 294.13],
      [32, 8192, 0, 8192, 4430.42, 390.92],
      [1, 2048, 0, 0, 4505.82, 83.43],
      [1, 2048, 8192, 8192, 3993.81, 75.22],
    ]),
    ...pointsOf(llamaBench2025, [
      [1, 2048, 0, 0, undefined, 86.58],
      [1, 2048, 4096, 4096, undefined, 81.72],
      [1, 2048, 8192, 8192, undefined, 74.86],
      [1, 2048, 16384, 16384, undefined, 71.57],
      [1, 2048, 32768, 32768, undefined, 62.33],
    ]),
    ...pointsOf(sparkCookbook, [
      [1, 512, 0, 0, 4154.93, undefined],
      [1, 1024, 0, 0, 4466.19, undefined],
      [1, 2048, 0, 0, 4464.13, undefined],
      [1, 4096, 0, 0, 4441.5, undefined],
      [1, 8192, 0, 0, 4337.99, undefined],
      [1, 16384, 0, 0, 4061.96, undefined],
      [1, 32678, 0, 0, 3494.22, undefined],
      [1, 0, 0, 64, undefined, 83.93],
      [1, 0, 0, 128, undefined, 83.93],
      [1, 0, 0, 256, undefined, 83.45],
      [1, 0, 0, 512, undefined, 82.96],
      [1, 0, 0, 1024, undefined, 82.2],
    ]),
  ],
};

/** gpt-oss-20b as Ollama runs it. */
export const gptOss20bOllama: EngineProfile = {
  name: 'gpt-oss-20b@ollama',
  tag: 'gpt-oss:20b',
  step: { a: 13.44, w: 31.85, k: 4, E: 32, b: 0.4629, c: 0.208, h: 6.304 },
  prefill: { p0: 0.3701, p1: 0.007465, chunkTokens: 2048, overheadMs: 40 },
  weightsGb: 14,
  loadMs: loadMsOf(14),
  contextTokensMax: 131072,
  isThinking: true,
  hasTools: true,
  hasVision: false,
  basis: 'derived',
  derivation: {
    from: 'llama.cpp fit at 0.67 of its decode speed',
    lowRatio: 0.75,
    highRatio: 1.08,
  },
  extrapolatedAboveSequences: 1,
  points: [
    ...pointsOf(lmsys, [[1, 2048, 0, 500, 2053, 49.7]]),
    ...pointsOf(ollamaBlog, [[1, 0, 0, 500, undefined, 58]]),
    ...pointsOf(ollamaResults, [[1, 0, 0, 500, undefined, 59.1]]),
  ],
};
