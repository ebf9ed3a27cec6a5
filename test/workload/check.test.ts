/** Entries that contradict themselves are told so, all mistakes at once. */

import Value from 'typebox/value';
import { describe, expect, test } from 'vitest';

import { workloadSchema } from '../../src/load/schema.ts';
import { workloadMistakes } from '../../src/workload/check.ts';
import type { WorkloadSpec } from '../../src/workload/schema.ts';

const paths = (spec: Partial<WorkloadSpec>): readonly string[] =>
  workloadMistakes({ name: 'it', profile: 'chat', model: 'm', ...spec }).map(({ path }) => path);

describe('a workload as written', () => {
  test('has no mistakes when it is whole', () => {
    expect(paths({})).toEqual([]);
    expect(paths({ profile: 'private-miner', documents: 'documents/' })).toEqual([]);
    expect(paths({ profile: 'scripted', turns: 3, answerTokens: [40, 60] })).toEqual([]);
    expect(paths({ profile: 'scripted', script: [{ answerTokens: 5 }] })).toEqual([]);
  });

  test.each<[Partial<WorkloadSpec>, string]>([
    [{ script: [{ answerTokens: 5 }] }, 'script'],
    [{ documents: 'documents/' }, 'documents'],
    [{ profile: 'scripted', turns: 3 }, 'profile'],
    [{ profile: 'private-miner' }, 'profile'],
    [{ profile: 'private-miner', documents: 'd', promptTokens: 5 }, 'promptTokens'],
    [{ profile: 'scripted', answerTokens: 9, script: [{ answerTokens: 5 }] }, 'answerTokens'],
    [
      { profile: 'scripted', script: [{ answerTokens: 5, prompt: 'a', promptTokens: 5 }] },
      'script[0]',
    ],
    [{ think: ['2 s', '1500 ms'] }, 'think'],
    [{ turns: [3, 2] }, 'turns'],
    [
      { profile: 'scripted', script: [{ answerTokens: 5 }, { answerTokens: [9, 8] }] },
      'script[1].answerTokens',
    ],
  ])('%j is told at %s', (spec, path) => {
    expect(paths(spec)).toEqual([path]);
  });

  test('is told all of its mistakes', () => {
    expect(paths({ turns: [3, 2], documents: 'd', answerTokens: [2, 1] })).toHaveLength(3);
  });
});

describe('the shape of an entry', () => {
  const whole = {
    name: 'chat',
    profile: 'chat',
    language: 'ja',
    model: 'gpt-oss-120b',
    load: { kind: 'open', sessionsPerSecond: 0.1, arrivals: { kind: 'gamma', cv: 1.2 } },
  };

  test('takes what the documents show', () => {
    expect(Value.Check(workloadSchema, whole)).toBe(true);
    const scripted = {
      name: 'quick',
      profile: 'scripted',
      model: 'm',
      turns: 3,
      answerTokens: [40, 60],
      think: ['1 s', '2 s'],
      load: { kind: 'scripted', sessions: 8, every: '2 s' },
    };
    expect(Value.Check(workloadSchema, scripted)).toBe(true);
  });

  test.each([
    { load: { kind: 'open', sessionsPerSecond: -3 } },
    { load: { kind: 'closed' } },
    { load: { kind: 'scripted', sessions: 8, every: '2 parsecs' } },
    { profile: 'poetry' },
    { turns: 0 },
    { think: 'a while' },
    { unheardOf: 1 },
  ])('refuses %j', (change) => {
    expect(Value.Check(workloadSchema, { ...whole, ...change })).toBe(false);
  });
});
