/** The routes to what one can look at: who may, and whether they mean what they say. */

import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { request } from 'undici';
import { describe, expect, test } from 'vitest';

import type { KeySystem, System } from '../../../../src/system/system.ts';
import { asRecord, parseJson } from '../../../../src/target/proxy/json.ts';
import { type Model, servedProxy, type ServedProxy } from '../../../kit/served-proxy.ts';

const brief: Model = () => ({ text: 'a secret answer' });

const keys: readonly KeySystem[] = [
  { name: 'miner', key: 'key-of-miner', residency: 'local-first' },
  { name: 'other', key: 'key-of-other', residency: 'local-only' },
];

const get = async (
  { origin }: ServedProxy,
  path: string,
  headers: Readonly<Record<string, string>> = {},
) => {
  const answer = await request(`${origin}${path}`, { headers });
  const text = await answer.body.text();
  return {
    status: answer.statusCode,
    headers: answer.headers,
    text,
    json: asRecord(parseJson(text)) ?? {},
  };
};

const ask = async ({ origin }: ServedProxy, model = 'm'): Promise<number> => {
  const answer = await request(`${origin}/v1/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer key-of-miner' },
    body: JSON.stringify({ model, input: 'a secret question' }),
  });
  await answer.body.dump();
  return answer.statusCode;
};

const basic = (password: string) => ({
  authorization: `Basic ${Buffer.from(`anyone:${password}`).toString('base64')}`,
});

/** Nothing listens there, and nobody else's proxy is asked on the way. */
const nowhere: System['backends'] = [
  {
    name: 'spark',
    wire: 'ollama',
    urls: ['http://127.0.0.1:1'],
    residency: 'local',
    slots: 1,
    connectMs: 1000,
    firstTokenMs: 1000,
    stallMs: 1000,
  },
];

const system: System = {
  listen: { host: '127.0.0.1', port: 0 },
  state: { kind: 'memory', retainDays: 30 },
  keys: [],
  backends: nowhere,
  models: [{ name: 'm', candidates: [{ backend: 'spark', model: 'gpt-oss:120b' }] }],
  midStream: 'fail',
  commitOn: 'text',
  cold: 'spill',
  spill: { queueMax: 2, waitMsMax: 1500 },
  breaker: { hardFailures: 1, softFailures: 3, openForMs: 5000 },
  economics: { counterfactuals: [] },
};

describe('who may look', () => {
  const paths = ['/diagnostics', '/diagnostics.json', '/metrics'];

  test('is everybody where there are no keys', async () => {
    await using at = await servedProxy(brief);
    for (const path of paths) expect((await get(at, path)).status).toBe(200);
  });

  test.each(paths)(
    'at %s is whoever has a key, as a browser or a program sends it',
    async (path) => {
      await using at = await servedProxy(brief, { keys });
      const refused = await get(at, path);
      expect(refused.status).toBe(401);
      expect(refused.headers['www-authenticate']).toMatch(/^Basic realm=/);
      expect(refused.json['error']).toMatchObject({ code: 'invalid_api_key' });
      expect((await get(at, path, { authorization: 'Bearer key-of-miner' })).status).toBe(200);
      expect((await get(at, path, basic('key-of-miner'))).status).toBe(200);
      expect((await get(at, path, basic('key-of-nobody'))).status).toBe(401);
      expect((await get(at, path, { authorization: 'Basic !' })).status).toBe(401);
      // A key in an address would stay in histories and logs.
      expect((await get(at, `${path}?key=key-of-miner`)).status).toBe(401);
    },
  );

  test('is an administrator alone where one is named', async () => {
    const [miner, other] = keys;
    if (!miner || !other) throw new Error('there are two keys');
    await using at = await servedProxy(brief, { keys: [miner, { ...other, role: 'admin' }] });
    expect((await get(at, '/diagnostics', basic('key-of-miner'))).status).toBe(403);
    expect((await get(at, '/diagnostics', basic('key-of-other'))).status).toBe(200);
  });

  test('at the metrics is everybody if the file says so', async () => {
    await using at = await servedProxy(brief, { keys, metrics: 'open' });
    expect((await get(at, '/metrics')).status).toBe(200);
    expect((await get(at, '/diagnostics')).status).toBe(401);
  });

  test('follows another file', async () => {
    await using at = await servedProxy(brief);
    expect((await get(at, '/diagnostics.json')).status).toBe(200);
    at.proxy.reload({ ...system, keys });
    expect((await get(at, '/diagnostics.json')).status).toBe(401);
  });
});

describe('what is shown', () => {
  test('is how far one gets, what was used, and no secret, prompt or answer', async () => {
    await using at = await servedProxy(brief, { keys });
    expect(await ask(at)).toBe(200);
    const bearer = { authorization: 'Bearer key-of-miner' };
    const { json, text } = await get(at, '/diagnostics.json', bearer);
    expect(json).toMatchObject({
      service: 'spillway',
      status: 'ok',
      serving: [{ model: 'm', backend: 'spark', isPreferred: true }],
      backends: [{ name: 'spark', breaker: 'closed', slots: 1000, reach: { isReachable: true } }],
      today: { models: [{ model: 'm', requests: 1, inputTokens: 9, localRatio: 1 }] },
    });
    const page = await get(at, '/diagnostics', bearer);
    const metrics = await get(at, '/metrics', bearer);
    for (const shown of [text, page.text, metrics.text])
      expect(shown).not.toMatch(/key-of|a secret/);
  });

  test('is a page that may run its own script and nothing else', async () => {
    await using at = await servedProxy(brief);
    const { text, headers } = await get(at, '/diagnostics');
    const policy = String(headers['content-security-policy']);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    for (const [element, directive] of [
      ['script', 'script-src'],
      ['style', 'style-src'],
    ] as const) {
      const contents = [...text.matchAll(new RegExp(`<${element}>([^]*?)</${element}>`, 'g'))];
      expect(contents).toHaveLength(1);
      const hash = createHash('sha256')
        .update(contents[0]?.[1] ?? '')
        .digest('base64');
      expect(policy).toContain(`${directive} 'sha256-${hash}'`);
    }
    expect(text).not.toMatch(/ style="| on[a-z]+="/);
  });

  test.each([
    ['/diagnostics', {}, 'en'],
    ['/diagnostics', { 'accept-language': 'ja,en-US;q=0.9' }, 'ja'],
    ['/diagnostics', { 'accept-language': 'de, en;q=0.8, ja;q=0.5' }, 'en'],
    ['/diagnostics?lang=ja', { 'accept-language': 'en' }, 'ja'],
    ['/diagnostics?lang=xx', { 'accept-language': 'ja' }, 'ja'],
  ])('at %s with %j is in %s', async (path, headers, language) => {
    await using at = await servedProxy(brief);
    const { text } = await get(at, path, headers);
    expect(text).toContain(`<html lang="${language}">`);
    expect(text.includes('現在の応答元')).toBe(language === 'ja');
  });
});

describe('health and readiness', () => {
  test('are told apart while every circuit is open', async () => {
    await using at = await servedProxy(brief, { backends: nowhere, keys });
    expect(await ask(at)).toBe(503);
    expect((await get(at, '/health')).json).toMatchObject({ status: 'ok', service: 'spillway' });
    const { status, json } = await get(at, '/ready');
    expect(status).toBe(503);
    expect(json).toEqual({ status: 'not-ready', reasons: ['every circuit is open'] });
    const shown = await get(at, '/diagnostics.json', basic('key-of-miner'));
    expect(shown.json).toMatchObject({
      status: 'unavailable',
      serving: [{ model: 'm', isPreferred: false }],
      lastSwitch: { kind: 'opened', backend: 'spark', reason: 'refused' },
      backends: [{ breaker: 'open', why: { reason: 'refused' }, reach: { isReachable: false } }],
    });
  });

  test('say what keeps the state from being kept, and so does the page', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spillway-ready-'));
    const path = join(folder, 'state.db');
    await using at = await servedProxy(brief, { state: { kind: 'sqlite', path, retainDays: 30 } });
    const other = new DatabaseSync(path);
    other.exec('DROP TABLE responses');
    other.close();
    const problem = 'no such table: responses';
    const { status, json } = await get(at, '/ready');
    expect(status).toBe(503);
    expect(json).toEqual({
      status: 'not-ready',
      reasons: [`the state cannot be kept: ${problem}`],
    });
    expect((await get(at, '/diagnostics.json')).json).toMatchObject({ stateProblem: problem });
    const page = (await get(at, '/diagnostics?lang=ja')).text;
    expect(page).toContain(`状態を保存できません：${problem}`);
    rmSync(folder, { recursive: true });
  });

  test('need no key, and a proxy that serves is ready', async () => {
    await using at = await servedProxy(brief, { keys });
    expect((await get(at, '/ready')).json).toEqual({ status: 'ready', reasons: [] });
  });
});
