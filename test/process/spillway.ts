/** Runs the command line as a process of its own, as a user does, in a folder of its own. */

import { spawn } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { afterAll } from 'vitest';

const main = resolve('src/cli/main.ts');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly ended: Promise<Ended>;
  /** Resolves when stdout or stderr holds the text; rejects when the process ends without it. */
  said(text: string): Promise<void>;
  /** What it has said so far, stdout and then stderr. */
  output(): string;
  signal(name: NodeJS.Signals): void;
  closeStdout(): void;
}

/** Starts `spillway` with some words, in a folder. */
export const start = (
  folder: string,
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Running => {
  const child = spawn(process.execPath, [main, ...words], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1', COLUMNS: '80', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
      for (const listen of listeners) listen();
    });
  const ended = new Promise<Ended>((done) => {
    child.on('close', (code) => done({ code, ...output }));
  });

  return {
    ended,
    said: (text) =>
      new Promise((done, fail) => {
        const look = (): void => {
          if (!output.stdout.includes(text) && !output.stderr.includes(text)) return;
          listeners.delete(look);
          done();
        };
        listeners.add(look);
        look();
        void ended.then(({ stderr }) => fail(new Error(`never said '${text}':\n${stderr}`)));
      }),
    output: () => output.stdout + output.stderr,
    signal: (name) => child.kill(name),
    closeStdout: () => child.stdout.destroy(),
  };
};

/** Runs `spillway` to its end. */
export const spillway = (
  folder: string,
  words: readonly string[],
  environment?: Readonly<Record<string, string>>,
): Promise<Ended> => start(folder, words, environment).ended;

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A new folder with files in it, until the tests of the file are done. */
export const folderWith = (files: Readonly<Record<string, string>>): string => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-test-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
};

/** Every file below a folder, by its path. */
export const filesIn = (folder: string): ReadonlyMap<string, Buffer> =>
  new Map(
    globSync('**/*', { cwd: folder })
      .filter((name) => statSync(join(folder, name)).isFile())
      .toSorted()
      .map((name) => [name, readFileSync(join(folder, name))]),
  );

/** The one run folder below `reports/`. */
export const runFolder = (folder: string, reports = 'reports'): string => {
  const [found, another] = globSync(`${reports}/2*`, { cwd: folder });
  if (found === undefined || another !== undefined)
    throw new Error(`expected one run folder, found ${found === undefined ? 'none' : 'several'}`);
  return join(folder, found);
};

/** A hybrid a hundred times faster than a real one, with secrets that must not be seen. */
export const systemText = `
keys:
  - { name: reader, key: "\${TEST_READER_KEY}" }
backends:
  spark:
    kind: ollama
    url: simulated
    simulate: { profile: gpt-oss-120b@ollama, timeScale: 0.01, keepAliveMs: -1 }
  azure:
    kind: azure-openai
    url: simulated
    apiKey: \${TEST_AZURE_KEY}
    simulate: { ttftMsP50: 900, ttftMsP95: 2900, tokensPerSecond: 80, timeScale: 0.01 }
models:
  gpt-oss-120b:
    - { backend: spark, model: 'gpt-oss:120b', numCtx: 32768 }
    - { backend: azure, model: gpt-5-mini }
midStream: continue
spill: { queueMax: 8, waitMsMax: 20000 }
breaker: { openForMs: 20 }
`;

/** Eight answers, two of them broken off by a fault, in about a second. */
export const scenarioText = `
name: tiny
question: Does a run leave all it should?
system: system.yaml
seed: 3
workloads:
  - name: chat
    profile: scripted
    language: en
    key: reader
    script: [{ promptTokens: [30, 40], answerTokens: [40, 50], think: 10 ms }]
    turns: 2
    load: { kind: scripted, sessions: 4, every: 300 ms }
faults:
  - backend: spark
    kind: reset
    addresses: [{ session: 2, turn: 2, afterTokens: 20 }, { session: 4, turn: 1, afterTokens: 10 }]
objectives: [failed = 0, lost_tokens = 0]
`;

/** Readers who go on until they are stopped. */
export const endlessText = `
name: endless
question: What is left of a run that is stopped?
system: system.yaml
seed: 3
workloads:
  - name: chat
    profile: scripted
    language: en
    key: reader
    script: [{ promptTokens: [30, 40], answerTokens: [40, 50], think: 10 ms }]
    turns: 2
    load: { kind: closed, concurrentSessions: 2 }
phases: { warmup: 1 s, steady: 10 min, cooldown: 1 s }
`;

export const secrets = {
  TEST_READER_KEY: 'reader-secret-3141592',
  TEST_AZURE_KEY: 'azure-secret-2718281',
} as const;
