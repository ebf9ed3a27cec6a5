/** Workloads: what a session says, and that a seed decides it. */

import { join } from 'node:path';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { seeded } from '../../src/random/random.ts';
import { loadTokenizer } from '../../src/token/tokenizer.ts';
import type { WorkloadSpec } from '../../src/workload/schema.ts';
import { openWorkload } from '../../src/workload/workload.ts';

const tokenizer = await loadTokenizer();

const open = (spec: Partial<WorkloadSpec>, seed = 7, thinkScale = 1) =>
  openWorkload(
    { name: 'it', profile: 'scripted', model: 'gpt-oss-120b', ...spec },
    { random: seeded(seed), tokenizer, thinkScale, directory: 'scenarios', index: 0 },
  );

const quickstart: Partial<WorkloadSpec> = {
  language: 'en',
  turns: 3,
  promptTokens: [40, 80],
  answerTokens: [40, 60],
  think: ['1 s', '2 s'],
};

describe('a scripted workload', () => {
  test('keeps to its ranges, whatever the seed and the session', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 9999 }), async (seed, number) => {
        const { turns } = (await open(quickstart, seed)).session(number);
        expect(turns).toHaveLength(3);
        for (const [at, turn] of turns.entries()) {
          expect(turn.wantedTokens).toBeGreaterThanOrEqual(40);
          expect(turn.wantedTokens).toBeLessThanOrEqual(60);
          expect(turn.promptTokens).toBeGreaterThanOrEqual(40);
          expect(turn.promptTokens).toBeLessThanOrEqual(80);
          expect(turn.thinkMs === 0).toBe(at === 0);
          expect(turn.thinkMs).toBeLessThanOrEqual(2000);
          expect(turn.prompt.startsWith(`[s${number} t${at + 1}]\n`)).toBe(true);
          expect(turn.prompt.endsWith(` Answer in ${turn.wantedTokens} tokens.`)).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('draws answers from the whole range', async () => {
    const workload = await open(quickstart);
    const wanted = new Set<number>();
    for (let number = 1; number <= 200; number++)
      for (const turn of workload.session(number).turns) wanted.add(turn.wantedTokens);
    expect([...wanted].toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 21 }, (_, at) => 40 + at),
    );
  });

  test('makes prompts of exactly the length asked for', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 40, max: 300 }),
        fc.nat(),
        fc.constantFrom('ja', 'en'),
        async (promptTokens, seed, language) => {
          const workload = await open({ ...quickstart, promptTokens, language }, seed);
          const [turn] = workload.session(1).turns;
          expect(turn?.promptTokens).toBe(promptTokens);
          expect(tokenizer.count(turn?.prompt ?? '')).toBe(promptTokens);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('opens a prompt with a question where there is room for one', async () => {
    const long = await open({ ...quickstart, promptTokens: 90 });
    expect(long.session(1).turns[0]?.prompt.split('\n')[1]).toMatch(/[?.]$/);
    const short = await open({ ...quickstart, promptTokens: 40 });
    expect(short.session(1).turns[0]?.prompt.split('\n')).toHaveLength(2);
  });

  test('says what the script says, and begins again when there are more turns', async () => {
    const script = [
      { prompt: 'ポンプの型式は何ですか。', answerTokens: 20 },
      { promptTokens: 50, answerTokens: 30, think: '4 s' },
    ];
    const { turns, instructions } = (
      await open({ language: 'ja', script, turns: 3 }, 1, 0.5)
    ).session(2);
    expect(instructions).toBeUndefined();
    expect(turns.map((turn) => turn.thinkMs)).toEqual([0, 2000, 0]);
    expect(turns[0]?.prompt).toBe('[s2 t1]\nポンプの型式は何ですか。 20トークンで答えてください。');
    expect(turns[1]?.promptTokens).toBe(50);
    expect(turns[2]?.prompt).toBe('[s2 t3]\nポンプの型式は何ですか。 20トークンで答えてください。');
  });
});

