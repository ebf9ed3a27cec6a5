/**
 * A whole arm of a scenario in virtual time: load, proxy, faults and engines as they are, the network
 * left out. Seed in, log entries out.
 */

import { ExchangeRecorder } from '../../src/client/exchange-recorder.ts';
import { playSession } from '../../src/client/session-player.ts';
import { driveLoad } from '../../src/load/driver.ts';
import { startsUntil } from '../../src/load/phase.ts';
import { planStarts } from '../../src/load/plan.ts';
import type { LogEntry } from '../../src/log/entry.ts';
import { exchangeEntry } from '../../src/measurement/exchange-entry.ts';
import { traceId } from '../../src/protocol/trace.ts';
import { seededIds } from '../../src/random/id.ts';
import { seeded } from '../../src/random/random.ts';
import type { Arm, Scenario } from '../../src/scenario/scenario.ts';
import { armedEntries } from '../../src/target/fault/plan.ts';
import { virtualShim } from '../../src/target/fault/virtual-shim.ts';
import { memoryStore } from '../../src/target/proxy/memory-store.ts';
import type { Reply, Upstream } from '../../src/target/proxy/proxy.ts';
import { parseRequest } from '../../src/target/proxy/request.ts';
import { Proxy } from '../../src/target/proxy/respond.ts';
import { VirtualClock } from '../../src/time/virtual-clock.ts';
import { estimateTokens } from '../../src/token/estimate.ts';
import { loadTokenizer, type Tokenizer } from '../../src/token/tokenizer.ts';
import { openWorkload } from '../../src/workload/workload.ts';
import { virtualUpstream } from './virtual-upstream.ts';

/** Longer than any scenario of the project, in virtual milliseconds. */
const horizonMs = 3_600_000;

/** Plays one arm to its end; entries come in the order in which they were made. */
export const simulateArm = async (scenario: Scenario, arm: Arm): Promise<readonly LogEntry[]> => {
  // Reading the vocabulary takes real time, so it is done before time stands still.
  const tokenizer = await loadTokenizer();
  const clock = new VirtualClock();
  const random = seeded(String(scenario.seed));
  const entries: LogEntry[] = [];
  const emit = (entry: object): void => {
    entries.push({ arm: arm.name, ...entry } as LogEntry);
  };
  const shims = arm.system.backends.map((backend) =>
    virtualShim(
      virtualUpstream(backend, { clock, random: random.fork(`backend ${backend.name}`), emit }),
      {
        clock,
        random: random.fork(`faults ${backend.name}`),
        faults: arm.faults.filter((fault) => fault.backend === backend.name),
        emit,
      },
    ),
  );
  const proxy = new Proxy({
    clock,
    random: random.fork('proxy'),
    ids: seededIds(random.fork('ids')),
    store: memoryStore({ retainDays: 1, wall: () => clock.wall() }),
    upstreams: new Map(shims.map((shim): [string, Upstream] => [shim.name, shim])),
    system: arm.system,
    record: emit,
    priceOf: () => undefined,
    maySpend: () => true,
    countTokens: estimateTokens,
  });
  for (const shim of shims) shim.arm(0);
  const endsAt = startsUntil(scenario.phases) + scenario.phases.cooldownMs;
  for (const fault of armedEntries(arm.faults, { name: arm.name, origin: 0, endsAt })) emit(fault);
  emit({ kind: 'phase', name: 'steady', at: 0 });
  await clock.runUntil(play(scenario, arm, { clock, random, proxy, tokenizer, emit }), horizonMs);
  emit({ kind: 'phase', name: 'done', at: clock.now() });
  proxy.close();
  return entries;
};

interface Ground {
  readonly clock: VirtualClock;
  readonly random: ReturnType<typeof seeded>;
  readonly proxy: Proxy;
  readonly tokenizer: Tokenizer;
  readonly emit: (entry: object) => void;
}

const play = async (
  scenario: Scenario,
  arm: Arm,
  { clock, random, proxy, tokenizer, emit }: Ground,
): Promise<void> => {
  const salts = seededIds(random.fork('traces'));
  const { signal } = new AbortController();
  await Promise.all(
    arm.workloads.map(async (spec, index) => {
      const { thinkScale, directory } = scenario;
      const workload = await openWorkload(spec, {
        random,
        tokenizer,
        thinkScale,
        directory,
        index,
      });
      const untilAt = startsUntil(scenario.phases);
      const starts = planStarts(spec.load, {
        random: random.fork(`starts ${spec.name}`),
        horizonMs: untilAt,
      });
      await driveLoad({
        load: spec.load,
        starts,
        untilAt,
        clock,
        signal,
        drop: () => undefined,
        play: (number, startsAt, stop) =>
          playSession(workload.session(number), {
            clock,
            model: spec.model,
            startsAt,
            countTokens: (text) => tokenizer.count(text),
            signal: stop,
            ask: (question) => {
              const { session, turn } = question;
              const trace = traceId({ arm: 0, workload: index, session, turn }, salts());
              return ask(question, trace, proxy, clock);
            },
            onExchange: (played) =>
              emit(exchangeEntry(played, { isLocalOnly: spec.residency === 'local-only' })),
          }),
      });
    }),
  );
};

type Question = Parameters<Parameters<typeof playSession>[1]['ask']>[0];

/** One turn, put to the proxy without a wire; the recorder sees the frames as a client would. */
const ask = async (question: Question, trace: string, proxy: Proxy, clock: VirtualClock) => {
  const recorder = new ExchangeRecorder(trace);
  recorder.sent(clock.now());
  const reply: Reply = {
    gone: new AbortController().signal,
    head: (status, headers) => recorder.headers(clock.now(), status, headers),
    write: (chunk) => {
      recorder.bytes(Buffer.from(chunk), clock.now());
      return true;
    },
    drained: async () => undefined,
    end: () => recorder.ended(clock.now()),
  };
  const request = parseRequest({
    model: question.model,
    input: question.input,
    stream: true,
    instructions: question.instructions,
    previous_response_id: question.previousResponseId,
    tools: question.tools,
    text: question.format && { format: question.format },
    max_output_tokens: question.maxOutputTokens,
    metadata: question.metadata,
  });
  const caller = { name: 'anonymous', residency: 'local-first', trace, requestId: 'r' } as const;
  await proxy.respond(request, caller, reply);
  return recorder.record();
};
