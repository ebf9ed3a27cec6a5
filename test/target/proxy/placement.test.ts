import { describe, expect, test } from 'vitest';

import type { ModelSystem } from '../../../src/system/system.ts';
import { answer, failure, pause, ProxyWorld, type WorldOptions } from '../../kit/proxy-world.ts';

const spark = { backend: 'spark', model: 'local-m' };
const azure = { backend: 'azure', model: 'cloud-m' };
const spare = { backend: 'spare', model: 'spare-m' };

const worldOf = (model: Partial<ModelSystem>, more: WorldOptions = {}): ProxyWorld =>
  new ProxyWorld({
    ...more,
    system: { ...more.system, models: [{ name: 'm', candidates: [spark, azure], ...model }] },
  });

const image = {
  input: [
    {
      role: 'user',
      content: [{ type: 'input_image', image_url: 'data:image/png;base64,iVBORw0KGgo=' }],
    },
  ],
};

const tool = { tools: [{ type: 'function', name: 'f', parameters: { type: 'object' } }] };

/** `calls` of the world's token counter: four characters are a token. */
const tokens = (count: number): string => 'word '.repeat((count * 4) / 5);

const slow = [() => [pause(1500), ...answer('p', 3)]];

describe('a strategy', () => {
  test('weighted draws by weight, and goes on to the next when the drawn one fails', async () => {
    const candidates = [
      { ...spark, weight: 0 },
      { ...azure, weight: 1 },
    ];
    const world = worldOf({ strategy: 'weighted', candidates });
    const reply = await world.ask();
    expect(reply.headers['x-spillway-backend']).toBe('azure');
    expect(world.attempts).toMatchObject([{ cause: 'first', backend: 'azure' }]);
    world.azure.plays(() => [failure('reset')]);
    await world.ask();
    expect(world.attempts.slice(1)).toMatchObject([
      { backend: 'azure', outcome: 'failed' },
      { cause: 'failover', backend: 'spark', outcome: 'served' },
    ]);
  });

  test('the same seed draws the same backends', async () => {
    const drawn = async (): Promise<string[]> => {
      const world = worldOf({ strategy: 'weighted' });
      for (let request = 0; request < 20; request++) await world.ask();
      return world.attempts.map(({ backend }) => backend);
    };
    const backends = await drawn();
    expect(await drawn()).toEqual(backends);
    expect(new Set(backends)).toEqual(new Set(['spark', 'azure']));
  });

  test('least-busy asks whoever has the most room', async () => {
    const world = worldOf({ strategy: 'least-busy' }, { spark: slow, local: { slots: 2 } });
    const begun = [world.begin(), world.begin(), world.begin()];
    await world.clock.runUntil(Promise.all(begun.map(({ done }) => done)), 10_000);
    expect(world.spark.calls).toHaveLength(1);
    expect(world.azure.calls).toHaveLength(2);
  });

  test('lowest-latency learns who is quick, and looks again when it has forgotten', async () => {
    const world = worldOf({ strategy: 'lowest-latency' }, { spark: slow });
    for (let request = 0; request < 4; request++) await world.ask();
    expect(world.attempts.map(({ backend }) => backend)).toEqual([
      'spark',
      'azure',
      'azure',
      'azure',
    ]);
    await world.clock.advanceTo(world.clock.now() + 301_000);
    await world.ask();
    expect(world.attempts.at(-1)?.backend).toBe('spark');
  });

  test('cheapest prefers what is free, then what costs least', async () => {
    const candidates = [azure, spare, spark];
    const world = worldOf({ strategy: 'cheapest', candidates }, { spark: slow });
    const begun = [world.begin()];
    for (let request = 0; request < 3; request++) begun.push(world.begin());
    await world.clock.runUntil(Promise.all(begun.map(({ done }) => done)), 10_000);
    expect(world.spare.calls.length + world.spark.calls.length).toBe(4);
    expect(world.azure.calls).toHaveLength(0);
  });
});

