/**
 * A proxy in virtual time, over upstreams that do what a script says.
 */

import type { Attempt } from '../../src/log/entry.ts';
import type { Failure, FailureReason, GenerationEvent } from '../../src/protocol/generation.ts';
import { seededIds } from '../../src/random/id.ts';
import { seeded } from '../../src/random/random.ts';
import type { BackendSystem, System } from '../../src/system/system.ts';
import { asRecord } from '../../src/target/proxy/json.ts';
import { memoryStore } from '../../src/target/proxy/memory-store.ts';
import type {
  Caller,
  CircuitEntry,
  ProxyParts,
  Reply,
  StateStore,
  Upstream,
  UpstreamCall,
} from '../../src/target/proxy/proxy.ts';
import { parseRequest } from '../../src/target/proxy/request.ts';
import { Proxy } from '../../src/target/proxy/respond.ts';
import type { UsageLedger } from '../../src/target/proxy/usage-ledger.ts';
import { VirtualClock } from '../../src/time/virtual-clock.ts';
import { type ReadStream, readStream } from './response-grammar.ts';

/** What a scripted upstream does next: an event, several at once, a pause, or nothing any more. */
export type Act =
  | GenerationEvent
  | { readonly kind: 'together'; readonly events: readonly GenerationEvent[] }
  | { readonly kind: 'pause'; readonly ms: number }
  | 'hang';

export type Script = (call: UpstreamCall) => readonly Act[];

export const text = (value: string): GenerationEvent => ({ kind: 'text', text: value });
export const pause = (ms: number): Act => ({ kind: 'pause', ms });
export const end: GenerationEvent = { kind: 'end', reason: 'stop' };
export const usage = (inputTokens: number, outputTokens: number): GenerationEvent => ({
  kind: 'usage',
  usage: { inputTokens, outputTokens },
});
export const failure = (reason: FailureReason, more: Partial<Failure> = {}): GenerationEvent => ({
  kind: 'failure',
  failure: { reason, evidence: 'soft', message: `scripted ${reason}`, ...more },
});

/** Numbered tokens, each one event: `p1 p2 … `. */
export const numbered = (letter: string, from: number, to: number): GenerationEvent[] =>
  Array.from({ length: to - from + 1 }, (_, at) => text(`${letter}${from + at} `));

/** A whole answer of numbered tokens. */
export const answer = (letter: string, tokens: number): readonly Act[] => [
  ...numbered(letter, 1, tokens),
  usage(10, tokens),
  end,
];

/** An upstream that plays one script per call, the last one for ever. */
class ScriptedUpstream implements Upstream {
  readonly name: string;
  readonly calls: UpstreamCall[] = [];
  readonly aborted: number[] = [];
  probes = 0;
  probeAnswer: () => Promise<{ readonly loadedModels?: readonly string[] }> = async () => ({});
  #scripts: readonly Script[];
  readonly #clock: VirtualClock;

  constructor(name: string, clock: VirtualClock, scripts: readonly Script[]) {
    this.name = name;
    this.#clock = clock;
    this.#scripts = scripts;
  }

  plays(...scripts: readonly Script[]): void {
    this.#scripts = scripts;
  }

