/** A served proxy as an operator sees it: its log, its page, its numbers, and no secret in any. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { request } from 'undici';
import { expect, test } from 'vitest';

import { folderWith, secrets, type Running, start, systemText } from './spillway.ts';

const bearer = { authorization: `Bearer ${secrets.TEST_READER_KEY}` };

/** The address that `serve` says it listens on. */
const originOf = async (running: Running): Promise<string> => {
  await running.said('listening on ');
  return /listening on (\S+)\/v1/.exec(running.output())?.[1] ?? '';
};

const ask = async (origin: string, headers: Readonly<Record<string, string>>): Promise<number> => {
  const { statusCode, body } = await request(`${origin}/v1/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'gpt-oss-120b', input: 'A word nobody may log: quetzal.' }),
  });
  await body.dump();
  return statusCode;
};

const requestLines = (text: string): readonly unknown[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line): { readonly event?: string } => JSON.parse(line))
    .filter(({ event }) => event !== 'notice');

const serve = (folder: string, ...words: readonly string[]): Running =>
  start(folder, ['serve', 'system.yaml', '--port', '0', ...words], secrets);

test('each request is a line on stderr, and shows on the page', { timeout: 60_000 }, async () => {
  const running = serve(folderWith({ 'system.yaml': systemText }));
  const origin = await originOf(running);
  expect(await ask(origin, bearer)).toBe(200);
  expect(await ask(origin, { authorization: 'Bearer wrong' })).toBe(401);
  const shown: string[] = [];
  for (const path of ['diagnostics', 'diagnostics.json', 'metrics', 'health', 'ready']) {
    const { statusCode, body } = await request(`${origin}/${path}`, { headers: bearer });
    expect(statusCode).toBe(200);
    shown.push(await body.text());
  }
  running.signal('SIGTERM');
  const { stderr, code } = await running.ended;
  expect(code).toBe(0);
  // All of it is for a program, or none.
  for (const line of stderr.trim().split('\n')) expect(line).toMatch(/^\{.*\}$/);
  expect(requestLines(stderr)).toMatchObject([
    { event: 'request', key: 'reader', backend: 'spark', status: 200, outcome: 'ok' },
    { event: 'refused', method: 'POST', path: '/v1/responses', status: 401 },
  ]);
  for (const text of [...shown, stderr])
    for (const secret of [...Object.values(secrets), 'quetzal']) expect(text).not.toContain(secret);
});

test('a log may go to a file, or be left out', { timeout: 60_000 }, async () => {
  const folder = folderWith({ 'system.yaml': `log: { file: requests.log }\n${systemText}` });
  const logged = serve(folder);
  await ask(await originOf(logged), bearer);
  logged.signal('SIGTERM');
  expect(requestLines((await logged.ended).stderr)).toEqual([]);
  const log = readFileSync(join(folder, 'requests.log'), 'utf8');
  expect(requestLines(log)).toMatchObject([{ event: 'request', outcome: 'ok' }]);

  const quiet = serve(folderWith({ 'system.yaml': systemText }), '--quiet');
  await ask(await originOf(quiet), bearer);
  quiet.signal('SIGTERM');
  expect(requestLines((await quiet.ended).stderr)).toEqual([]);
});