describe('a backend without what the request needs is passed over', () => {
  test('for its window, when the conversation is longer', async () => {
    const world = worldOf({ candidates: [{ ...spark, numCtx: 2048 }, azure] });
    await world.ask({ input: tokens(1000) });
    await world.ask({ input: tokens(1600) });
    expect(world.attempts).toMatchObject([
      { cause: 'first', backend: 'spark' },
      { cause: 'spill', passedOver: 'context', backend: 'azure' },
    ]);
  });

  test.each([
    // An image is taken for 765 tokens, and an answer has 512.
    ['images', [...image.input, ...image.input], 2 * 765 + 512],
    [
      'messages without words',
      Array.from({ length: 300 }, () => ({ role: 'user', content: '' })),
      300 * 4 + 512,
    ],
  ])('for its window, which %s fill as well', async (_what, input, numCtx) => {
    const candidate = { ...spark, vision: true };
    const askedOf = async (window: number): Promise<string | undefined> => {
      const world = worldOf({ candidates: [{ ...candidate, numCtx: window }, azure] });
      await world.ask({ input });
      return world.attempts[0]?.backend;
    };
    expect(await askedOf(numCtx)).toBe('azure');
    expect(await askedOf(numCtx + 100)).toBe('spark');
  });

  test('for its window, when it says so itself, and only a longer one is asked', async () => {
    const tooLong = {
      isRequestFault: true,
      status: 400,
      message: 'the input length exceeds the context length',
    };
    const world = worldOf(
      {
        candidates: [
          { ...spark, numCtx: 4096 },
          { ...spare, contextTokensMax: 4096 },
          { ...azure, contextTokensMax: 100_000 },
        ],
      },
      { spark: [() => [failure('status', tooLong)]] },
    );
    const reply = await world.ask();
    expect(reply.stream.resource.status).toBe('completed');
    expect(world.attempts).toMatchObject([
      { backend: 'spark', outcome: 'failed' },
      { backend: 'azure', cause: 'spill', passedOver: 'context', outcome: 'served' },
    ]);
    expect(world.proxy.health().backends[0]?.breaker).toBe('closed');
  });

  test('and when every window is too short, the client is told as OpenAI tells it', async () => {
    const world = worldOf({ candidates: [{ ...spark, numCtx: 2048 }] });
    const reply = await world.ask({ input: tokens(4000) });
    expect(reply.status).toBe(400);
    expect(reply.error).toMatchObject({ code: 'context_length_exceeded', param: 'input' });
    expect(world.spark.calls).toHaveLength(0);
  });

  test('one that fails at being too long for all keeps its code', async () => {
    const tooLong = { isRequestFault: true, status: 400, message: 'exceeds the context length' };
    const world = worldOf({ candidates: [spark] }, { spark: [() => [failure('status', tooLong)]] });
    const reply = await world.ask();
    expect(reply.status).toBe(400);
    expect(reply.error).toMatchObject({ code: 'context_length_exceeded' });
  });

  test.each([
    ['vision', image],
    ['tools', tool],
  ])('for %s, as the file says', async (what, body) => {
    const world = worldOf({ candidates: [{ ...spark, [what]: false }, azure] });
    await world.ask(body);
    expect(world.attempts).toMatchObject([{ cause: 'spill', passedOver: what, backend: 'azure' }]);
    const alone = worldOf({ candidates: [{ ...spark, [what]: false }] });
    expect((await alone.ask(body)).error['code']).toBe('unsupported_parameter');
    expect(alone.spark.calls).toHaveLength(0);
  });

  test('for vision, as the backend says, unless the file knows better', async () => {
    const world = new ProxyWorld();
    Object.assign(world.spark, {
      abilities: async () => new Map([['local-m', { vision: false, tools: true }]]),
    });
    await world.ask(image);
    await world.ask(tool);
    expect(world.attempts).toMatchObject([
      { passedOver: 'vision', backend: 'azure' },
      { cause: 'first', backend: 'spark' },
    ]);
    const knows = worldOf({ candidates: [{ ...spark, vision: true }, azure] });
    Object.assign(knows.spark, {
      abilities: async () => new Map([['local-m', { vision: false }]]),
    });
    await knows.ask(image);
    expect(knows.attempts).toMatchObject([{ backend: 'spark' }]);
  });

  test('a backend that does not tell its abilities is asked all the same', async () => {
    const world = new ProxyWorld();
    Object.assign(world.spark, { abilities: () => new Promise(() => undefined) });
    await world.ask(tool);
    expect(world.attempts).toMatchObject([{ backend: 'spark', startedAt: 150 }]);
  });
});

describe('a quota', () => {
  test('of requests spills before it is exceeded', async () => {
    const world = worldOf({}, { local: { requestsPerMinute: 1 } });
    for (let request = 0; request < 3; request++) await world.ask();
    expect(world.attempts).toMatchObject([
      { cause: 'first', backend: 'spark' },
      { cause: 'spill', passedOver: 'quota', backend: 'azure' },
      { cause: 'spill', passedOver: 'quota', backend: 'azure' },
    ]);
  });

  test('of tokens counts the prompt and the limit of the answer', async () => {
    const world = worldOf({}, { local: { tokensPerMinute: 1000 } });
    await world.ask({ max_output_tokens: 900 });
    await world.ask({ max_output_tokens: 900 });
    expect(world.attempts.map(({ backend }) => backend)).toEqual(['spark', 'azure']);
    await world.clock.advanceTo(60_001);
    await world.ask({ max_output_tokens: 900 });
    expect(world.attempts.at(-1)?.backend).toBe('spark');
  });

  test('that is used up for a moment is waited for where there is nothing else', async () => {
    const local = { wire: 'azure-openai', requestsPerMinute: 60 } as const;
    const world = worldOf({ candidates: [spark] }, { local });
    await world.ask();
    await world.ask();
    expect(world.attempts.map(({ startedAt }) => startedAt)).toEqual([0, 1000]);
  });

  test('that is used up for long is a 429 that says when to come back', async () => {
    const local = { wire: 'azure-openai', requestsPerMinute: 6 } as const;
    const world = worldOf({ candidates: [spark] }, { local });
    await world.ask();
    const reply = await world.ask();
    expect(reply.status).toBe(429);
    expect(reply.error['code']).toBe('rate_limit_exceeded');
    expect(reply.headers).toMatchObject({ 'retry-after': '10', 'retry-after-ms': '10000' });
  });

  test('that a request can never fit is a 429 that clients do not repeat', async () => {
    const world = worldOf({ candidates: [spark] }, { local: { tokensPerMinute: 100 } });
    const reply = await world.ask({ max_output_tokens: 200 });
    expect(reply.status).toBe(429);
    expect(reply.headers['x-should-retry']).toBe('false');
  });
});

