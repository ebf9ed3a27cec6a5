/**
 * Parameters that not every model takes: left out for those that refuse them.
 *
 * Agents ask each model for a reasoning effort and a summary, and apps for a temperature, but a
 * model that does not reason refuses the first and one that does refuses the second. A request that
 * fails over would then be refused by the very model that is to save it. So the model is asked
 * again without the parameter, and from then on is not told of it. What changes the meaning of an
 * answer (tools, a format, a limit) is never left out.
 */

import type { Failure, GenerationEvent } from '../../protocol/generation.ts';
import type { Upstream, UpstreamCall } from './proxy.ts';

const optional = [
  'reasoningEffort',
  'reasoningSummary',
  'verbosity',
  'temperature',
  'topP',
  'presencePenalty',
  'frequencyPenalty',
  'topLogprobs',
  'seed',
  'promptCacheKey',
  'safetyIdentifier',
  'user',
  'serviceTier',
] as const;

type OptionalParameter = (typeof optional)[number];

/** A wire's own words for a refusal. */
export type RefusedParameters = (failure: Failure) => readonly OptionalParameter[];

/** Asks as `open` does, leaving out what each model has refused. */
export const withoutRefused = (
  open: Upstream['open'],
  refusedBy: RefusedParameters,
): Upstream['open'] => {
  const known = new Map<string, ReadonlySet<OptionalParameter>>();

  return (call, signal) => {
    const { model } = call.candidate;
    let asked = without(call, known.get(model));
    let events = open(asked, signal)[Symbol.asyncIterator]();
    let isTaken = false;

    /** A model refuses before it says anything; from then on what it says is only passed on. */
    const first = async (): Promise<IteratorResult<readonly GenerationEvent[], unknown>> => {
      for (;;) {
        const next = await events.next();
        const last = next.done === true ? undefined : next.value.at(-1);
        const refused =
          last?.kind === 'failure'
            ? refusedBy(last.failure).filter((it) => asked[it] !== undefined)
            : [];
        isTaken = refused.length === 0;
        if (isTaken) return next;
        // Each round leaves out more, so there are no more rounds than parameters.
        known.set(model, new Set([...(known.get(model) ?? []), ...refused]));
        await events.return?.();
        asked = without(call, known.get(model));
        events = open(asked, signal)[Symbol.asyncIterator]();
      }
    };
    return {
      [Symbol.asyncIterator]: () => ({
        next: () => (isTaken ? events.next() : first()),
        return: async () => (await events.return?.()) ?? { done: true, value: undefined },
      }),
    };
  };
};

const without = (
  call: UpstreamCall,
  refused: ReadonlySet<OptionalParameter> | undefined,
): UpstreamCall => {
  if (!refused) return call;
  const asked: { -readonly [K in keyof UpstreamCall]: UpstreamCall[K] } = { ...call };
  for (const parameter of refused) delete asked[parameter];
  return asked;
};

/** The parameters of OpenAI's wires, as their refusals name them. */
const namedSo: Readonly<Record<string, readonly OptionalParameter[]>> = {
  reasoning: ['reasoningEffort', 'reasoningSummary'],
  'reasoning.effort': ['reasoningEffort'],
  'reasoning.summary': ['reasoningSummary'],
  reasoning_effort: ['reasoningEffort'],
  'text.verbosity': ['verbosity'],
  verbosity: ['verbosity'],
  temperature: ['temperature'],
  top_p: ['topP'],
  presence_penalty: ['presencePenalty'],
  frequency_penalty: ['frequencyPenalty'],
  top_logprobs: ['topLogprobs'],
  logprobs: ['topLogprobs'],
  seed: ['seed'],
  include: ['topLogprobs'],
  prompt_cache_key: ['promptCacheKey'],
  safety_identifier: ['safetyIdentifier'],
  user: ['user'],
  service_tier: ['serviceTier'],
};

/** `Unsupported parameter: 'temperature' is not supported with this model.` and its kin. */
export const refusedByOpenai: RefusedParameters = ({ status, code, param, message }) => {
  const isRefusal =
    status === 400 &&
    (/^(?:unsupported|unknown)_(?:parameter|value)$/.test(code ?? '') ||
      /unsupported (?:parameter|value)|unknown parameter|unrecognized request argument/i.test(
        message,
      ));
  if (!isRefusal) return [];
  return namedSo[param ?? /'([\w.]+)'/.exec(message)?.[1] ?? ''] ?? [];
};

/** Ollama's refusals of thinking, where a model knows none of it or no degrees of it. */
export const refusedByOllama: RefusedParameters = ({ status, message }) =>
  status === 400 && /does not support thinking|think value .* is not supported/i.test(message)
    ? ['reasoningEffort']
    : [];
