/** Opens a stage in a worker of its own, or in this thread, behind one face. */

import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';

import { seeded } from '../random/random.ts';
import { systemClock } from '../time/system-clock.ts';
import { type Clock, within } from '../time/clock.ts';
import type { StageEntry } from './stage.ts';
import { openByName, type StageName } from './stage-by-name.ts';
import type { FromThread, ThreadInput, ToThread } from './thread.ts';

export interface StageHandle<Info> extends AsyncDisposable {
  readonly info: Info;
  tell(message: string, value?: unknown): void;
  /** Settles when the stage has done its work, or failed. Never for one that only serves. */
  readonly done: Promise<void>;
}

export interface StageOptions {
  readonly origin: bigint;
  readonly seed: string;
  readonly isThreaded: boolean;
  readonly emit: (entry: StageEntry) => void;
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
  { origin, seed, emit }: StageOptions,
): Promise<StageHandle<Info>> => {
  const context = { clock: systemClock(origin), random: seeded(seed), emit };
  const opened = await openByName(stage, input, context);
  return {
    info: opened.info as Info,
    tell: (message, value) => opened.tell?.(message, value),
    done: opened.done ?? new Promise(() => undefined),
    [Symbol.asyncDispose]: () => opened.close(),
  };
};

const openThread = async <Info>(
  stage: StageName,
  input: unknown,
  { origin, seed, emit, stop }: StageOptions,
): Promise<StageHandle<Info>> => {
  // A literal './thread.ts' would survive the build and break the package.
  const entry = new URL(`./thread${extname(import.meta.url)}`, import.meta.url);
  const data: ThreadInput = { stage, input, origin, seed };
  const worker = new Worker(entry, { workerData: data, name: stage });
  const clock = systemClock(origin);
  const opened = Promise.withResolvers<unknown>();
  const done = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const fail = (error: Error): void => {
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
    else fail(asError(message));
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
    tell: (message, value) =>
      worker.postMessage({ kind: 'tell', message, value } satisfies ToThread),
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

const asError = (message: Extract<FromThread, { kind: 'failed' }>): Error => {
  const error =
    message.hint === undefined
      ? new Error(message.message)
      : Object.assign(new Error(message.message), { hint: message.hint });
  error.name = message.name;
  if (message.stack !== undefined) error.stack = message.stack;
  return error;
};
