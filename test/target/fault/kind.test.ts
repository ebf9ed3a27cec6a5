/** Each way of going wrong, as it goes over the wire: what a client of the backend gets to see. */

import { Agent } from 'node:http';
import { gunzipSync } from 'node:zlib';

import { afterEach, describe, expect, test } from 'vitest';

import { SseParser } from '../../../src/protocol/sse.ts';
import type { FaultSpec } from '../../../src/target/fault/schema.ts';
import {
  FaultWorld,
  ollamaSpeech,
  responsesSpeech,
  type Received,
  type Speech,
  tokensIn,
  toolSpeech,
} from './fault-world.ts';

/** Keeps one connection, and uses it again. */
class KeptAgent extends Agent {
  constructor() {
    super({ keepAlive: true, maxSockets: 1 });
  }

  [Symbol.dispose](): void {
    this.destroy();
  }
}

let world = new FaultWorld();

afterEach(async () => {
  await world[Symbol.asyncDispose]();
  world = new FaultWorld();
});

type Words = Omit<FaultSpec, 'backend' | 'at'>;

const askWith = async (
  speech: Speech,
  words: Words,
  { gapMs = 0, untilMs = 2000 } = {},
): Promise<Received> => {
  const shim = await world.shim(speech, [{ at: 0, ...words }], { gapMs });
  return world.ask(shim, speech, untilMs);
};

const speeches = [
  ['lines', ollamaSpeech],
  ['events', responsesSpeech],
] as const;

