/**
 * What `openai` builds upon its resources, each with checks of its own: a runner of tools that
 * refuses any item it could not send back, lanes on one socket, and the client for Azure, which is
 * given the host alone.
 */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import OpenAI, { AzureOpenAI } from 'openai';
import { ResponsesToolRunner } from 'openai/helpers/responses-tool-runner';
import * as accumulating from 'openai/lib/responses/responses-websocket-accumulator';
import { ResponsesWebSocketSession } from 'openai/lib/responses/responses-websocket-session';
import { ResponsesWS } from 'openai/resources/responses/ws';

import { answer } from './script.ts';
import { type ScriptedProxy, serveScripted } from './served.ts';
import { levelTool } from './tool.ts';

let proxy: ScriptedProxy;
let client: OpenAI;
const apiKey = 'client-key-of-the-helpers';

before(async () => {
  proxy = await serveScripted('fail', [{ name: 'helper', key: apiKey }]);
  client = new OpenAI({ baseURL: proxy.url, apiKey, maxRetries: 0 });
});
after(() => proxy[Symbol.asyncDispose]());

const level = {
  tool: levelTool,
  execute: (fields: Record<string, unknown>) => `${String(fields['place'])} is full`,
};

for (const model of ['tool', 'thinking-tool', 'parallel'] as const)
  for (const stream of [false, true])
    test(`the tool runner, ${model}${stream ? ', streamed' : ''}`, async () => {
      const runner = new ResponsesToolRunner({ functions: [level] });
      // Not stored: each step sends everything back.
      const asked = { model, input: 'How is the dam?', store: false };
      const include = ['reasoning.encrypted_content' as const];
      const response = await runner.run(client, { ...asked, include }, { stream });
      assert.match(response.output_text, /Kurobe is full/);
    });

test('lanes on one socket get their own answers, which can be put together', async () => {
  const connection = new ResponsesWS(client);
  try {
    await new Promise<void>((resolve) => connection.socket.on('open', () => resolve()));
    const session = new ResponsesWebSocketSession(connection, {
      maxLanes: 2,
      maxBufferedEvents: 1000,
      maxBufferedBytes: 1_000_000,
    });
    const [left, right] = [session.lane('left'), session.lane('right')];
    left.create({ model: 'text', input: 'How is the dam?' });
    right.create({ model: 'thinking', input: 'How is the dam?' });
    assert.equal((await left.finalResponse()).output_text, answer);
    const accumulator = new accumulating.ResponsesWebSocketAccumulator();
    let type = '';
    while (type !== 'response.completed') {
      const event = await right.receive();
      accumulator.add(event);
      type = event.type;
    }
    assert.equal(accumulator.current?.phase, 'terminal');
  } finally {
    connection.close();
  }
});

test('the client for Azure asks where Azure would be asked', async () => {
  const endpoint = new URL(proxy.url).origin;
  const azure = new AzureOpenAI({ endpoint, apiKey, apiVersion: 'preview', maxRetries: 0 });
  const response = await azure.responses.create({ model: 'text', input: 'How is the dam?' });
  assert.equal(response.output_text, answer);
});
