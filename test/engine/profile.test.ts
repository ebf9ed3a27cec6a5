import { describe, expect, it } from 'vitest';

import {
  basisOf,
  decodeStepMs,
  type EngineProfile,
  engineProfile,
  engineProfileNames,
  prefillMs,
} from '../../src/engine/profile.ts';

const profileNamed = (name: string): EngineProfile => {
  const profile = engineProfile(name);
  if (!profile) throw new Error(`no profile ${name}`);
  return profile;
};

/** Measured over predicted speed, for every figure the profile lists. */
const speedRatios = (profile: EngineProfile): readonly number[] =>
  profile.points.flatMap((point) => {
    const ratios: number[] = [];
    if (point.decodePerSecond !== undefined) {
      const stepMs = decodeStepMs(profile, point.batch, (point.batch * point.contextTokens) / 1000);
      ratios.push(point.decodePerSecond / ((point.batch * 1000) / stepMs));
    }
    if (point.prefillPerSecond !== undefined) {
      const readMs = prefillMs(profile, point.promptTokens, point.depthTokens);
      ratios.push(point.prefillPerSecond / ((point.promptTokens * 1000) / readMs));
    }
    return ratios;
  });

/** How many times the tokens of one stream two streams get together. */
const gain = (name: string): number => {
  const profile = profileNamed(name);
  return (2 * decodeStepMs(profile, 1, 0.5)) / decodeStepMs(profile, 2, 1);
};

describe('engine profiles', () => {
  it.each([
    'gpt-oss-120b@llama.cpp',
    'gpt-oss-20b@llama.cpp',
    'qwen3-coder-30b-a3b@llama.cpp',
    'qwen2.5-coder-7b@llama.cpp',
  ])('%s misses its own points by at most 6 percent in the mean', (name) => {
    const profile = profileNamed(name);
    const errors = speedRatios(profile).map((ratio) => Math.abs(1 / ratio - 1));
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;

    expect(profile.basis).toBe('fitted');
    expect(errors.length).toBeGreaterThan(20);
    expect(mean).toBeLessThanOrEqual(0.06);
  });

  it('every point of a derived profile lies in the range that the profile states', () => {
    for (const name of engineProfileNames) {
      const profile = profileNamed(name);
      if (profile.basis !== 'derived') continue;
      const ratios = speedRatios(profile);
      expect(ratios.length).toBeGreaterThan(0);
      expect(Math.min(...ratios)).toBeGreaterThanOrEqual(profile.derivation?.lowRatio ?? 1);
      expect(Math.max(...ratios)).toBeLessThanOrEqual(profile.derivation?.highRatio ?? 1);
    }
  });

  it('an Ollama profile says that it was measured with one sequence only', () => {
    for (const name of engineProfileNames.filter((it) => it.endsWith('@ollama'))) {
      expect(profileNamed(name).extrapolatedAboveSequences).toBe(1);
      expect(basisOf(profileNamed(name))).toMatch(/^derived .*; extrapolated above 1 seq/);
    }
  });

  it('a mixture of experts batches worse than a dense model', () => {
    expect(gain('gpt-oss-120b@llama.cpp')).toBeLessThan(1.4);
    expect(gain('qwen2.5-coder-7b@llama.cpp')).toBeGreaterThan(1.7);
  });

  it('a short prompt costs at least the weights it wakes', () => {
    const profile = profileNamed('qwen3-8b@llama.cpp');
    // 5.2 GB at 201 GB/s.
    expect(prefillMs(profile, 1, 0)).toBeGreaterThan(25.8);
    expect(prefillMs(profile, 0, 0)).toBe(0);
  });

  it('the first token of a short prompt on Ollama gpt-oss:120b comes after about 235 ms', () => {
    const profile = profileNamed('gpt-oss-120b@ollama');
    const firstTokenMs = profile.prefill.overheadMs + prefillMs(profile, 30, 0);
    // llmfit PR 917, which does not state the prompt's length; 30 tokens are assumed.
    expect(firstTokenMs).toBeGreaterThan(200);
    expect(firstTokenMs).toBeLessThan(270);
  });

  it('a name that is no profile is nothing', () => {
    expect(engineProfile('gpt-oss-120b')).toBeUndefined();
    expect(engineProfileNames).toHaveLength(13);
  });
});
