/**
 * Responses that are made without anyone waiting: asked for, left, and fetched when they are done.
 *
 *     queued ──▶ in_progress ──▶ completed | incomplete | failed
 *        └────────────┴──cancel──▶ cancelled
 *
 * The state is durable from the first answer on. One that is neither running here nor finished was
 * cut off with the process that made it, and is reported as failed. Events are kept in memory only,
 * for a while, and within a bound.
 */

import type { ResponseResource, ResponseStatus } from '../../protocol/responses.ts';
import { type Clock, within } from '../../time/clock.ts';
import {
  ApiError,
  badRequest,
  notStored,
  previousResponseUnfinished,
  responseNotFound,
} from './api-error.ts';
import { announcement } from './assembler.ts';
import { BackgroundDelivery } from './background-delivery.ts';
import { EventLog, follow } from './event-log.ts';
import type { Caller, Reply, StateStore, StoredResponse } from './proxy.ts';
import type { Turn } from './turn.ts';

/** Headers of the first answer. */
type Headers = Readonly<Record<string, string>>;

/** How long events can be replayed after the end, as OpenAI keeps them. */
const keptMs = 600_000;
/** Of all finished responses together; the eldest go first. */
const keptCharsMax = 64 * 2 ** 20;
/** Each holds a request and an answer in memory. */
const runningMax = 256;
const storeMsMax = 5000;

/** One background response while it runs, and as long as its events are kept. */
export class BackgroundTask {
  readonly owner: string;
  readonly log: EventLog | undefined;
  readonly delivery: BackgroundDelivery;
  /** When its events are forgotten; set once it has ended. */
  keptUntil = Infinity;
  readonly #cancel = new AbortController();
  #resource: ResponseResource | undefined;
  /** Settles when nothing of it is left running. */
  done: Promise<void> = Promise.resolve();

  constructor(owner: string, isStream: boolean) {
    this.owner = owner;
    this.log = isStream ? new EventLog() : undefined;
    this.delivery = new BackgroundDelivery({
      log: this.log,
      gone: this.gone,
      onBegin: () => {
        if (this.#resource?.status === 'queued')
          this.#resource = { ...this.#resource, status: 'in_progress' };
      },
      onEnd: (resource) => {
        this.#resource = resource;
      },
    });
  }

  /** Aborts when it is cancelled. */
  get gone(): AbortSignal {
    return this.#cancel.signal;
  }

  get resource(): ResponseResource | undefined {
    return this.#resource;
  }

  get isRunning(): boolean {
    return this.#resource === undefined || isUnfinished(this.#resource.status);
  }

  become(resource: ResponseResource): void {
    this.#resource = resource;
  }

  cancel(): void {
    this.#cancel.abort(new Error('the response was cancelled'));
  }
}

export class Background {
  readonly #store: StateStore;
  readonly #clock: Clock;
  readonly #tasks = new Map<string, BackgroundTask>();
  #runningCount = 0;