describe.each(speeches)('an answer in %s', (_, speech) => {
  const whole = speech.frames.join('');

  test('is the same to a reader while a fault that could take it apart does nothing', async () => {
    const seen = await askWith(speech, { kind: 'truncate', afterTokens: 100 });
    expect(seen.body.toString()).toBe(whole);
    expect(seen.how).toBe('end');
    expect(world.acts).toEqual([]);
  });

  test.each([0, 1, 5, 6])('truncated after %d tokens ends as a whole one does', async (k) => {
    for (const form of ['chunked', 'close']) {
      const seen = await askWith(speech, { kind: 'truncate', form, afterTokens: k });
      expect(seen.how).toBe('end');
      expect(tokensIn(seen.body)).toBe(k);
      expect(whole.startsWith(seen.body.toString())).toBe(true);
      expect(seen.body.toString()).not.toMatch(/completed|"done":true/);
      expect(seen.headers['transfer-encoding']).toBe(form === 'close' ? undefined : 'chunked');
    }
    expect(world.acts).toMatchObject([{ tokensBefore: k }, { tokensBefore: k }]);
  });

  test('with a silent end has every token and no terminal event', async () => {
    const seen = await askWith(speech, { kind: 'silent-end' });
    expect(seen.how).toBe('end');
    expect(seen.body.toString()).toBe(speech.frames.slice(0, -1).join(''));
  });

  test('garbled in one frame has JSON that is none, and goes on', async () => {
    const seen = await askWith(speech, { kind: 'garble', afterTokens: 2 });
    expect(seen.how).toBe('end');
    expect(tokensIn(seen.body)).toBe(5);
    expect(seen.body.toString()).not.toContain('p3 ');
  });

  test('with broken text has bytes that are no UTF-8', async () => {
    const { body } = await askWith(speech, { kind: 'garble', form: 'utf8', afterTokens: 2 });
    expect(() => new TextDecoder('utf8', { fatal: true }).decode(body)).toThrow(TypeError);
    expect(body.length).toBe(Buffer.byteLength(whole) + 3);
  });

  test('with a chunk of no size cannot be read on', async () => {
    const seen = await askWith(speech, { kind: 'garble', form: 'chunk', afterTokens: 2 });
    expect(seen.how).toBe('HPE_INVALID_CHUNK_SIZE');
    expect(tokensIn(seen.body)).toBeLessThanOrEqual(2);
  });

  test('sliced comes in tiny segments, byte for byte the same', async () => {
    const seen = await askWith(speech, { kind: 'slice', segmentBytes: 7, delay: '1 ms' });
    expect(seen.body.toString()).toBe(whole);
    expect(seen.segments).toBeGreaterThan(10);
  });

  test('in bursts begins late, byte for byte the same', async () => {
    const words = { kind: 'burst', hold: '150 ms' };
    const seen = await askWith(speech, words, { gapMs: 10 });
    expect(seen.body.toString()).toBe(whole);
    // Whatever has been gathered goes out with the backend's FIN, after its last frame.
    expect(seen.firstMs).toBeGreaterThanOrEqual((speech.frames.length - 1) * 10);
  });

  test('of comments alone says nothing, and keeps the connection', async () => {
    const shim = await world.shim(speech, [{ at: 0, kind: 'comments', hold: '20 ms' }]);
    const seen = await world.ask(shim, speech, 250);
    expect(seen.how).toBe('open');
    expect(seen.status).toBe(200);
    expect(seen.headers['content-type']).toBe(speech.type);
    expect(seen.body.length).toBeGreaterThan(3);
    expect(seen.body.toString().replaceAll(': keep-alive', '').trim()).toBe('');
    expect(world.received).toBe(0);
  });

  test('may fall to comments in the middle', async () => {
    const words = { kind: 'comments', when: 'mid-stream', afterTokens: 2, hold: '20 ms' } as const;
    const seen = await askWith(speech, words, { untilMs: 250 });
    expect(seen.how).toBe('open');
    expect(tokensIn(seen.body)).toBe(2);
  });

  test('that fails inside a 200 is whole to HTTP', async () => {
    const headers = { 'Retry-After': '7' };
    const seen = await askWith(speech, { kind: 'preamble-then-fail', headers });
    expect(seen).toMatchObject({ status: 200, how: 'end' });
    expect(seen.headers['retry-after']).toBe('7');
    expect(seen.body.toString()).toMatch(/[Rr]ate.[Ll]imit/);
    expect(world.received).toBe(0);
  });

  test('may fail inside after some tokens', async () => {
    const words = { kind: 'preamble-then-fail', when: 'mid-stream', afterTokens: 3 } as const;
    const seen = await askWith(speech, { ...words, status: 500 });
    expect(seen.how).toBe('end');
    expect(tokensIn(seen.body)).toBe(3);
    expect(seen.body.toString()).toContain('The server had an error.');
  });

  test('may be whole and empty', async () => {
    const seen = await askWith(speech, { kind: 'empty' });
    expect(seen).toMatchObject({ status: 200, how: 'end' });
    expect(tokensIn(seen.body)).toBe(0);
    expect(seen.body.toString()).toMatch(/completed|"done":true/);
  });

  test('may go on after its end', async () => {
    const seen = await askWith(speech, { kind: 'repeat' });
    expect(seen.body.toString().startsWith(whole)).toBe(true);
    expect(seen.body.toString().split(speech.frames.at(-1) ?? '')).toHaveLength(3);
  });

  test('may say a token twice', async () => {
    const seen = await askWith(speech, { kind: 'repeat', form: 'token', afterTokens: 2 });
    expect(tokensIn(seen.body)).toBe(7);
    expect(seen.body.toString().match(/"p2 "/g)).toHaveLength(2);
  });

  test('may never end', async () => {
    const words = { kind: 'endless', afterTokens: 3, tokensPerSecond: 100 };
    const seen = await askWith(speech, words, { untilMs: 300 });
    expect(seen.how).toBe('open');
    expect(seen.body.toString().match(/"p3 "/g)?.length).toBeGreaterThan(5);
    expect(seen.body.toString()).not.toContain('p4 ');
  });

  test('closed slowly has all its events at once, and its end late', async () => {
    const shim = await world.shim(speech, [{ at: 0, kind: 'slow-close', delay: '300 ms' }]);
    const early = await world.ask(shim, speech, 150);
    expect(early.body.toString()).toBe(whole);
    expect(early.how).toBe('open');
    const late = await world.ask(shim, speech);
    expect(late.how).toBe('end');
    expect(late.tookMs).toBeGreaterThanOrEqual(300);
  });
});

