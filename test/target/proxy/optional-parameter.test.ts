import { describe, expect, test } from 'vitest';

import type { Failure, GenerationEvent } from '../../../src/protocol/generation.ts';
import { refusedByOpenai, withoutRefused } from '../../../src/target/proxy/optional-parameter.ts';
import type { UpstreamCall } from '../../../src/target/proxy/proxy.ts';
import { call, collect, never } from './scripted-server.ts';

const refusal = (param: string): Failure => ({
  reason: 'status',
  evidence: 'soft',
  status: 400,
  code: 'unsupported_parameter',
  param,
  message: `Unsupported parameter: '${param}' is not supported with this model.`,
  isRequestFault: true,
});

/** A model that refuses whatever it finds of these, one at a time. */
const picky = (refused: Readonly<Partial<Record<keyof UpstreamCall, string>>>) => {
  const calls: UpstreamCall[] = [];
  const open = async function* answer(
    asked: UpstreamCall,
  ): AsyncGenerator<readonly GenerationEvent[]> {
    calls.push(asked);
    const found = Object.entries(refused).find(([field]) => field in asked);
    if (found) yield [{ kind: 'failure', failure: refusal(found[1]) }];
    else yield [{ kind: 'end', reason: 'stop' }];
  };
  return { calls, open: withoutRefused(open, refusedByOpenai) };
};

describe('a parameter that a model refuses', () => {
  const asked = call({ temperature: 0, reasoningEffort: 'low', reasoningSummary: 'auto' });

  test('is left out, and is not told to it again', async () => {
    const { calls, open } = picky({ temperature: 'temperature', reasoningEffort: 'reasoning' });
    expect(await collect(open(asked, never()))).toEqual([{ kind: 'end', reason: 'stop' }]);
    expect(calls).toHaveLength(3);
    expect(calls.at(-1)).not.toHaveProperty('reasoningSummary');
    await collect(open(asked, never()));
    expect(calls).toHaveLength(4);
  });

  test('is told to another model all the same', async () => {
    const { calls, open } = picky({ temperature: 'temperature' });
    await collect(open(asked, never()));
    const other = { ...asked, candidate: { ...asked.candidate, model: 'other' } };
    await collect(open(other, never()));
    expect(calls[2]).toHaveProperty('temperature', 0);
  });

  test('is the end of it when it matters, or when it was never sent', async () => {
    const { calls, open } = picky({ tools: 'tools' });
    expect(await collect(open(asked, never()))).toMatchObject([{ kind: 'failure' }]);
    expect(calls).toHaveLength(1);
    const stubborn = withoutRefused(async function* refuse() {
      yield [{ kind: 'failure', failure: refusal('user') }];
    }, refusedByOpenai);
    expect(await collect(stubborn(asked, never()))).toMatchObject([{ kind: 'failure' }]);
  });

  test('is known by its code, or by what the message says', () => {
    const { code: _, param: __, ...wordy } = refusal('top_p');
    expect(refusedByOpenai(wordy)).toEqual(['topP']);
    expect(refusedByOpenai({ ...refusal('user'), status: 500 })).toEqual([]);
    expect(refusedByOpenai({ ...wordy, message: "Invalid 'top_p'." })).toEqual([]);
  });
});
