/** `kill -9` in the middle of the work: what was said to be done is there, and nothing hangs. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { request } from 'undici';
import { expect, test } from 'vitest';

import { asRecord, type JsonObject, parseJson } from '../../../src/target/proxy/json.ts';
import { clock, recall, servedProxy } from '../../kit/served-proxy.ts';

interface Killable extends Disposable {
  readonly process: ChildProcess;
  readonly origin: string;
}

const started = async (path: string): Promise<Killable> => {
  const script = new URL('served-process.ts', import.meta.url);
  const child = fork(script, [path], { execArgv: [] });
  const failed = once(child, 'exit').then(() => {
    throw new Error('the proxy ended before it listened');
  });
  const [origin] = await Promise.race([once(child, 'message'), failed]);
  failed.catch(() => undefined);
  return {
    process: child,
    origin: String(origin),
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  };
};

const freshPath = (): string => join(mkdtempSync(join(tmpdir(), 'spillway-kill-')), 'state.db');

const json = async (url: string, body?: object): Promise<JsonObject> => {
  const answer = await request(url, {
    ...(body && { method: 'POST', body: JSON.stringify({ model: 'm', ...body }) }),
    headers: { 'content-type': 'application/json' },
  });
  return asRecord(parseJson(await answer.body.text())) ?? {};
};

const textIn = (resource: JsonObject): string =>
  /"text":"([^"]*)"/.exec(JSON.stringify(resource['output']))?.[1] ?? '';

test('a background response that was running has failed, and one that was done is there', async () => {
  const path = freshPath();
  using first = await started(path);
  const url = `${first.origin}/v1/responses`;
  const done = await json(url, { input: 'quick', background: true });
  const running = await json(url, { input: 'slowly one two three', background: true });
  expect([done['status'], running['status']]).toEqual(['queued', 'queued']);
  const status = async (of: JsonObject) => (await json(`${url}/${String(of['id'])}`))['status'];
  while ((await status(done)) !== 'completed') await clock.sleep(10);
  while ((await status(running)) !== 'in_progress') await clock.sleep(10);
  first.process.kill('SIGKILL');
  await once(first.process, 'exit');

  await using second = await servedProxy(recall, {
    state: { kind: 'sqlite', path, retainDays: 30 },
  });
  const again = `${second.origin}/v1/responses`;
  expect(await json(`${again}/${String(done['id'])}`)).toMatchObject({
    status: 'completed',
    background: true,
  });
  const cut = await json(`${again}/${String(running['id'])}`);
  expect(cut).toMatchObject({ status: 'failed', error: { code: 'server_error' } });
  expect(await json(`${again}/${String(running['id'])}/cancel`, {})).toEqual(cut);
  const streamed = await json(`${again}/${String(running['id'])}?stream=true`);
  expect(streamed).toMatchObject({ error: { param: 'stream' } });
}, 30_000);

test('chains that were growing go on from the last answer that was told', async () => {
  const path = freshPath();
  using first = await started(path);
  const chains = Array.from({ length: 50 }, (_, chain) => ({
    name: `c${chain}`,
    words: [] as readonly string[],
    id: undefined as string | undefined,
  }));
  let told = 0;
  const grow = async (chain: (typeof chains)[number]): Promise<void> => {
    for (let turn = 0; ; turn++) {
      const word = `${chain.name}.${turn}`;
      const previous = chain.id === undefined ? {} : { previous_response_id: chain.id };
      const answer = await json(`${first.origin}/v1/responses`, { input: word, ...previous });
      chain.words = [...chain.words, word];
      chain.id = String(answer['id']);
      if (++told === 400) first.process.kill('SIGKILL');
    }
  };
  const ends = await Promise.allSettled(chains.map(grow));
  expect(ends.every(({ status }) => status === 'rejected')).toBe(true);
  expect(told).toBeGreaterThanOrEqual(400);

  await using second = await servedProxy(recall, {
    state: { kind: 'sqlite', path, retainDays: 30 },
  });
  for (const { name, words, id } of chains) {
    const previous = id === undefined ? {} : { previous_response_id: id };
    const answer = await json(`${second.origin}/v1/responses`, {
      input: `${name}.last`,
      ...previous,
    });
    expect(textIn(answer).trim()).toBe([...words, `${name}.last`].join(' '));
  }
}, 60_000);
