/** What happens to the simulated Spark itself, as a client sees it. */

import { expect, test } from 'vitest';

import { NdjsonParser } from '../../../src/protocol/ndjson.ts';
import { openServer, spark } from '../../kit/simulated-server.ts';

const open = async () => {
  const { server, notes } = await openServer(spark({ parallel: 2, timeScale: 0.01 }));
  const { box } = server;
  if (!box) throw new Error('a simulated Spark is a box');
  const ask = (tokens: number): Promise<Response> =>
    fetch(`${server.url}/api/chat`, {
      method: 'POST',
      body: JSON.stringify({
        model: 'gpt-oss:120b',
        messages: [{ role: 'user', content: 'Count.' }],
        options: { num_predict: tokens },
      }),
    });
  const loaded = async (): Promise<number> => {
    const { models } = JSON.parse(await (await fetch(`${server.url}/api/ps`)).text());
    return models.length;
  };
  return { box, ask, loaded, notes };
};

/** Reads an answer to its end, and does something once it has begun. */
const linesOf = async (answer: Response, onBegin = (): void => undefined): Promise<unknown[]> => {
  const parser = new NdjsonParser();
  const lines: unknown[] = [];
  for await (const bytes of answer.body ?? []) {
    if (lines.length === 0) onBegin();
    lines.push(...parser.push(bytes).map((line): unknown => JSON.parse(line)));
  }
  return lines;
};

test('a box without memory fails what it says in the middle, and all that it is asked', async () => {
  const { box, ask, loaded, notes } = await open();
  const said = await linesOf(await ask(50_000), () => box.wedge(60_000));
  expect(said.length).toBeGreaterThan(1);
  expect(said.at(-1)).toEqual({ error: 'CUDA error: out of memory' });
  const refused = await ask(10);
  expect(refused.status).toBe(500);
  expect(await refused.json()).toEqual({ error: 'CUDA error: out of memory' });
  expect(await loaded()).toBe(0);
  expect(notes.map(({ outcome }) => outcome)).toEqual(['cancelled', 'rejected']);
});

test('one that is wedged answers nothing, tells its models, and loses all when it is reset', async () => {
  const { box, ask, loaded, notes } = await open();
  box.wedge(0);
  let isSettled = false;
  const hanging = ask(10).finally(() => {
    isSettled = true;
  });
  const dropped = hanging.then(String, String);
  expect(await loaded()).toBe(0);
  expect(isSettled).toBe(false);
  while (!isSettled) {
    // Until it has arrived there is nothing to drop.
    box.restart();
    box.wedge(0);
    await loaded();
  }
  expect(await dropped).toContain('fetch failed');
  box.restart();
  expect(notes.map(({ outcome }) => outcome)).toEqual(['cancelled']);
  // The model is loaded again before it answers.
  expect(await linesOf(await ask(10))).not.toHaveLength(0);
  expect(await loaded()).toBe(1);
});

test('one that restarts drops what it says without a word', async () => {
  const { box, ask } = await open();
  const reading = ask(50_000).then((answer) => linesOf(answer, () => box.restart()));
  await expect(reading).rejects.toThrow('terminated');
});

test('evicted models leave as their work ends, and are loaded again for who asks', async () => {
  const { box, ask, loaded } = await open();
  box.evict();
  expect(await loaded()).toBe(0);
  await linesOf(await ask(10));
  expect(await loaded()).toBe(1);
});

test('a throttled box takes so many times as long', async () => {
  const { box, ask } = await open();
  const evalMs = async (): Promise<number> => {
    const last = (await linesOf(await ask(40))).at(-1);
    return Number(Object(last)['eval_duration']) / 1e6;
  };
  const well = await evalMs();
  box.throttle(3);
  const hot = await evalMs();
  box.throttle(1);
  expect(hot / well).toBeCloseTo(3, 3);
  expect(await evalMs()).toBeCloseTo(well, 6);
});
