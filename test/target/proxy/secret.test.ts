/**
 * What was said under `local-only` comes back in many ways: by the id of a response, by reference
 * to an item, as a summary, as sealed reasoning. Whichever way, and whatever fails, the cloud is
 * never told of it.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { Item, ResponseResource } from '../../../src/protocol/responses.ts';
import { parseRequest } from '../../../src/target/proxy/request.ts';
import { ProxyWorld, RecordedReply, end, failure, text, usage } from '../../kit/proxy-world.ts';

const ways = ['afresh', 'previous', 'reference', 'summary', 'sealed'] as const;

interface Step {
  readonly way: (typeof ways)[number];
  /** Which of the answers so far it goes on from. */
  readonly from: number;
  readonly isSecret: boolean;
  readonly isSparkDown: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  way: fc.constantFrom(...ways),
  from: fc.nat(10),
  isSecret: fc.boolean(),
  isSparkDown: fc.boolean(),
});

const caller = {
  name: 'anonymous',
  residency: 'local-first',
  trace: '1'.padStart(32, '0'),
  requestId: 'req_1',
} as const;

class Talk {
  readonly world = new ProxyWorld();
  readonly #answers: ResponseResource[] = [];

  async take({ way, from, isSecret, isSparkDown }: Step): Promise<void> {
    const word = isSecret ? 'SECRET' : 'open';
    this.world.spark.plays((call) => {
      const heard = JSON.stringify(call.input).includes('SECRET') ? 'SECRET' : 'open';
      const said = [{ kind: 'reasoning', text: heard } as const, text(heard), usage(500, 2), end];
      return isSparkDown ? [failure('overloaded')] : said;
    });
    const before = this.#answers[from % Math.max(1, this.#answers.length)];
    const body = {
      input: [...(await this.#goingOn(way, before)), { role: 'user', content: word }],
      ...(way === 'previous' && before ? { previous_response_id: before.id } : {}),
      ...(isSecret ? { metadata: { residency: 'local-only' } } : {}),
      include: ['reasoning.encrypted_content'],
      stream: false,
    };
    const reply = await this.world.ask(body);
    if (reply.status === 200) this.#answers.push(JSON.parse(reply.body));
    // Later turns find the circuit closed again.
    const { clock } = this.world;
    await clock.runUntil(clock.sleep(60_000), clock.now() + 120_000);
  }

  async #goingOn(
    way: Step['way'],
    before: ResponseResource | undefined,
  ): Promise<readonly unknown[]> {
    if (!before) return [];
    const said = before.output.find((item) => item.type === 'message');
    if (way === 'reference') return said ? [{ type: 'item_reference', id: said.id }] : [];
    if (way === 'sealed') {
      const thought = before.output.find((item) => item.type === 'reasoning');
      const sealed = thought?.type === 'reasoning' ? thought.encrypted_content : undefined;
      if (sealed === undefined) return [];
      const bare = { type: 'reasoning', summary: [], encrypted_content: sealed };
      return [bare, { role: 'assistant', content: 'Well.' }];
    }
    return way === 'summary' ? this.#summaryOf(before) : [];
  }

  async #summaryOf(before: ResponseResource): Promise<readonly Item[]> {
    const reply = new RecordedReply(this.world.clock);
    const request = parseRequest({ model: 'm', input: 'Now.', previous_response_id: before.id });
    const done = this.world.proxy.compact(request, caller, reply);
    await this.world.clock.runUntil(done, this.world.clock.now() + 3_600_000);
    if (reply.status !== 200) return [];
    const { output }: { output: readonly Item[] } = JSON.parse(reply.body);
    return output.filter((item) => item.type === 'compaction');
  }
}

describe('a secret', () => {
  test('never reaches the cloud, whichever way it comes back', async () => {
    let cloudCalls = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const talk = new Talk();
        for (const it of steps) await talk.take(it);
        cloudCalls += talk.world.azure.calls.length;
        for (const call of talk.world.azure.calls)
          expect(JSON.stringify([call.input, call.instructions])).not.toContain('SECRET');
      }),
      { numRuns: 200 },
    );
    // Else the property would hold for a proxy that never asks the cloud at all.
    expect(cloudCalls).toBeGreaterThan(50);
  });
});
