/**
 * A backend in virtual time: the same engine, the same cooperative model and the same pacing as
 * behind the simulated servers, without a server.
 */

import { Box } from '../../src/engine/box.ts';
import { Cloud } from '../../src/engine/cloud.ts';
import { engineProfile } from '../../src/engine/profile.ts';
import type { Generation } from '../../src/log/entry.ts';
import type { GenerationEvent } from '../../src/protocol/generation.ts';
import type { PromptItem } from '../../src/protocol/responses.ts';
import type { Random } from '../../src/random/random.ts';
import type { BackendSystem } from '../../src/system/system.ts';
import { historyOf, type Message, promptOf } from '../../src/target/backend/conversation.ts';
import { answerTo, type Piece } from '../../src/target/backend/cooperative-model.ts';
import { cutFailure } from '../../src/target/fault/kind/cut.ts';
import { type Paced, Pacer } from '../../src/target/backend/pacer.ts';
import type { Upstream, UpstreamCall } from '../../src/target/proxy/proxy.ts';
import type { Clock } from '../../src/time/clock.ts';
import { VirtualBox } from './virtual-box.ts';

export interface VirtualParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly emit: (entry: Omit<Generation, 'arm'>) => void;
  /** Told of each call whose model is not in memory. */
  readonly onCold?: (trace: string) => void;
}

/** A backend, and the machine behind it where it has one that anybody could touch. */
export interface VirtualUpstream extends Upstream {
  readonly box?: VirtualBox;
}

/** Opens the backend that a system describes; only simulated ones can be. */
export const virtualUpstream = (backend: BackendSystem, parts: VirtualParts): VirtualUpstream => {
  const { clock } = parts;
  const engine = engineOf(backend, parts);
  const pacer = new Pacer(engine, clock);
  const box = engine.boxFor?.(() => pacer.look());
  let calls = 0;
  return {
    name: backend.name,
    ...(box && { box }),
    // Only Ollama tells what it has in memory.
    probe: async () => (backend.wire === 'ollama' ? { loadedModels: engine.loadedModels() } : {}),
    close: async () => pacer.close(),
    async *open(call, signal) {
      const jobId = `${backend.name} ${++calls}`;
      call.onSent?.(clock.now());
      const trouble = box?.trouble;
      const lost = box?.lost;
      if (trouble === 'hanging') {
        await aborted(lost ? AbortSignal.any([signal, lost]) : signal);
        if (!signal.aborted) yield [{ kind: 'failure', failure: cutFailure }];
      } else if (trouble) yield [{ kind: 'failure', failure: trouble }];
      if (trouble) return;
      const messages = messagesOf(call);
      const { pieces, reason } = answerTo({
        messages,
        tools: call.tools,
        toolChoice: call.toolChoice,
        isParallelToolCalls: call.isParallelToolCalls,
        format: call.format,
        thinks: engine.thinks(call),
        outputTokensMax: call.maxOutputTokens ?? 4096,
        letter: backend.residency === 'local' ? 'p' : 'a',
        continues: backend.simulate?.kind === 'cloud' ? backend.simulate.continues : 'well',
      });
      const prompt = promptOf({ tools: '', messages });
      const isReady = engine.isReady(call.candidate.model);
      if (backend.residency === 'local' && !isReady) parts.onCold?.(call.trace);
      engine.offer(call, { id: jobId, outputTokens: pieces.length, ...prompt });
      const receivedAt = clock.now();
      const history = historyOf(messages);
      let sent = 0;
      const note = (outcome: Generation['outcome']): void =>
        parts.emit({
          kind: 'generation',
          backend: backend.name,
          residency: backend.residency,
          trace: call.trace,
          model: call.candidate.model,
          receivedAt,
          endedAt: clock.now(),
          outcome,
          promptTokens: prompt.promptTokens,
          cachedTokens: 0,
          outputTokens: sent,
          ...(history === undefined ? {} : { history }),
        });
      const leaving = lost ? AbortSignal.any([signal, lost]) : signal;
      const arrivals = followed(pacer, jobId, pieces.length, leaving);
      try {
        for await (const count of arrivals) {
          const arrived = pieces.slice(sent, count);
          sent = count;
          yield arrived.map(eventOf);
        }
        if (box && lost?.aborted && !signal.aborted)
          yield [{ kind: 'failure', failure: box.lossOf(sent) }];
        if (sent < pieces.length) return;
        const inputTokens = prompt.promptTokens;
        yield [
          { kind: 'usage', usage: { inputTokens, outputTokens: pieces.length } },
          { kind: 'end', reason },
        ];
      } finally {
        pacer.forget(jobId);
        engine.cancel(jobId);
        note(sent < pieces.length ? 'cancelled' : 'completed');
      }
    },
  };
};

