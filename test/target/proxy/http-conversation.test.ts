/** The routes of `/v1/conversations`, over sockets and with both kinds of state. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, test } from 'vitest';

import { asRecord, type JsonObject, parseJson } from '../../../src/target/proxy/json.ts';
import { recall, type ServedProxy, servedProxy } from '../../kit/served-proxy.ts';

const folder = mkdtempSync(join(tmpdir(), 'spillway-conversation-'));
afterAll(() => rmSync(folder, { recursive: true }));

const keys = ['one', 'other'].map((name) => ({
  name,
  key: `sk-${name}`,
  residency: 'local-first' as const,
}));

const call = async (
  at: ServedProxy,
  method: string,
  path: string,
  body?: unknown,
  key = 'one',
): Promise<{ readonly status: number; readonly json: JsonObject }> => {
  const answer = await fetch(`${at.origin}/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer sk-${key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, json: asRecord(parseJson(await answer.text())) ?? {} };
};

const states = [
  { kind: 'memory', retainDays: 30 },
  { kind: 'sqlite', path: join(folder, 'state.db'), retainDays: 30 },
] as const;

describe.each(states)('with state in $kind', (state) => {
  test('a conversation is made, read, changed, edited and deleted', async () => {
    await using at = await servedProxy(recall, { state, keys });
    const metadata = { topic: 'wells' };
    const made = await call(at, 'POST', '/conversations', {
      metadata,
      items: [{ type: 'message', role: 'user', content: 'Red.' }],
    });
    expect(made.json).toMatchObject({ object: 'conversation', metadata });
    const path = `/conversations/${String(made.json['id'])}`;
    expect((await call(at, 'GET', path)).json).toEqual(made.json);
    const changed = await call(at, 'POST', path, { metadata: { topic: 'oil' } });
    expect(changed.json).toEqual({ ...made.json, metadata: { topic: 'oil' } });

    const asked = { model: 'm', input: 'Blue.', conversation: made.json['id'] };
    const response = await call(at, 'POST', '/responses', asked);
    expect(JSON.stringify(response.json['output'])).toContain('Red. Blue.');

    const added = await call(at, 'POST', `${path}/items`, {
      items: [{ role: 'user', content: 'Green.' }],
    });
    const content = [{ type: 'input_text', text: 'Green.' }];
    expect(added.json).toMatchObject({ object: 'list', data: [{ content }], has_more: false });
    const page = await call(at, 'GET', `${path}/items?order=asc&limit=3`);
    expect(page.json).toMatchObject({ has_more: true, data: [{ role: 'user' }, {}, {}] });
    const rest = await call(
      at,
      'GET',
      `${path}/items?order=asc&after=${String(page.json['last_id'])}`,
    );
    expect(rest.json['data']).toEqual(added.json['data']);

    const item = `${path}/items/${String(added.json['first_id'])}`;
    expect((await call(at, 'GET', item)).json).toMatchObject({ type: 'message', content });
    expect((await call(at, 'DELETE', item)).json).toEqual(changed.json);
    expect((await call(at, 'GET', item)).status).toBe(404);
    expect((await call(at, 'DELETE', item)).status).toBe(404);

    const deleted = { id: made.json['id'], object: 'conversation.deleted', deleted: true };
    expect((await call(at, 'DELETE', path)).json).toEqual(deleted);
    expect((await call(at, 'GET', path)).status).toBe(404);
    expect((await call(at, 'POST', '/responses', asked)).status).toBe(404);
  });

  test("another key's conversation is one that there is not", async () => {
    await using at = await servedProxy(recall, { state, keys });
    const made = await call(at, 'POST', '/conversations', {
      items: [{ id: 'msg_secret', role: 'user', content: 'Secret.' }],
    });
    const id = String(made.json['id']);
    const path = `/conversations/${id}`;
    const attempts: readonly [string, string, unknown?][] = [
      ['GET', path],
      ['POST', path, { metadata: {} }],
      ['DELETE', path],
      ['GET', `${path}/items`],
      ['POST', `${path}/items`, { items: [{ role: 'user', content: 'Mine.' }] }],
      ['GET', `${path}/items/msg_secret`],
      ['DELETE', `${path}/items/msg_secret`],
      ['POST', '/responses', { model: 'm', input: 'Hi', conversation: id }],
      ['POST', '/responses/input_tokens', { model: 'm', input: 'Hi', conversation: id }],
    ];
    for (const [method, at404, body] of attempts) {
      const { status, json } = await call(at, method, at404, body, 'other');
      expect([method, at404, status]).toEqual([method, at404, 404]);
      expect(JSON.stringify(json)).not.toContain('Secret');
    }
    const { json } = await call(at, 'GET', `${path}/items`);
    expect(json['data']).toHaveLength(1);
  });
});

test('with SQLite, a conversation outlives the proxy', async () => {
  const state = { kind: 'sqlite', path: join(folder, 'again.db'), retainDays: 30 } as const;
  let id: unknown;
  {
    await using at = await servedProxy(recall, { state, keys });
    ({ id } = (await call(at, 'POST', '/conversations', {})).json);
    await call(at, 'POST', '/responses', { model: 'm', input: 'Red.', conversation: id });
  }
  await using at = await servedProxy(recall, { state, keys });
  const asked = { model: 'm', input: 'Blue.', conversation: id };
  const { json } = await call(at, 'POST', '/responses', asked);
  expect(JSON.stringify(json['output'])).toContain('Red. Blue.');
});

test('what is wrong is named', async () => {
  await using at = await servedProxy(recall, { keys });
  const { id } = (await call(at, 'POST', '/conversations')).json;
  const path = `/conversations/${String(id)}`;
  const many = Array.from({ length: 21 }, () => ({ role: 'user', content: '' }));
  const wrong: readonly [string, unknown, string, string][] = [
    ['/conversations', { metadata: { residency: 'lokal' } }, 'metadata.residency', 'invalid_value'],
    ['/conversations', { items: 'Hi' }, 'items', 'invalid_type'],
    ['/conversations', { items: many }, 'items', 'array_above_max_length'],
    [path, {}, 'metadata', 'missing_required_parameter'],
    [`${path}/items`, {}, 'items', 'missing_required_parameter'],
    [`${path}/items`, { items: [{ type: 'x' }] }, 'items[0].type', 'invalid_value'],
    ['/responses', { model: 'm', conversation: 5 }, 'conversation', 'invalid_type'],
    [
      '/responses',
      { model: 'm', conversation: {} },
      'conversation.id',
      'missing_required_parameter',
    ],
    [
      '/responses/compact',
      { model: 'm', conversation: id },
      'conversation',
      'unsupported_parameter',
    ],
  ];
  for (const [at400, body, param, code] of wrong) {
    const { status, json } = await call(at, 'POST', at400, body);
    expect([at400, status]).toEqual([at400, 400]);
    expect(json['error']).toMatchObject({ param, code });
  }
});