describe('a caller that names backends', () => {
  test('pins by header or metadata, and nothing else is asked', async () => {
    const world = new ProxyWorld({ azure: [() => [failure('reset')]] });
    expect((await world.ask({}, { pin: 'azure' })).status).toBe(503);
    expect((await world.ask({ metadata: { spillway_pin: 'azure' } })).status).toBe(503);
    expect(world.spark.calls).toHaveLength(0);
    expect(world.attempts).toMatchObject([{ cause: 'first' }, { cause: 'first' }]);
  });

  test('forbids by header or metadata', async () => {
    const world = new ProxyWorld();
    await world.ask({}, { forbid: 'spark, spare' });
    await world.ask({ metadata: { spillway_forbid: 'spark' } });
    expect(world.attempts.map(({ cause, backend }) => [cause, backend])).toEqual([
      ['first', 'azure'],
      ['first', 'azure'],
    ]);
  });

  test.each([
    ['an unknown name', { pin: 'spak' }, {}],
    ['one that does not serve the model', { pin: 'spare' }, {}],
    ['an unknown name to forbid', { forbid: 'azur' }, {}],
    ['two pins', { pin: 'spark' }, { spillway_pin: 'azure' }],
    ['a pin that is forbidden', { pin: 'spark' }, { spillway_forbid: 'spark' }],
  ])('%s is a 400', async (_, caller, metadata) => {
    const world = new ProxyWorld();
    const reply = await world.ask({ metadata }, caller);
    expect(reply.status).toBe(400);
    expect(reply.error['code']).toBe('invalid_value');
    expect(world.attempts).toEqual([]);
  });

  test('a pin does not open what residency has closed, and the refusal says so', async () => {
    const world = new ProxyWorld();
    const reply = await world.ask({}, { pin: 'azure', residency: 'local-only' });
    expect(reply.status).toBe(503);
    expect(reply.error).toMatchObject({
      code: 'local_only_unavailable',
      message: expect.stringContaining('azure: not allowed'),
    });
    expect(world.azure.calls).toHaveLength(0);
  });
});

describe('a model that is local-only', () => {
  test('stays at home whoever asks, and so does what is said to it', async () => {
    const world = new ProxyWorld({
      spark: [() => [failure('reset')]],
      system: {
        models: [
          { name: 'm', candidates: [spark, azure], residency: 'local-only' },
          { name: 'open', candidates: [spark, azure] },
        ],
      },
    });
    expect((await world.ask()).error['code']).toBe('local_only_unavailable');
    await world.clock.advanceTo(10_000);
    world.spark.plays(() => answer('p', 3));
    const { resource } = (await world.ask()).stream;
    expect(resource.metadata['residency']).toBe('local-only');
    world.spark.plays(() => [failure('reset')]);
    const later = await world.ask({ model: 'open', previous_response_id: resource.id });
    expect(later.error['code']).toBe('local_only_unavailable');
    expect(world.azure.calls).toHaveLength(0);
  });
});

describe('two models on one host', () => {
  const large = { backend: 'spark', model: 'large' };
  const small = { backend: 'spark', model: 'small' };
  const candidates = [large, small, azure];

  test('the other is asked when the first alone has failed', async () => {
    const noMemory = failure('status', { status: 500, message: 'CUDA error: out of memory' });
    const world = worldOf({ candidates }, { spark: [() => [noMemory], () => answer('p', 3)] });
    const reply = await world.ask();
    expect(reply.stream.resource.status).toBe('completed');
    expect(world.attempts).toMatchObject([
      { model: 'large', outcome: 'failed' },
      { model: 'small', cause: 'failover', outcome: 'served' },
    ]);
  });

  test('neither is asked once the host has failed', async () => {
    const world = worldOf({ candidates }, { spark: [() => [failure('reset')]] });
    const reply = await world.ask();
    expect(reply.stream.resource.status).toBe('completed');
    expect(world.attempts).toMatchObject([{ model: 'large' }, { model: 'cloud-m' }]);
  });

  const callsAfter = async (...loadedModels: readonly string[]): Promise<readonly string[]> => {
    const world = worldOf({ candidates });
    world.spark.probeAnswer = async () => ({ loadedModels });
    await world.ask();
    await world.clock.advanceTo(world.clock.now() + 1000);
    return world.spark.calls.map(({ candidate }) => candidate.model);
  };

  test('of two that are cold the better is loaded: the host may not have room for both', async () => {
    expect(await callsAfter()).toEqual(['large']);
  });

  test('the better is loaded once the other has answered, which it might put out', async () => {
    expect(await callsAfter('small')).toEqual(['small', 'large']);
  });
});