  constructor(store: StateStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * Answers at once, and works on until the response has ended. Throws an `ApiError` of 429 where
   * too many are running.
   */
  async run(task: BackgroundTask, turn: Turn, reply: Reply, headers: Headers): Promise<void> {
    if (this.#runningCount >= runningMax) throw tooMany();
    this.#runningCount++;
    try {
      await this.#run(task, turn, reply, headers);
    } finally {
      this.#runningCount--;
    }
  }

  /** A response as it is; throws an `ApiError` of 404. */
  async read(id: string, caller: Caller): Promise<StoredResponse> {
    const stored = await this.#store.get(id);
    if (stored?.owner !== caller.name) throw responseNotFound(id);
    const running = this.#tasks.get(id)?.resource;
    if (running) return { ...stored, resource: running };
    if (!isUnfinished(stored.resource.status)) return stored;
    const failed = { ...stored, resource: cutOff(stored.resource) };
    // One that cannot be written now is found cut off the next time as well.
    await this.#isKept(failed);
    return failed;
  }

  /** Ends a running response, and gives what has become of it. */
  async cancel(id: string, caller: Caller): Promise<ResponseResource> {
    const { resource } = await this.read(id, caller);
    if (!resource.background)
      throw new ApiError({ status: 400, message: 'Cannot cancel a synchronous response.' });
    const task = this.#tasks.get(id);
    if (!task?.isRunning) return resource;
    task.cancel();
    await task.done.catch(() => undefined);
    return task.resource ?? resource;
  }

  async remove(id: string, caller: Caller): Promise<void> {
    const { resource } = await this.read(id, caller);
    if (resource.background) await this.cancel(id, caller);
    const deleting = this.#store.delete(id);
    await within(this.#clock, storeMsMax, 'deleting', deleting).catch((cause: unknown) => {
      throw notDeleted(cause);
    });
    this.#tasks.delete(id);
  }

  /** Replays the events after a sequence number, and follows the rest; throws an `ApiError`. */
  async replay(id: string, caller: Caller, startingAfter: number, reply: Reply): Promise<void> {
    const { resource } = await this.read(id, caller);
    this.#forget();
    const log = this.#tasks.get(id)?.log;
    if (!log) throw notStreamable(resource);
    const from = startingAfter + 1;
    if (from < log.range.firstAt || from > log.range.nextAt)
      throw badRequest(
        `Invalid 'starting_after': expected a number from ${log.range.firstAt - 1} to ` +
          `${log.range.nextAt - 1}, got ${startingAfter}.`,
        'starting_after',
        'invalid_value',
      );
    const headers = { 'x-request-id': caller.requestId };
    await follow({ log, from, reply, clock: this.#clock, headers });
  }

  /** Throws an `ApiError` of 409 while the response cannot be continued. */
  requireFinished(id: string, owner: string): void {
    const task = this.#tasks.get(id);
    if (task?.owner === owner && task.isRunning) throw previousResponseUnfinished(id);
  }

  async #run(task: BackgroundTask, turn: Turn, reply: Reply, headers: Headers): Promise<void> {
    const queued = turn.stored('queued');
    if (!(await this.#isKept(queued))) throw notStored('response');
    const { id, resource } = queued;
    task.become(resource);
    this.#tasks.set(id, task);
    task.log?.append(announcement(resource));
    task.done = this.#work(task, turn);
    task.done.catch(() => undefined);
    if (task.log) await follow({ log: task.log, from: 0, reply, clock: this.#clock, headers });
    else {
      reply.head(200, { 'content-type': 'application/json; charset=utf-8', ...headers });
      reply.write(JSON.stringify(resource));
      reply.end();
    }
    await task.done;
  }

  async #work(task: BackgroundTask, turn: Turn): Promise<void> {
    try {
      await turn.run();
    } finally {
      if (task.isRunning) {
        const cancelled = turn.stored('cancelled');
        task.become(cancelled.resource);
        await this.#isKept(cancelled);
      }
      task.log?.end();
      task.keptUntil = task.log ? this.#clock.now() + keptMs : -Infinity;
      this.#forget();
    }
  }

  /**
   * Lets go of what is past its time or beyond the bound. There is no timer for it: one that runs
   * for minutes would keep the process from ending, and the bound holds without.
   */
  #forget(): void {
    const now = this.#clock.now();
    let chars = 0;
    for (const [id, task] of [...this.#tasks].toReversed()) {
      if (task.isRunning) continue;
      chars += task.log?.chars ?? 0;
      if (task.keptUntil <= now || chars > keptCharsMax) this.#tasks.delete(id);
    }
  }

  #isKept(stored: StoredResponse): Promise<boolean> {
    return within(this.#clock, storeMsMax, 'storing', this.#store.put(stored)).then(
      () => true,
      () => false,
    );
  }
}

const notDeleted = (cause: unknown): ApiError =>
  new ApiError({
    status: 503,
    code: 'server_error',
    message: 'The response could not be deleted: the proxy cannot write its state at the moment.',
    cause,
    retryAfterMs: 5000,
  });

const tooMany = (): ApiError =>
  new ApiError({
    status: 429,
    code: 'rate_limit_exceeded',
    message: `Too many background responses are running: at most ${runningMax}.`,
    retryAfterMs: 5000,
  });

const isUnfinished = (status: ResponseStatus): boolean =>
  status === 'queued' || status === 'in_progress';

const cutOff = (resource: ResponseResource): ResponseResource => ({
  ...resource,
  status: 'failed',
  error: {
    code: 'server_error',
    message: 'The proxy stopped while it was making this response.',
  },
});

const notStreamable = ({ background }: ResponseResource): ApiError =>
  badRequest(
    background
      ? 'The events of this response are not kept. Fetch it without `stream`.'
      : 'Only a response created with `background: true` and `stream: true` can be streamed again.',
    'stream',
    'invalid_value',
  );
