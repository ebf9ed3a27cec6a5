/**
 * What goes wrong in what is said and not in how it travels: the frames, in each dialect.
 *
 * And what the proxy's own readers make of those bytes, which is what virtual time has to tell.
 */

import { afterEach, describe, expect, test } from 'vitest';

import { NdjsonParser } from '../../../src/protocol/ndjson.ts';
import { SseParser } from '../../../src/protocol/sse.ts';
import type { FaultSpec } from '../../../src/target/fault/schema.ts';
import { asRecord, parseJson } from '../../../src/target/proxy/json.ts';
import {
  carefulSpeech,
  chatSpeech,
  FaultWorld,
  ollamaSpeech,
  type Received,
  type Speech,
  tokensIn,
} from './fault-world.ts';

let world = new FaultWorld();

afterEach(async () => {
  await world[Symbol.asyncDispose]();
  world = new FaultWorld();
});

type Words = Omit<FaultSpec, 'backend' | 'at'>;

const askWith = async (speech: Speech, words: Words, untilMs = 2000): Promise<Received> => {
  const shim = await world.shim(speech, [{ at: 0, ...words }]);
  return world.ask(shim, speech, untilMs);
};

/** What a reader of the dialect is told, event by event; the mark at the end as text. */
const toldIn = (speech: Speech, body: Buffer | string): readonly unknown[] => {
  const bytes = Buffer.from(body);
  if (speech === ollamaSpeech) return new NdjsonParser().push(bytes).map((line) => parseJson(line));
  return new SseParser()
    .push(bytes)
    .filter(({ isComment }) => !isComment)
    .map(({ data }) => parseJson(data) ?? data);
};

const speeches = [
  ['ollama', ollamaSpeech],
  ['chat', chatSpeech],
  ['responses', carefulSpeech],
] as const;

/** How the end of an answer is told, where it is. */
const conclusions: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ollama: { length: 'length', 'content-filter': 'length', refusal: 'stop' },
  chat: { length: 'length', 'content-filter': 'content_filter', refusal: 'stop' },
  responses: { length: 'max_output_tokens', 'content-filter': 'content_filter' },
};