  async *open(call: UpstreamCall, signal: AbortSignal): AsyncGenerator<readonly GenerationEvent[]> {
    const [script = () => [end], ...others] = this.#scripts;
    if (others.length > 0) this.#scripts = others;
    this.calls.push(call);
    signal.addEventListener('abort', () => this.aborted.push(this.#clock.now()));
    call.onSent?.(this.#clock.now());
    call.onHeaders?.(this.#clock.now());
    for (const act of script(call)) {
      // Deaf to the signal on purpose: the heart must not trust an upstream to leave.
      if (act === 'hang') await new Promise(() => undefined);
      else if (act.kind === 'pause') await this.#clock.sleep(act.ms);
      else yield act.kind === 'together' ? act.events : [act];
    }
  }

  async probe(): Promise<{ readonly loadedModels?: readonly string[] }> {
    this.probes++;
    return this.probeAnswer();
  }

  async close(): Promise<void> {
    // Nothing is open.
  }
}

export class RecordedReply implements Reply {
  status: number | undefined;
  headers: Readonly<Record<string, string>> = {};
  headAt: number | undefined;
  body = '';
  isEnded = false;
  /** Instants at which chunks were written. */
  readonly writes: { readonly at: number; readonly chunk: string }[] = [];
  /** False makes every write say that the reader is slow. */
  isReading = true;
  onWrite: ((chunk: string) => void) | undefined;
  readonly #leave = new AbortController();
  readonly #clock: VirtualClock;
  #drain = Promise.withResolvers<void>();

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  get gone(): AbortSignal {
    return this.#leave.signal;
  }

  leave(): void {
    this.#leave.abort(new Error('the client left'));
  }

  head(status: number, headers: Readonly<Record<string, string>>): void {
    this.status = status;
    this.headers = headers;
    this.headAt = this.#clock.now();
  }

  write(chunk: string): boolean {
    this.body += chunk;
    this.writes.push({ at: this.#clock.now(), chunk });
    this.onWrite?.(chunk);
    return this.isReading;
  }

  drained(): Promise<void> {
    return this.#drain.promise;
  }

  read(): void {
    this.isReading = true;
    this.#drain.resolve();
    this.#drain = Promise.withResolvers();
  }

  end(): void {
    this.isEnded = true;
  }

  /** The stream, checked against the grammar. */
  get stream(): ReadStream {
    return readStream(this.body);
  }

  get json(): Readonly<Record<string, unknown>> {
    return asRecord(JSON.parse(this.body)) ?? {};
  }

  get error(): Readonly<Record<string, unknown>> {
    return asRecord(this.json['error']) ?? {};
  }
}

const backend = (name: string, residency: BackendSystem['residency']): BackendSystem => ({
  name,
  wire: residency === 'local' ? 'ollama' : 'azure-openai',
  urls: ['http://127.0.0.1:1'],
  residency,
  slots: residency === 'local' ? 1 : 100,
  connectMs: 1000,
  firstTokenMs: 2000,
  stallMs: 1000,
});

const baseSystem: System = {
  listen: { host: '127.0.0.1', port: 0 },
  state: { kind: 'memory', retainDays: 30 },
  keys: [],
  backends: [],
  models: [
    {
      name: 'm',
      candidates: [
        { backend: 'spark', model: 'local-m' },
        { backend: 'azure', model: 'cloud-m' },
      ],
    },
  ],
  midStream: 'fail',
  commitOn: 'text',
  cold: 'spill',
  spill: { queueMax: 2, waitMsMax: 1500 },
  breaker: { hardFailures: 1, softFailures: 3, openForMs: 5000 },
  economics: { counterfactuals: [] },
};

export interface WorldOptions {
  readonly system?: Partial<System>;
  /** What is different about the local backend. */
  readonly local?: Partial<BackendSystem>;
  /** What is different about the cloud backend that models use. */
  readonly cloud?: Partial<BackendSystem>;
  readonly spark?: readonly Script[];
  readonly azure?: readonly Script[];
  readonly store?: (store: StateStore) => StateStore;
  readonly maySpend?: () => boolean;
  readonly ledger?: UsageLedger;
  readonly priceOf?: ProxyParts['priceOf'];
}

export class ProxyWorld {
  readonly clock = new VirtualClock();
  readonly spark: ScriptedUpstream;
  readonly azure: ScriptedUpstream;
  /** A third backend, which no model uses unless told. */
  readonly spare: ScriptedUpstream;
  readonly attempts: Omit<Attempt, 'arm'>[] = [];
  /** What the log would hold of circuits and probes. */
  readonly circuits: CircuitEntry[] = [];
  readonly store: StateStore;
  readonly proxy: Proxy;
  /** What the proxy was made of. */
  readonly parts: ProxyParts;
  #requests = 0;

  constructor(options: WorldOptions = {}) {
    const { clock } = this;
    this.spark = new ScriptedUpstream('spark', clock, options.spark ?? [() => answer('p', 20)]);
    this.azure = new ScriptedUpstream('azure', clock, options.azure ?? [() => answer('a', 20)]);
    this.spare = new ScriptedUpstream('spare', clock, [() => answer('a', 20)]);
    const memory = memoryStore({ retainDays: 30, wall: () => clock.wall() });
    this.store = options.store ? options.store(memory) : memory;
    this.parts = {
      clock,
      random: seeded(1),
      ids: seededIds(seeded('ids')),
      store: this.store,
      upstreams: new Map<string, Upstream>([
        ['spark', this.spark],
        ['azure', this.azure],
        ['spare', this.spare],
      ]),
      system: {
        ...baseSystem,
        backends: [
          { ...backend('spark', 'local'), ...options.local },
          { ...backend('azure', 'cloud'), ...options.cloud },
          backend('spare', 'cloud'),
        ],
        ...options.system,
      },
      record: (attempt) => this.attempts.push(attempt),
      tell: (entry) => this.circuits.push(entry),
      priceOf:
        options.priceOf ??
        ((name, _model, used) => (used && name === 'azure' ? used.outputTokens * 1e-6 : 0)),
      worthOf: (used) => ({ twin: used.outputTokens * 2e-6 }),
      ...(options.ledger && { ledger: options.ledger }),
      maySpend: options.maySpend ?? (() => true),
      countTokens: (value) => Math.ceil(value.length / 4),
    };
    this.proxy = new Proxy(this.parts);
  }

  /** Sends a request without waiting for it. */
  begin(
    body: Readonly<Record<string, unknown>> = {},
    caller: Partial<Caller> = {},
  ): { readonly reply: RecordedReply; readonly done: Promise<void> } {
    const reply = new RecordedReply(this.clock);
    const request = parseRequest({ model: 'm', input: 'Hello', stream: true, ...body });
    const number = String(++this.#requests);
    const done = this.proxy.respond(
      request,
      {
        name: 'anonymous',
        residency: 'local-first',
        trace: number.padStart(32, '0'),
        requestId: `req_${number}`,
        ...caller,
      },
      reply,
    );
    return { reply, done };
  }

  /** Sends a request and lets virtual time run until it is answered. */
  async ask(
    body: Readonly<Record<string, unknown>> = {},
    caller: Partial<Caller> = {},
  ): Promise<RecordedReply> {
    const { reply, done } = this.begin(body, caller);
    await this.clock.runUntil(done, this.clock.now() + 3_600_000);
    return reply;
  }
}
