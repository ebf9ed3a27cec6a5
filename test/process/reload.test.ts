/** A served proxy whose file changes, as a process: LiteLLM's file, and SIGHUP. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { request } from 'undici';
import { expect, test } from 'vitest';

import { readStream } from '../kit/response-grammar.ts';
import { folderWith, start } from './spillway.ts';

const timeout = 60_000;

const urlIn = (text: string): string => /listening on (\S+)/.exec(text)?.[1] ?? '';

const modelsAt = async (url: string): Promise<readonly string[]> => {
  const { body } = await request(`${url}/models`);
  const { data } = (await body.json()) as { data: readonly { id: string }[] };
  return data.map(({ id }) => id);
};

test(
  'SIGHUP reads the file again, drops no stream, and a mistake in it changes nothing',
  { timeout },
  async () => {
    const text = `backends: { spark: { kind: ollama, url: simulated } }
models: { before: [{ backend: spark, model: 'gpt-oss:120b' }] }
`;
    const folder = folderWith({ 'spillway.yaml': text });
    const file = join(folder, 'spillway.yaml');
    const serve = start(folder, ['serve', 'spillway.yaml', '--port', '0', '--quiet']);
    await serve.said('listening on');
    const url = urlIn(serve.output());
    const { body } = await request(`${url}/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'before', input: 'Answer in 60 tokens.', stream: true }),
    });

    writeFileSync(file, text.replace('before:', 'after:'));
    serve.signal('SIGHUP');
    await serve.said('reloaded; running answers end as they began');
    expect(await modelsAt(url)).toEqual(['after']);
    const stream = readStream(await body.text());
    expect(stream.resource).toMatchObject({ status: 'completed', model: 'before' });

    writeFileSync(file, text.replace('kind: ollama', 'kind: olama'));
    serve.signal('SIGHUP');
    await serve.said('nothing was reloaded: the proxy goes on as before');
    expect(serve.output()).toContain('spillway.yaml:1:28  backends.spark.kind: expected one of');
    expect(await modelsAt(url)).toEqual(['after']);

    writeFileSync(file, text.replace('simulated', 'simulated, simulate: { parallel: 3 }'));
    serve.signal('SIGHUP');
    await serve.said('a simulated backend cannot be changed while it runs');
    serve.signal('SIGTERM');
    expect((await serve.ended).code).toBe(0);
  },
);

test(
  'a LiteLLM file is served, and what is not supported is listed once',
  { timeout },
  async () => {
    const folder = folderWith({
      'config.yaml': `model_list:
  - { model_name: local, litellm_params: { model: ollama_chat/x, api_base: 'http://127.0.0.1:1' } }
router_settings: { redis_host: redis }
general_settings: { master_key: os.environ/MASTER }
`,
    });
    const words = ['serve', 'config.yaml', '--port', '0', '--quiet'];
    const serve = start(folder, words, { MASTER: 'sk-very-secret' });
    await serve.said('listening on');
    await serve.said('try:');
    expect(serve.output().match(/router_settings\.redis_host: not supported/g)).toHaveLength(1);
    const url = urlIn(serve.output());
    expect((await request(`${url}/models`)).statusCode).toBe(401);
    const headers = { authorization: 'Bearer sk-very-secret' };
    expect((await request(`${url}/models`, { headers })).statusCode).toBe(200);
    serve.signal('SIGTERM');
    const { code, stdout, stderr } = await serve.ended;
    expect(code).toBe(0);
    expect(stdout + stderr).not.toContain('very-secret');
  },
);
