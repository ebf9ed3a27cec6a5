/**
 * The body of a worker: opens one stage, posts its entries in batches, does as it is told, and
 * closes it. What it is opened with and what it says is plain data.
 */

import { parentPort, workerData } from 'node:worker_threads';
import assert from 'node:assert/strict';

import { seeded } from '../random/random.ts';
import { systemClock } from '../time/system-clock.ts';
import { type Answer, Correspondence, type Letter } from './correspondence.ts';
import { type PlainError, plainError } from './plain-error.ts';
import type { OpenedStage, StageEntry } from './stage.ts';
import { openByName, type StageName } from './stage-by-name.ts';

/** What a worker is started with. */
export interface ThreadInput {
  readonly stage: StageName;
  readonly input: unknown;
  readonly origin: bigint;
  readonly seed: string;
}

export type ToThread =
  | { readonly kind: 'tell'; readonly message: string; readonly value?: unknown }
  | { readonly kind: 'close' }
  | Letter;

export type FromThread =
  | { readonly kind: 'opened'; readonly info: unknown }
  | { readonly kind: 'entries'; readonly entries: readonly StageEntry[] }
  | { readonly kind: 'done' }
  | { readonly kind: 'closed' }
  | { readonly kind: 'failed'; readonly error: PlainError }
  | Letter;

const batchMs = 50;

const runThread = async (): Promise<void> => {
  assert.ok(parentPort, 'thread.ts runs as a worker only');
  const port = parentPort;
  const post = (message: FromThread): void => port.postMessage(message);
  const { stage, input, origin, seed } = workerData as ThreadInput;
  const clock = systemClock(origin);
  let batch: StageEntry[] = [];
  const flush = (): void => {
    if (batch.length > 0) post({ kind: 'entries', entries: batch });
    batch = [];
  };
  const emit = (entry: StageEntry): void => {
    if (batch.length === 0) clock.at(clock.now() + batchMs, flush);
    batch.push(entry);
  };
  const fail = (error: unknown): void => {
    flush();
    post({ kind: 'failed', error: plainError(error) });
  };
  try {
    let answer: OpenedStage<unknown>['answer'];
    const letters = new Correspondence(post, async (message, value) => {
      const said = await answer?.(message, value);
      // Who reads the answer has read what was logged before it.
      flush();
      return said;
    });
    const ask: Answer = (message, value) => letters.ask(message, value);
    const opened = await openByName(stage, input, { clock, random: seeded(seed), emit, ask });
    answer = opened.answer;
    opened.done?.then(() => {
      flush();
      post({ kind: 'done' });
    }, fail);
    port.on('message', (message: ToThread) => {
      if (message.kind === 'tell') opened.tell?.(message.message, message.value);
      else if (message.kind !== 'close') letters.take(message);
      else
        opened.close().then(() => {
          flush();
          post({ kind: 'closed' });
          port.close();
        }, fail);
    });
    post({ kind: 'opened', info: opened.info });
  } catch (error) {
    fail(error);
    port.close();
  }
};

await runThread();
