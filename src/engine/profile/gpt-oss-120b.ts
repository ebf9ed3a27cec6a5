/**
 * gpt-oss-120b, MXFP4.
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
import { llamaBench2025, llamaBench2026, llmfit, ollamaKorean, ollamaResults } from './source.ts';

/** gpt-oss-120b as llama.cpp runs it. */
export const gptOss120bLlama: EngineProfile = {
  name: 'gpt-oss-120b@llama.cpp',
  tag: 'gpt-oss:120b',
  step: { a: 13.61, w: 108.4, k: 4, E: 128, b: 0, c: 0.209, h: 9.132 },
  prefill: { p0: 0.3711, p1: 0.005531, chunkTokens: 2048, overheadMs: 20 },
  weightsGb: 65,
  loadMs: loadMsOf(65),
  contextTokensMax: 131072,
  isThinking: true,
  hasTools: true,
  hasVision: false,
  basis: 'fitted',
  points: [
    ...pointsOf(llamaBench2026, [
      [1, 512, 0, 512, undefined, 57.14],
      [2, 512, 0, 512, undefined, 73.27],
      [4, 512, 0, 512, undefined, 98.51],
      [8, 512, 0, 512, undefined, 159.18],
      [16, 512, 0, 512, undefined, 241.85],
      [32, 512, 0, 512, undefined, 353.31],
      [1, 8192, 0, 8192, 2346.81, 52.23],
      [2, 8192, 0, 8192, 2361.03, 65.21],
      [4, 8192, 0, 8192, 2359.4, 84.71],
      [8, 8192, 0, 8192, 2361.18, 125.86],
      [16, 8192, 0, 8192, 2359.34, 169.49],
      [32, 8192, 0, 8192, 2360.89, 225.72],
      [1, 2048, 0, 0, 2443.91, 58.72],
      [1, 2048, 8192, 8192, 2216.68, 52.87],
    ]),
    ...pointsOf(llamaBench2025, [
      [1, 2048, 0, 0, undefined, 60.4],
      [1, 2048, 4096, 4096, undefined, 56.94],
      [1, 2048, 8192, 8192, undefined, 52.51],
      [1, 2048, 16384, 16384, undefined, 49.33],
      [1, 2048, 32768, 32768, undefined, 42.99],
    ]),
  ],
};

/** gpt-oss-120b as Ollama runs it. */
export const gptOss120bOllama: EngineProfile = {
  name: 'gpt-oss-120b@ollama',
  tag: 'gpt-oss:120b',
  step: { a: 19.08, w: 152, k: 4, E: 128, b: 0, c: 0.2931, h: 12.81 },
  prefill: { p0: 0.6896, p1: 0.009228, chunkTokens: 2048, overheadMs: 40 },
  weightsGb: 65,
  loadMs: loadMsOf(65),
  contextTokensMax: 131072,
  isThinking: true,
  hasTools: true,
  hasVision: false,
  basis: 'derived',
  derivation: { from: 'llama.cpp fit at 0.71 of its decode speed', lowRatio: 0.9, highRatio: 1.06 },
  extrapolatedAboveSequences: 1,
  points: [
    ...pointsOf(ollamaKorean, [
      [1, 0, 0, 500, undefined, 37.94],
      [1, 0, 0, 500, undefined, 41.43],
      [1, 0, 0, 500, undefined, 42.73],
    ]),
    ...pointsOf(ollamaResults, [[1, 0, 0, 500, undefined, 42.5]]),
    ...pointsOf(llmfit, [[1, 0, 0, 500, undefined, 43.9]]),
  ],
};