interface VirtualEngine extends Paced {
  offer(call: UpstreamCall, job: Parameters<Box['offer']>[1]): void;
  cancel(jobId: string): void;
  thinks(call: UpstreamCall): boolean;
  /** As it tells: those that are being loaded are among them. */
  loadedModels(): readonly string[];
  isReady(model: string): boolean;
  boxFor?(onChange: () => void): VirtualBox;
}

const engineOf = (backend: BackendSystem, { clock, random }: VirtualParts): VirtualEngine => {
  const { simulate } = backend;
  if (simulate?.kind === 'cloud') {
    const cloud = new Cloud(simulate, random);
    const streams = new Map<string, ReturnType<Cloud['serve']>>();
    return {
      offer: (_, job) => streams.set(job.id, cloud.serve(job.id, clock.now())),
      cancel: (jobId) => streams.delete(jobId),
      thinks: () => false,
      loadedModels: () => [],
      isReady: () => true,
      nextChangeAt: () => undefined,
      advance: () => undefined,
      state: () => undefined,
      tokenAt: (jobId, k) => streams.get(jobId)?.tokenAt(k),
    };
  }
  if (simulate?.kind !== 'spark') throw new Error(`${backend.name} is not simulated`);
  const profiles = simulate.profiles.map((name) => {
    const profile = engineProfile(name);
    if (!profile) throw new Error(`no profile ${name}`);
    return profile;
  });
  const box = new Box({ ...simulate, profiles });
  for (const { tag } of profiles) if (simulate.isWarm) box.warm(tag, clock.now());
  return {
    offer: (call, job) => void box.offer(call.candidate.model, job, clock.now()),
    cancel: (jobId) => box.cancel(jobId, clock.now()),
    thinks: ({ candidate }) => profiles.some((it) => it.tag === candidate.model && it.isThinking),
    boxFor: (onChange) =>
      new VirtualBox({ box, tags: profiles.map(({ tag }) => tag), clock, onChange }),
    loadedModels: () => box.loaded(clock.now()).map(({ model }) => model),
    isReady: (model) => box.loaded(clock.now()).some((it) => it.model === model && !it.isLoading),
    nextChangeAt: () => box.nextChangeAt(),
    advance: (now) => box.advance(now),
    state: (jobId) => box.state(jobId),
    tokenAt: (jobId, k) => box.tokenAt(jobId, k),
  };
};

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** How many tokens have left, each time that grows, until all have or the caller leaves. */
async function* followed(
  pacer: Pacer,
  jobId: string,
  tokens: number,
  signal: AbortSignal,
): AsyncGenerator<number> {
  let count = 0;
  let wake = Promise.withResolvers<void>();
  const leave = (): void => wake.resolve();
  signal.addEventListener('abort', leave);
  pacer.follow(jobId, tokens, (sent) => {
    count = sent;
    wake.resolve();
  });
  for (let told = 0; told < tokens;) {
    while (count === told && !signal.aborted) {
      await wake.promise;
      wake = Promise.withResolvers();
    }
    if (signal.aborted) break;
    told = count;
    yield told;
  }
  signal.removeEventListener('abort', leave);
}

const eventOf = (piece: Piece): GenerationEvent => {
  switch (piece.kind) {
    case 'thinking':
      return { kind: 'reasoning', text: piece.text };
    case 'text':
      return { kind: 'text', text: piece.text };
    case 'call':
      return { kind: 'tool-call', index: piece.index, name: piece.name };
    case 'arguments':
      return { kind: 'tool-arguments', index: piece.index, text: piece.text };
  }
};

const messagesOf = (call: UpstreamCall): readonly Message[] => {
  const system = call.instructions ? [{ role: 'system' as const, text: call.instructions }] : [];
  return [...system, ...call.input.flatMap(messageOf)];
};

const messageOf = (item: PromptItem): readonly Message[] => {
  switch (item.type) {
    case 'message': {
      const role = item.role === 'developer' ? 'system' : item.role;
      const text =
        typeof item.content === 'string'
          ? item.content
          : item.content.map((part) => ('text' in part ? part.text : '')).join('');
      return [{ role, text }];
    }
    case 'function_call':
      return [{ role: 'assistant', text: '', calls: `${item.name}(${item.arguments})` }];
    case 'function_call_output':
      return [{ role: 'tool', text: typeof item.output === 'string' ? item.output : '' }];
    case 'reasoning':
      return [];
  }
};