describe('any workload', () => {
  const specs: readonly Partial<WorkloadSpec>[] = [
    quickstart,
    { profile: 'chat', language: 'en' },
    { profile: 'office-rag', language: 'ja' },
    { profile: 'agent-tools', language: 'ja' },
    { profile: 'private-miner', documents: 'documents' },
  ];

  test.each(specs)('plans the same session twice, in any order: $profile', async (spec) => {
    const workload = await open(spec);
    const [second, first] = [workload.session(2), workload.session(1)];
    expect(workload.session(1)).toEqual(first);
    expect((await open(spec)).session(2)).toEqual(second);
    expect(first.turns[0]?.prompt).not.toBe(second.turns[0]?.prompt);
    expect((await open(spec, 8)).session(1)).not.toEqual(first);
  });

  test.each(specs)('leaves room for every answer: $profile', async (spec) => {
    const workload = await open(spec);
    const turns = Array.from({ length: 20 }, (_, at) => workload.session(at + 1).turns).flat();
    for (const turn of turns) {
      expect(turn.maxOutputTokens).toBeGreaterThanOrEqual(turn.wantedTokens);
      expect(turn.promptTokens).toBe(tokenizer.count(turn.prompt));
    }
  });

  test('gives all sessions of a profile the same instructions, of the stated length', async () => {
    const workload = await open({ profile: 'office-rag', language: 'ja' });
    const { instructions = '' } = workload.session(1);
    expect(workload.session(9).instructions).toBe(instructions);
    expect(Math.abs(tokenizer.count(instructions) - 1384)).toBeLessThanOrEqual(1);
  });

  test('scales think time and nothing else', async () => {
    const whole = (await open({ profile: 'chat', turns: 5 }, 3, 1)).session(4);
    const scaled = (await open({ profile: 'chat', turns: 5 }, 3, 0.1)).session(4);
    expect(scaled.turns.map((turn) => turn.prompt)).toEqual(whole.turns.map((turn) => turn.prompt));
    for (const [at, turn] of scaled.turns.entries())
      expect(turn.thinkMs).toBeCloseTo((whole.turns[at]?.thinkMs ?? 0) / 10, 6);
  });
});

describe('agent-tools', () => {
  test('offers tools, answers one to three rounds, and leaves the length free', async () => {
    const workload = await open({ profile: 'agent-tools', language: 'en' });
    const turns = Array.from({ length: 30 }, (_, at) => workload.session(at + 1).turns).flat();
    expect(new Set(turns.map((turn) => turn.toolRounds))).toEqual(new Set([1, 2, 3]));
    for (const turn of turns) {
      expect(turn.tools?.map((tool) => tool.name)).toContain('search_documents');
      expect(JSON.parse(turn.toolResult ?? '')).toBeTypeOf('object');
      expect(turn.prompt).not.toMatch(/Answer in \d+ tokens/);
    }
  });
});

describe('private-miner', () => {
  test('takes one document after another and asks for structured knowledge', async () => {
    const workload = await open({ profile: 'private-miner', documents: 'documents' });
    const openings = Array.from({ length: 8 }, (_, at) => workload.session(at + 1).turns[0]);
    expect(new Set(openings.map((turn) => turn?.prompt.split('\n')[1])).size).toBe(8);
    expect(openings.every((turn) => turn?.format?.type === 'json_schema')).toBe(true);
    expect(workload.session(9).turns[0]?.prompt.slice(8)).toBe(openings[0]?.prompt.slice(8));
  });

  test('follows up two or three times, in Japanese, with a wanted length', async () => {
    const workload = await open({ profile: 'private-miner', documents: 'documents' });
    const sessions = Array.from({ length: 30 }, (_, at) => workload.session(at + 1).turns);
    expect(new Set(sessions.map((turns) => turns.length))).toEqual(new Set([3, 4]));
    const followUps = sessions.flatMap((turns) => turns.slice(1));
    for (const turn of followUps) {
      expect(turn.format).toBeUndefined();
      expect(turn.prompt.endsWith(` ${turn.wantedTokens}トークンで答えてください。`)).toBe(true);
    }
  });

  test('names the folder that holds no documents, or that it cannot read', async () => {
    const empty = open({ profile: 'private-miner', documents: join('..', 'src', 'time') });
    await expect(empty).rejects.toMatchObject({
      name: 'WorkloadError',
      at: 'workloads[0].documents',
      message: expect.stringContaining('found no .md or .txt file'),
    });
    const absent = open({ profile: 'private-miner', documents: 'nowhere' });
    await expect(absent).rejects.toMatchObject({
      message: expect.stringContaining('ENOENT'),
      hint: expect.stringContaining('folder'),
    });
  });
});
