/**
 * The catalogue, held whole; and what a client of the proxy gets from each way of failing, on real
 * sockets, in each dialect a backend may talk.
 */

import { existsSync } from 'node:fs';

import { request } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';

import type { BackendSystem } from '../../../src/system/system.ts';
import { faultKinds, kindOf } from '../../../src/target/fault/kind/list.ts';
import { faultProblems } from '../../../src/target/fault/problem.ts';
import { openProxyServer } from '../../../src/target/proxy/server.ts';
import { asRecord, parseJson } from '../../../src/target/proxy/json.ts';
import { readStream } from '../../kit/response-grammar.ts';
import { optionsOf, servedSystem } from '../../kit/served-proxy.ts';
import type { CatalogueCase } from './catalogue-row.ts';
import { catalogue } from './catalogue.ts';
import { carefulSpeech, chatSpeech, FaultWorld, ollamaSpeech, type Speech } from './fault-world.ts';

const rowsOf = (letter: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => `${letter}${String(at + 1).padStart(2, '0')}`);

describe('the catalogue', () => {
  test('has every row', () => {
    const ids = [...rowsOf('N', 31), ...rowsOf('H', 18), ...rowsOf('R', 28), ...rowsOf('B', 15)];
    expect(catalogue.map(({ id }) => id)).toEqual(ids);
  });

  test.each(catalogue)('$id ($what) has a fault, or a reason to have none', (row) => {
    expect(row.cases.length > 0).toBe(row.reason === undefined);
    expect(row.shownIn === undefined || existsSync(row.shownIn)).toBe(true);
    for (const { words } of row.cases) {
      const whom = kindOf(words).onReader ? {} : { backend: 'spark' };
      expect(faultProblems({ ...whom, at: 0, ...words })).toEqual([]);
    }
  });

  test('names every kind there is, and every form and preset', () => {
    const all = catalogue.flatMap(({ cases }) => cases.map(({ words }) => words));
    const missing = faultKinds.flatMap(({ kind, forms = [], presets = [] }) => {
      const own = all.filter((words) => words.kind === kind);
      const said = new Set(own.flatMap(({ form = forms[0], preset }) => [form, preset]));
      const names = own.length === 0 ? [kind] : [];
      return [...names, ...[...forms, ...presets].filter((name) => !said.has(name))];
    });
    expect(missing).toEqual([]);
  });
});

const dialects: Readonly<
  Record<'ollama' | 'chat' | 'responses', { speech: Speech; backend: Partial<BackendSystem> }>
> = {
  ollama: { speech: ollamaSpeech, backend: { wire: 'ollama' } },
  chat: { speech: chatSpeech, backend: { wire: 'openai', api: 'chat' } },
  responses: { speech: carefulSpeech, backend: { wire: 'openai' } },
};

/** The other backend's answer: the same one, of its own tokens. */
const otherSpeech: Speech = {
  ...carefulSpeech,
  frames: carefulSpeech.frames.map((frame) => frame.replaceAll(/p(\d+ )/g, 'a$1')),
};

let world = new FaultWorld();
let other = new FaultWorld();

afterEach(async () => {
  await world[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
  world = new FaultWorld();
  other = new FaultWorld();
});

/** What a client of the proxy makes of an answer. */
const clientOf = async ({ words, isSilent }: CatalogueCase, dialect: keyof typeof dialects) => {
  const { speech, backend } = dialects[dialect];
  const shim = await world.shim(speech, [{ at: 0, ...words }]);
  const deadlines = isSilent
    ? { connectMs: 300, firstTokenMs: 300, stallMs: 300 }
    : { connectMs: 10_000, firstTokenMs: 10_000, stallMs: 10_000 };
  const base = servedSystem('').backends[0];
  if (!base) throw new Error('a served system has a backend');
  const url = `http://${shim.host}:${shim.port}${dialect === 'ollama' ? '' : '/v1'}`;
  const backends: BackendSystem[] = [
    { ...base, ...backend, ...deadlines, urls: [url] },
    {
      ...base,
      name: 'azure',
      wire: 'openai',
      residency: 'cloud',
      urls: [`http://127.0.0.1:${await other.backend(otherSpeech)}/v1`],
    },
  ];
  const candidates = [
    { backend: 'spark', model: 'gpt-oss:120b' },
    { backend: 'azure', model: 'gpt-5-mini' },
  ];
  const models = [{ name: 'm', candidates }];
  const proxy = await openProxyServer(
    optionsOf(servedSystem('', { backends, models, cold: 'wait' })),
  );
  try {
    const answer = await request(`${proxy.url}/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', input: 'Hello.', stream: true }),
    });
    const body = await answer.body.text();
    return { status: answer.statusCode, body };
  } finally {
    await proxy.close();
  }
};

const own = 'p1 p2 p3 p4 p5 p6 ';
const others = 'a1 a2 a3 a4 a5 a6 ';

const outcomes: Readonly<
  Record<NonNullable<CatalogueCase['client']>, (answer: { status: number; body: string }) => void>
> = {
  same: ({ body }) => {
    const { text, resource } = readStream(body);
    expect([text, resource.status]).toEqual([own, 'completed']);
    expect(other.received).toBe(0);
  },
  switch: ({ body }) => {
    const { text, resource } = readStream(body);
    expect([text, resource.status]).toEqual([others, 'completed']);
    expect(other.received).toBe(1);
  },
  fail: ({ body }) => {
    const { text, resource } = readStream(body);
    expect(resource.status).toBe('failed');
    expect(text).toMatch(/^(?:p\d )+/);
    expect(other.received).toBe(0);
  },
  told: ({ status, body }) => {
    expect([400, 413]).toContain(status);
    expect(asRecord(parseJson(body))?.['error']).toBeDefined();
    expect(other.received).toBe(0);
  },
  ended: ({ body }) => {
    const { text, resource } = readStream(body);
    const said = JSON.stringify(resource.output);
    expect(resource.status === 'incomplete' || said.includes('cannot help')).toBe(true);
    expect(text.startsWith('p1 p2 ')).toBe(true);
    expect(text).not.toContain('p3');
    expect(other.received).toBe(0);
  },
};

const played = catalogue.flatMap(({ id, what, cases }) =>
  cases.flatMap((it) => {
    const { words, client } = it;
    if (client === undefined) return [];
    const title = `${id}, ${what}: ${words.form ?? words.preset ?? words.status ?? words.kind}`;
    return [{ title: words.when ? `${title} (${words.when})` : title, client, it }];
  }),
);

describe.each(['ollama', 'chat', 'responses'] as const)('a backend that talks %s', (dialect) => {
  const fitting = played.filter(({ it }) => it.dialects?.includes(dialect) ?? true);

  test.each(fitting)('$title gives the client: $client', async ({ it, client }) => {
    const answer = await clientOf(it, dialect);
    expect(world.acts.length).toBeGreaterThan(0);
    outcomes[client](answer);
  });
});
