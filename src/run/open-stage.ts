/** Opens a stage in a worker of its own, or in this thread, behind one face. */

import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';

import { seeded } from '../random/random.ts';
import { systemClock } from '../time/system-clock.ts';
import { type Clock, within } from '../time/clock.ts';
import { type Answer, Correspondence } from './correspondence.ts';
import { asError } from './plain-error.ts';
import type { StageEntry } from './stage.ts';
import { openByName, type StageName } from './stage-by-name.ts';
import type { FromThread, ThreadInput, ToThread } from './thread.ts';

export interface StageHandle<Info> extends AsyncDisposable {
  readonly info: Info;
  tell(message: string, value?: unknown): void;
  /** Rejects when the stage refuses, or is lost. */
  ask(message: string, value: unknown): Promise<unknown>;
  /** Settles when the stage has done its work, or failed. Never for one that only serves. */
  readonly done: Promise<void>;
}

export interface StageOptions {
  readonly origin: bigint;
  readonly seed: string;
  readonly isThreaded: boolean;
  readonly emit: (entry: StageEntry) => void;
  /** Answers what the stage asks of others; a stage that asks nothing needs none. */
  readonly answer?: Answer;
  /** Gives up an opening that nobody waits for any more. */
  readonly stop?: AbortSignal;
}

/** A stage that does not open or close within this is broken. */
const openMsMax = 30_000;
const closeMsMax = 15_000;

export const openStage = async <Info>(
  stage: StageName,
  input: unknown,
  options: StageOptions,
): Promise<StageHandle<Info>> =>
  options.isThreaded
    ? openThread<Info>(stage, input, options)
    : openHere<Info>(stage, input, options);

const openHere = async <Info>(
  stage: StageName,
  input: unknown,
  { origin, seed, emit, answer = nobody }: StageOptions,
): Promise<StageHandle<Info>> => {
  const context = { clock: systemClock(origin), random: seeded(seed), emit, ask: answer };
  const opened = await openByName(stage, input, context);
  return {
    info: opened.info as Info,
    tell: (message, value) => opened.tell?.(message, value),
    ask: async (message, value) => opened.answer?.(message, value),
    done: opened.done ?? new Promise(() => undefined),
    [Symbol.asyncDispose]: () => opened.close(),
  };
};

const nobody: Answer = async (message) => {
  throw new Error(`nobody answers ${message}`);
};

const openThread = async <Info>(
  stage: StageName,
  input: unknown,
  { origin, seed, emit, stop, answer = nobody }: StageOptions,
): Promise<StageHandle<Info>> => {
  // A literal './thread.ts' would survive the build and break the package.
  const entry = new URL(`./thread${extname(import.meta.url)}`, import.meta.url);
  const data: ThreadInput = { stage, input, origin, seed };
  const worker = new Worker(entry, { workerData: data, name: stage });
  const clock = systemClock(origin);
  const opened = Promise.withResolvers<unknown>();
  const done = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const post = (message: ToThread): void => worker.postMessage(message);
  const letters = new Correspondence(post, answer);
  const fail = (error: Error): void => {
    letters.close(error);
    opened.reject(error);
    done.reject(error);
  };
  done.promise.catch(() => undefined);
  opened.promise.catch(() => undefined);
  worker.on('message', (message: FromThread) => {
    if (message.kind === 'opened') opened.resolve(message.info);
    else if (message.kind === 'entries') for (const each of message.entries) emit(each);
    else if (message.kind === 'done') done.resolve();
    else if (message.kind === 'closed') closed.resolve();
    else if (message.kind === 'failed') fail(asError(message.error));
    else letters.take(message);
  });
  worker.on('error', (error) => fail(error instanceof Error ? error : new Error(String(error))));
  worker.on('exit', () => {
    fail(new Error(`the ${stage} thread ended`));
    closed.resolve();
  });
  const giveUp = (): void => opened.reject(new Error(`opening ${stage} was given up`));
  stop?.addEventListener('abort', giveUp, { once: true });
  const info = await within(clock, openMsMax, `opening ${stage}`, opened.promise).catch(
    async (error: unknown) => {
      await worker.terminate();
      throw error;
    },
  );

  return {
    info: info as Info,
    tell: (message, value) => post({ kind: 'tell', message, value }),
    ask: (message, value) => letters.ask(message, value),
    done: done.promise,
    [Symbol.asyncDispose]: () => closeThread(worker, clock, closed.promise),
  };
};

const closeThread = async (worker: Worker, clock: Clock, closed: Promise<void>): Promise<void> => {
  worker.postMessage({ kind: 'close' } satisfies ToThread);
  try {
    await within(clock, closeMsMax, 'closing a thread', closed);
  } finally {
    await worker.terminate();
  }
};