test.each([
  ['failed-first', ['response.failed', 'error']],
  ['error-first', ['error', 'response.failed']],
  ['error-only', ['error']],
])('a failure inside is told %s', async (form, types) => {
  const seen = await askWith(responsesSpeech, { kind: 'preamble-then-fail', form });
  const told = [...seen.body.toString().matchAll(/^event: (.+)$/gm)].map(([, type]) => type);
  expect(told).toEqual(['response.created', 'response.in_progress', ...types]);
  expect(seen.body.includes('"error":null')).toBe(form === 'failed-first');
});

test('an answer may begin twice', async () => {
  const seen = await askWith(responsesSpeech, { kind: 'repeat', form: 'start' });
  expect(seen.body.toString().match(/^event: response.created$/gm)).toHaveLength(2);
});

test.each([
  ['cut', 'ECONNRESET'],
  ['reset', 'ECONNRESET'],
  ['truncate', 'end'],
])('a tool call is lost inside by %s, and text is left alone', async (form, how) => {
  const seen = await askWith(toolSpeech, { kind: 'tool-cut', form });
  expect(seen.how).toBe(how);
  expect(seen.body.toString()).toContain('city');
  expect(seen.body.toString()).not.toContain('Kyoto');
  const whole = await askWith(responsesSpeech, { kind: 'tool-cut', form });
  expect(whole.how).toBe('end');
  expect(world.acts).toHaveLength(1);
});

test.each(['crlf', 'multi-line', 'no-space', 'bom', 'unknown-event', 'long-comment'])(
  'an answer written otherwise (%s) says the same',
  async (form) => {
    const seen = await askWith(responsesSpeech, { kind: 'reformat', form });
    expect(seen.how).toBe('end');
    expect(seen.body.toString()).not.toBe(responsesSpeech.frames.join(''));
    const told = (body: string | Buffer): unknown[] =>
      new SseParser()
        .push(Buffer.from(body))
        .filter(({ isComment, event }) => !isComment && event !== 'response.odd')
        .map(({ event, data }): unknown[] => [event, JSON.parse(data)]);
    expect(told(seen.body)).toEqual(told(responsesSpeech.frames.join('')));
  },
);

test('a 200 may be something else than was asked for', async () => {
  const json = await askWith(responsesSpeech, { kind: 'impostor' });
  expect(json).toMatchObject({ status: 200, how: 'end' });
  expect(json.headers['content-type']).toBe('application/json');
  const packed = await askWith(responsesSpeech, { kind: 'impostor', form: 'gzip' });
  expect(packed.headers['content-encoding']).toBe('gzip');
  expect(gunzipSync(packed.body).toString()).toContain('response.completed');
});

test('a host that is off is not there to connect to, and comes back on the same port', async () => {
  const shim = await world.shim(
    ollamaSpeech,
    [{ kind: 'blackhole', at: '100 ms', for: '900 ms' }],
    {
      gapMs: 60,
    },
  );
  const open = world.ask(shim, ollamaSpeech, 600);
  await world.clock.sleep(400);
  const late = await world.ask(shim, ollamaSpeech, 300);
  expect(late).toMatchObject({ how: 'open', status: 0 });
  expect(world.received).toBe(1);
  const silenced = await open;
  expect(silenced.how).toBe('open');
  expect(tokensIn(silenced.body)).toBeLessThan(6);
  await world.clock.sleep(700);
  expect((await world.ask(shim, ollamaSpeech)).how).toBe('end');
  expect(world.acts.map(({ what }) => what)).toContain('blackhole');
});

test('a port that flaps is there and gone in turn', async () => {
  const words = { kind: 'refuse', for: '800 ms', every: '1600 ms' };
  const begunAt = world.clock.now();
  const shim = await world.shim(ollamaSpeech, [{ at: '800 ms', ...words }]);
  const hows: string[] = [];
  // In the middle of each span, so that a machine may be slow by almost half of one.
  for (const middleMs of [0, 1200, 2000, 2800]) {
    await world.clock.sleep(Math.max(0, begunAt + middleMs - world.clock.now()));
    hows.push((await world.ask(shim, ollamaSpeech)).how);
  }
  expect(hows).toEqual(['end', 'ECONNREFUSED', 'end', 'ECONNREFUSED']);
  expect(world.acts).toHaveLength(2);
});

