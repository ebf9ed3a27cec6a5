/**
 * Conversations at once: a hundred chains, branched, each continued the moment its answer is
 * complete, over HTTP, over sockets, and with the state in a file.
 *
 * The model says back everything its chain has told it. A turn that is lost, or one of another
 * chain that is mixed in, is seen in the very next answer.
 */

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { request } from 'undici';
import { describe, expect, test } from 'vitest';

import type { System } from '../../../src/system/system.ts';
import { asRecord, parseJson } from '../../../src/target/proxy/json.ts';
import { recall, servedProxy, SocketClient, socketUrl } from '../../kit/served-proxy.ts';
import { readStream } from '../../kit/response-grammar.ts';

const chainCount = 100;
const turnCount = 6;
/** At this turn each chain splits in two. */
const branchAt = 3;

interface Told {
  readonly id: string;
  readonly text: string;
}

/** One turn: what is said, after which response; gives the answer. */
type Ask = (input: string, previousId: string | undefined) => Promise<Told>;

/**
 * Reads a stream only as far as its completion: the next turn begins before the stream has ended.
 */
const overSse =
  (origin: string): Ask =>
  async (input, previousId) => {
    const { body } = await request(`${origin}/v1/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'm',
        input,
        stream: true,
        ...(previousId !== undefined && { previous_response_id: previousId }),
      }),
    });
    const { promise, resolve, reject } = Promise.withResolvers<Told>();
    const read = async (): Promise<void> => {
      let text = '';
      for await (const chunk of body) {
        text += String(chunk);
        const line = /^data: (\{"type":"response\.completed".*)\n\n/m.exec(text)?.[1];
        if (line !== undefined) resolve(toldIn(asRecord(parseJson(line))?.['response']));
      }
      readStream(text);
    };
    read().catch(reject);
    return promise;
  };

const overSocket =
  (client: SocketClient, isStored: boolean): Ask =>
  async (input, previousId) => {
    const body = { input, store: isStored, previous_response_id: previousId ?? null };
    const { stream } = await client.ask(body);
    return toldIn(stream.resource);
  };

const toldIn = (resource: unknown): Told => {
  const { id, output } = asRecord(resource) ?? {};
  const text = /"text":"([^"]*)"/.exec(JSON.stringify(output))?.[1];
  return { id: String(id), text: text ?? '' };
};

/** Plays one chain with its branch, and holds each answer against what was said in it. */
const play = async (chain: number, ask: Ask): Promise<number> => {
  const goOn = async (
    name: string,
    from: number,
    said: readonly string[],
    parent?: string,
  ): Promise<number> => {
    const words = [...said];
    let previousId = parent;
    for (let turn = from; turn < turnCount; turn++) {
      words.push(`${name}.${turn}`);
      const told = await ask(words.at(-1) ?? '', previousId);
      expect(told.text.trim()).toBe(words.join(' '));
      const forked = previousId;
      previousId = told.id;
      if (turn !== branchAt || name.endsWith('b')) continue;
      // Two children of one parent, at once.
      const [left, right] = await Promise.all([
        goOn(name, turn + 1, words, previousId),
        goOn(`${name}b`, turn, words.slice(0, -1), forked),
      ]);
      return left + right + turn - from + 1;
    }
    return turnCount - from;
  };
  return goOn(`c${chain}`, 0, []);
};

const chains = (ask: (chain: number) => Ask): Promise<readonly number[]> =>
  Promise.all(Array.from({ length: chainCount }, (_, chain) => play(chain, ask(chain))));

/** Turns 0 to 5 of the trunk, and 3 to 5 of the branch. */
const turnsOfChain = turnCount + (turnCount - branchAt);

const inFile = (): Partial<System> => ({
  state: {
    kind: 'sqlite',
    path: join(mkdtempSync(join(tmpdir(), 'spillway-chain-')), 'state.db'),
    retainDays: 30,
  },
});

describe(
  `${chainCount} chains at once, branched, continued on completion`,
  { timeout: 60_000 },
  () => {
    test('over HTTP, with the state in a file', async () => {
      await using at = await servedProxy(recall, inFile());
      const played = await chains(() => overSse(at.origin));
      expect(new Set(played)).toEqual(new Set([turnsOfChain]));
    });

    test('over as many sockets, with nothing stored', async () => {
      await using at = await servedProxy(recall);
      await using open = new AsyncDisposableStack();
      const played = await chains(() => {
        const client = open.use(new SocketClient(socketUrl(at)));
        return serially(async (input, previousId) =>
          overSocket(await client.opened(), false)(input, previousId),
        );
      });
      expect(new Set(played)).toEqual(new Set([turnsOfChain]));
    });

    test('begun over HTTP and continued over sockets, and back', async () => {
      await using at = await servedProxy(recall);
      await using open = new AsyncDisposableStack();
      const played = await chains((chain) => {
        const client = open.use(new SocketClient(socketUrl(at)));
        const overWire = serially(async (input, previousId) =>
          overSocket(await client.opened(), true)(input, previousId),
        );
        let turn = chain;
        return (input, previousId) =>
          (turn++ % 2 === 0 ? overWire : overSse(at.origin))(input, previousId);
      });
      expect(new Set(played)).toEqual(new Set([turnsOfChain]));
    });
  },
);

/** One after the other: a socket answers in the order it was asked. */
const serially = (ask: Ask): Ask => {
  let last: Promise<unknown> = Promise.resolve();
  return (input, previousId) => {
    const next = last.then(() => ask(input, previousId));
    last = next.catch(() => undefined);
    return next;
  };
};
