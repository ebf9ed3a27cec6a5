/** `openai` with keys: who may ask, what another may see, and what may leave the house. */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';

import OpenAI from 'openai';
import { ResponsesWS } from 'openai/resources/responses/ws';

import { answer } from './script.ts';
import { type ScriptedProxy, serveScripted } from './served.ts';

const keys = [
  { name: 'app', key: 'key-of-an-app-0123456789' },
  { name: 'other', key: 'key-of-another-0123456789' },
  { name: 'confidential', key: 'key-of-the-house-0123456789', residency: 'local-only' },
] as const;

const opened = new AsyncDisposableStack();
let proxy: ScriptedProxy;

before(async () => {
  proxy = opened.use(await serveScripted('fail', keys));
});
after(() => opened.disposeAsync());

const clientOf = (name: (typeof keys)[number]['name'] | 'stranger'): OpenAI => {
  const apiKey = keys.find((it) => it.name === name)?.key ?? 'key-of-nobody';
  return new OpenAI({ baseURL: proxy.url, apiKey, maxRetries: 0 });
};

suite('openai, keys', () => {
  test('a stranger is told that the key is wrong, also at the door of a socket', async () => {
    const client = clientOf('stranger');
    await assert.rejects(
      client.responses.create({ model: 'text', input: 'How?' }),
      (error) => error instanceof OpenAI.AuthenticationError && error.code === 'invalid_api_key',
    );
    const socket = new ResponsesWS(client);
    await assert.rejects(async () => {
      for await (const record of socket.stream()) if (record.type === 'error') throw record.error;
    }, /401/);
  });

  test("another key's response cannot be read, continued or deleted", async () => {
    const { id } = await clientOf('app').responses.create({ model: 'text', input: 'How?' });
    const other = clientOf('other');
    await assert.rejects(other.responses.retrieve(id), OpenAI.NotFoundError);
    await assert.rejects(other.responses.delete(id), OpenAI.NotFoundError);
    await assert.rejects(
      other.responses.create({ model: 'text', input: 'And?', previous_response_id: id }),
      (error) =>
        error instanceof OpenAI.BadRequestError && error.code === 'previous_response_not_found',
    );
    assert.equal((await clientOf('app').responses.retrieve(id)).output_text, answer);
  });

  test('what is local-only is refused rather than sent to the cloud', async () => {
    const client = clientOf('confidential');
    assert.equal(
      (await client.responses.create({ model: 'text', input: 'How?' })).output_text,
      answer,
    );
    for (const ask of [
      () => client.responses.create({ model: 'broken', input: 'How?' }),
      () => client.responses.stream({ model: 'broken', input: 'How?' }).finalResponse(),
    ])
      await assert.rejects(
        ask(),
        (error) =>
          error instanceof OpenAI.InternalServerError && error.code === 'local_only_unavailable',
      );
    assert.equal(proxy.upstream.lastBody('azure', 'broken'), undefined);
  });
});