describe.each(speeches)('on the wire of %s', (name, speech) => {
  const whole = speech.frames.join('');
  const told = toldIn(speech, whole);

  test.each(['length', 'content-filter', 'refusal'])(
    'an answer may conclude by %s',
    async (form) => {
      const seen = await askWith(speech, { kind: 'conclude', form, afterTokens: 2 });
      expect(seen.how).toBe('end');
      expect(tokensIn(seen.body)).toBe(2);
      const body = seen.body.toString();
      expect(/reason":"(\w+)"/.exec(body)?.[1]).toBe(conclusions[name]?.[form]);
      expect(body.includes('I cannot help with that.')).toBe(form === 'refusal');
    },
  );

  test('an answer may be a refusal and nothing else', async () => {
    const seen = await askWith(speech, { kind: 'conclude', form: 'refusal', when: 'headers' });
    expect(seen).toMatchObject({ status: 200, how: 'end' });
    expect(tokensIn(seen.body)).toBe(0);
    expect(seen.body.toString()).toContain('I cannot help with that.');
    expect(world.received).toBe(0);
  });

  test.each([
    ['end', 'end'],
    ['hang', 'open'],
  ])('an answer may begin and %s', async (form, how) => {
    const seen = await askWith(speech, { kind: 'preamble-then-fail', form }, 200);
    expect(seen).toMatchObject({ status: 200, how });
    const begun = { ollama: 0, chat: 1, responses: 2 }[name];
    expect(toldIn(speech, seen.body)).toHaveLength(begun);
    expect(tokensIn(seen.body)).toBe(0);
  });

  test('a model that is stuck may be given up on', async () => {
    const seen = await askWith(speech, { kind: 'endless', form: 'given-up', afterTokens: 3 });
    expect(seen.how).toBe('end');
    expect(seen.body.toString().match(/"p3 "/g)).toHaveLength(31);
    expect(seen.body.toString()).not.toMatch(/p4 |completed|"done":true|finish_reason/);
  });

  test('the framing may be that of another wire', async () => {
    const seen = await askWith(speech, { kind: 'impostor', form: 'framing' });
    expect(seen).toMatchObject({ status: 200, how: 'end' });
    expect(seen.headers['content-type']).toBe(speech.type);
    expect(seen.body.toString().startsWith('{')).toBe(name !== 'ollama');
    expect(seen.body.toString()).toContain('"error":');
  });

  test('an event of a megabyte says nothing more than the answer does', async () => {
    const seen = await askWith(speech, { kind: 'reformat', form: 'long-event', afterTokens: 2 });
    const events = toldIn(speech, seen.body);
    expect(Math.max(...events.map((it) => JSON.stringify(it).length))).toBeGreaterThan(1e6);
    expect(events).toHaveLength(told.length + 1);
    expect(tokensIn(seen.body)).toBe(6);
  });

  test('ten thousand events may come at once and say nothing', async () => {
    const seen = await askWith(speech, { kind: 'reformat', form: 'flood', afterTokens: 2 });
    expect(toldIn(speech, seen.body)).toHaveLength(told.length + 10_000);
    expect(tokensIn(seen.body)).toBe(6);
  });

  test('the mark behind the end may be missing, and nothing else', async () => {
    const seen = await askWith(speech, { kind: 'silent-end', form: 'done' });
    expect(seen.how).toBe('end');
    expect(toldIn(speech, seen.body)).toEqual(told.filter((it) => it !== '[DONE]'));
  });

  test('events may end in carriage returns alone', async () => {
    const seen = await askWith(speech, { kind: 'reformat', form: 'cr' });
    expect(toldIn(speech, seen.body)).toEqual(told);
    expect(seen.body.includes('\n')).toBe(name === 'ollama');
  });

  test('a note that the filter was down changes nothing else', async () => {
    const seen = await askWith(speech, { kind: 'reformat', form: 'filter-down' });
    expect(seen.body.includes('content_filter_error')).toBe(name !== 'ollama');
    expect(tokensIn(seen.body)).toBe(6);
    expect(toldIn(speech, seen.body)).toHaveLength(told.length);
  });
});

/** Ollama with a last line that counts, and a model that has a name. */
const countingSpeech: Speech = {
  ...ollamaSpeech,
  frames: ollamaSpeech.frames.map((frame, at) => {
    const isLast = at === ollamaSpeech.frames.length - 1;
    const counts = isLast ? { prompt_eval_count: 5, eval_count: 6 } : {};
    return `${JSON.stringify({ model: 'm', ...JSON.parse(frame), ...counts })}\n`;
  }),
};

describe.each([
  ['ollama', countingSpeech],
  ['chat', chatSpeech],
  ['responses', carefulSpeech],
])('the report of an answer on the wire of %s', (_, speech) => {
  const isUntrue = async (form: string): Promise<string> => {
    const seen = await askWith(speech, { kind: 'misreport', form });
    expect(seen.how).toBe('end');
    expect(tokensIn(seen.body)).toBe(6);
    return seen.body.toString();
  };

  test('may hold no usage', async () => {
    expect(await isUntrue('no-usage')).not.toMatch(/usage|_count|_tokens/);
  });

  test('may count nothing', async () => {
    const body = await isUntrue('zero-usage');
    expect(body.match(/_(?:tokens|count)":0/g)).toHaveLength(2);
  });

  test('may count beyond all reason', async () => {
    const body = await isUntrue('absurd-usage');
    expect(body.match(/_(?:tokens|count)":4294967295/g)).toHaveLength(2);
  });

  test('may name another model', async () => {
    const body = await isUntrue('model');
    expect(body).toContain('another-model');
    expect(body).not.toContain('"model":"m"');
  });
});

test('the whole text may not be the sum of its pieces', async () => {
  const seen = await askWith(carefulSpeech, { kind: 'misreport', form: 'text' });
  expect(seen.body.toString()).toContain('"text":"This was never said."');
  expect(tokensIn(seen.body)).toBe(6);
});

describe('events that are numbered wrongly', () => {
  const numbersIn = (body: Buffer): readonly unknown[] =>
    toldIn(carefulSpeech, body).map((it) => asRecord(it)?.['sequence_number']);

  test('may come twice', async () => {
    const { body } = await askWith(carefulSpeech, { kind: 'misnumber', afterTokens: 2 });
    expect(numbersIn(body)).toEqual([0, 1, 2, 3, 4, 5, 5, 6, 7, 8, 9, 10]);
  });

  test('may come in the wrong order', async () => {
    const words = { kind: 'misnumber', form: 'order', afterTokens: 2 };
    const { body } = await askWith(carefulSpeech, words);
    expect(numbersIn(body)).toEqual([0, 1, 2, 3, 4, 6, 5, 7, 8, 9, 10]);
  });

  test('may come in the wrong order at the very end', async () => {
    const words = { kind: 'misnumber', form: 'order', afterTokens: 5 };
    const { body } = await askWith(carefulSpeech, words);
    expect(numbersIn(body)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test('may be at another place', async () => {
    const { body } = await askWith(carefulSpeech, { kind: 'misnumber', form: 'place' });
    const places = toldIn(carefulSpeech, body).map((it) => asRecord(it)?.['output_index']);
    expect(places.slice(1, 9)).toEqual([0, 0, 1, 1, 1, 1, 1, 1]);
  });

  test('may belong to an item that never began', async () => {
    const { body } = await askWith(carefulSpeech, { kind: 'misnumber', form: 'orphan' });
    expect(numbersIn(body)).toEqual([0, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(tokensIn(body)).toBe(6);
  });

  test.each([
    ['ollama', ollamaSpeech],
    ['chat', chatSpeech],
  ])('do not exist on the wire of %s', async (_, speech) => {
    for (const form of ['twice', 'order', 'place', 'orphan']) {
      const { body } = await askWith(speech, { kind: 'misnumber', form });
      expect(body.toString()).toBe(speech.frames.join(''));
    }
  });
});
