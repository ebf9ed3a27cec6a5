/**
 * Engine profiles: how fast one engine runs one model on a DGX Spark, as a handful of numbers.
 *
 * One decode step for B sequences whose contexts sum to C thousand tokens takes, in milliseconds,
 *
 *     T = a + w·(1 − (1 − k/E)^B) + b·B + c·C + h·[B ≥ 2]
 *
 * `a` weights read once, `w` experts (E of them, k awake per token), `b` compute per sequence, `c`
 * attention, `h` what it costs to batch at all. A dense model has no experts: w = 0.
 *
 * A prefill chunk of n tokens at depth d reads the weights it wakes once, and computes:
 *
 *     P = √( sweep² + (n·p0 + p1·(n·d + n²/2)/1000)² )
 *     sweep = bytes / 201 GB/s · (1 − (1 − k/E)^n)
 *
 * 201 GB/s is what dense models reach while decoding, 74 % of the memory's peak.
 * The numbers are fitted to published measurements, which each profile lists. A test recomputes the
 * error of every profile from its own points.
 */

import { gemma3On4b, gemma3On27b, llama31On8b } from './profile/gemma-and-llama.ts';
import { gptOss120bLlama, gptOss120bOllama } from './profile/gpt-oss-120b.ts';
import { gptOss20bLlama, gptOss20bOllama } from './profile/gpt-oss-20b.ts';
import { qwen25Coder7b, qwen3Coder30b } from './profile/qwen-coder.ts';
import { qwen330bOllama, qwen332bOllama, qwen38bLlama, qwen38bOllama } from './profile/qwen3.ts';
import type { EngineProfile } from './profile/shape.ts';

export type { EngineProfile } from './profile/shape.ts';

const profiles: readonly EngineProfile[] = [
  gptOss120bOllama,
  gptOss120bLlama,
  gptOss20bOllama,
  gptOss20bLlama,
  qwen3Coder30b,
  qwen25Coder7b,
  qwen38bOllama,
  qwen38bLlama,
  gemma3On27b,
  gemma3On4b,
  llama31On8b,
  qwen332bOllama,
  qwen330bOllama,
];

const byName = new Map(profiles.map((profile) => [profile.name, profile]));

/** The profile called `MODEL@ENGINE`. */
export const engineProfile = (name: string): EngineProfile | undefined => byName.get(name);

/** Every name that `engineProfile` knows. */
export const engineProfileNames: readonly string[] = profiles.map(({ name }) => name);

/** Milliseconds one decode step takes for `sequences` that hold so much context together. */
export const decodeStepMs = (
  profile: EngineProfile,
  sequences: number,
  contextThousandTokens: number,
): number => {
  const { a, w, b, c, h } = profile.step;
  return (
    a +
    w * awakeRatio(profile, sequences) +
    b * sequences +
    c * contextThousandTokens +
    (sequences >= 2 ? h : 0)
  );
};

/** Milliseconds one chunk takes: at most `chunkTokens` tokens, on top of `fromDepth` of them. */
export const chunkMs = (profile: EngineProfile, tokens: number, fromDepth: number): number => {
  if (tokens <= 0) return 0;
  const { p0, p1 } = profile.prefill;
  const computeMs = tokens * p0 + (p1 * (tokens * fromDepth + tokens ** 2 / 2)) / 1000;
  const sweepMs = (profile.weightsGb / sweepGbPerMs) * awakeRatio(profile, tokens);
  return Math.hypot(sweepMs, computeMs);
};

/** Milliseconds to read `newTokens` on top of `fromDepth`, chunk by chunk, without the overhead. */
export const prefillMs = (profile: EngineProfile, newTokens: number, fromDepth: number): number => {
  const { chunkTokens } = profile.prefill;
  let totalMs = 0;
  for (let done = 0; done < newTokens; done += chunkTokens)
    totalMs += chunkMs(profile, Math.min(chunkTokens, newTokens - done), fromDepth + done);
  return totalMs;
};

/** One line on where the profile's numbers come from and how far they go, for reports. */
export const basisOf = (profile: EngineProfile): string => {
  const { derivation, extrapolatedAboveSequences } = profile;
  const origin = derivation
    ? `derived (${derivation.from}); ` +
      `measured speed ${derivation.lowRatio} to ${derivation.highRatio} of it`
    : 'fitted to published batch tables';
  return extrapolatedAboveSequences === undefined
    ? origin
    : `${origin}; extrapolated above ${extrapolatedAboveSequences} sequence`;
};

const sweepGbPerMs = 0.201;

/** The share of the experts that `tokens` tokens wake at once; 1 for a dense model. */
const awakeRatio = ({ step }: EngineProfile, tokens: number): number =>
  1 - (1 - step.k / step.E) ** tokens;