test('a portal answers with a page, a redirect with a place', async () => {
  const page = await askWith(ollamaSpeech, { kind: 'html' });
  expect(page).toMatchObject({ status: 200, how: 'end' });
  expect(page.headers['content-type']).toMatch(/^text\/html/);
  const moved = await askWith(ollamaSpeech, { kind: 'redirect', location: 'https://x.test/' });
  expect(moved.status).toBe(307);
  expect(moved.headers['location']).toBe('https://x.test/');
  expect(world.received).toBe(0);
});

test.each([
  ['azure-429', 429, 'retry-after-ms', '2000'],
  ['azure-429-no-headers', 429, 'retry-after', undefined],
  ['retry-after-hour', 429, 'retry-after', '3600'],
  ['ollama-503', 503, 'content-type', 'application/json'],
  ['bad-gateway', 502, 'content-type', 'text/plain; charset=utf-8'],
  ['gateway-timeout', 504, 'content-type', 'text/html'],
])('the preset %s answers %d', async (preset, status, header, value) => {
  const seen = await askWith(ollamaSpeech, { kind: 'reject', preset });
  expect(seen.status).toBe(status);
  expect(seen.headers[header]).toBe(value);
});

test('what the file says goes before the preset', async () => {
  const words = { preset: 'azure-429', headers: { 'Retry-After': '9' }, body: '{"mine":1}' };
  const seen = await askWith(ollamaSpeech, { kind: 'reject', ...words });
  expect(seen.headers['retry-after']).toBe('9');
  expect(seen.body.toString()).toBe('{"mine":1}');
});

test('a delay jitters around its length', async () => {
  const words = { kind: 'delay', delay: '100 ms', jitter: '60 ms' };
  const shim = await world.shim(ollamaSpeech, [{ at: 0, ...words }]);
  const took: number[] = [];
  for (let times = 0; times < 4; times++) took.push((await world.ask(shim, ollamaSpeech)).tookMs);
  for (const ms of took) expect(ms).toBeGreaterThanOrEqual(40);
  expect(Math.max(...took) - Math.min(...took)).toBeGreaterThan(5);
});

test.each([
  ['fin', 'ECONNRESET'],
  ['reset', 'ECONNRESET'],
])('a stale connection serves once and is closed on its second use, by %s', async (form, how) => {
  const shim = await world.shim(ollamaSpeech, [{ at: 0, kind: 'stale', form }]);
  using agent = new KeptAgent();
  const first = await world.ask(shim, ollamaSpeech, 2000, agent);
  expect(tokensIn(first.body)).toBe(6);
  const second = await world.ask(shim, ollamaSpeech, 2000, agent);
  expect(second).toMatchObject({ status: 0, how });
  expect(world.acts).toHaveLength(1);
  expect(world.received).toBe(1);
});

test.each([
  ['cut', 'fin'],
  ['reset', 'ECONNRESET'],
] as const)('%s at a byte lets exactly so many through', async (kind, how) => {
  const shimWhole = await world.shim(ollamaSpeech, []);
  const { text: whole } = await world.raw(shimWhole, ollamaSpeech);
  const bodyAt = whole.indexOf('\r\n\r\n');
  for (const afterBytes of [0, 1, bodyAt, bodyAt + 4, bodyAt + 30, whole.length - 1]) {
    const shim = await world.shim(ollamaSpeech, [{ at: 0, kind, afterBytes }]);
    const seen = await world.raw(shim, ollamaSpeech);
    expect(seen.how).toBe(how);
    expect(seen.text).toHaveLength(afterBytes);
  }
});

test('a sweep takes the next offset with each attempt', async () => {
  const sweep = { afterBytes: { from: 10, to: 50, step: 20 } };
  const shim = await world.shim(ollamaSpeech, [{ at: 0, kind: 'cut', sweep }]);
  const lengths: number[] = [];
  for (let times = 0; times < 3; times++)
    lengths.push((await world.raw(shim, ollamaSpeech)).text.length);
  expect(lengths).toEqual([10, 30, 50]);
  expect((await world.ask(shim, ollamaSpeech)).how).toBe('end');
});
