/**
 * Each upstream wire, cut at every byte: the answer of a backend breaks off after 0, 1, 2, …
 * bytes of its body, in each of three ways, on a real socket, through the real adapter and the
 * heart. Whatever is left of it, the reader gets every token once and in order, or is told that the
 * answer failed.
 */

import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

import { afterAll, expect, test } from 'vitest';

import type { Attempt } from '../../src/log/entry.ts';
import type { GenerationEvent } from '../../src/protocol/generation.ts';
import { seededIds } from '../../src/random/id.ts';
import { seeded } from '../../src/random/random.ts';
import type { BackendSystem, System } from '../../src/system/system.ts';
import { chatUpstream } from '../../src/target/proxy/chat-upstream.ts';
import { memoryStore } from '../../src/target/proxy/memory-store.ts';
import { ollamaUpstream } from '../../src/target/proxy/ollama-upstream.ts';
import type { Reply, Upstream, UpstreamCall } from '../../src/target/proxy/proxy.ts';
import { parseRequest } from '../../src/target/proxy/request.ts';
import { Proxy } from '../../src/target/proxy/respond.ts';
import { responsesUpstream } from '../../src/target/proxy/responses-upstream.ts';
import { systemClock } from '../../src/time/system-clock.ts';
import { estimateTokens } from '../../src/token/estimate.ts';
import { readStream } from '../kit/response-grammar.ts';

const tokens = 3;
const words = Array.from({ length: tokens }, (_, at) => `p${at + 1} `);

const sse = (event: object): string => `data: ${JSON.stringify(event)}\n\n`;

const ollamaBody =
  words
    .map(
      (content) => `${JSON.stringify({ message: { role: 'assistant', content }, done: false })}\n`,
    )
    .join('') +
  `${JSON.stringify({ message: { role: 'assistant', content: '' }, done: true, done_reason: 'stop', prompt_eval_count: 9, eval_count: tokens })}\n`;

const responsesBody = [
  { type: 'response.created', response: { id: 'resp_x', status: 'in_progress' } },
  { type: 'response.output_item.added', output_index: 0, item: { type: 'message', id: 'msg_x' } },
  ...words.map((delta) => ({
    type: 'response.output_text.delta',
    output_index: 0,
    content_index: 0,
    delta,
  })),
  {
    type: 'response.completed',
    response: { status: 'completed', usage: { input_tokens: 9, output_tokens: tokens } },
  },
]
  .map((event) => `event: ${event.type}\n${sse(event)}`)
  .join('');

const chatBody = [
  ...words.map((content) => sse({ choices: [{ index: 0, delta: { content } }] })),
  sse({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
  sse({ choices: [], usage: { prompt_tokens: 9, completion_tokens: tokens } }),
  'data: [DONE]\n\n',
].join('');

const wires = [
  { name: 'Ollama', open: ollamaUpstream, type: 'application/x-ndjson', body: ollamaBody },
  { name: 'Responses', open: responsesUpstream, type: 'text/event-stream', body: responsesBody },
  { name: 'chat', open: chatUpstream, type: 'text/event-stream', body: chatBody },
] as const;

/** How the connection ends after the last byte: FIN, RST, or as a whole answer ends on the wire. */
const endings = ['fin', 'rst', 'whole'] as const;

/** A server that reads from the request where to cut its answer, and how. */
const cuttingServer = (type: string, body: string): Server => {
  const bytes = Buffer.from(body);
  return createServer((socket: Socket) => {
    let request = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      request += chunk.toString('latin1');
      const [, ending, offset] = /cut (fin|rst|whole) (\d+)\./.exec(request) ?? [];
      if (offset === undefined) return;
      request = '';
      const part = bytes.subarray(0, Number(offset));
      socket.write(
        `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ntransfer-encoding: chunked\r\n\r\n`,
      );
      // The chunk is announced whole, so that a cut falls inside it.
      const isWhole = ending === 'whole';
      const length = isWhole ? part.length : bytes.length;
      if (length > 0) socket.write(`${length.toString(16)}\r\n`);
      socket.write(part, () => {
        if (isWhole) socket.end(`${length > 0 ? '\r\n' : ''}0\r\n\r\n`);
        else if (ending === 'rst') socket.resetAndDestroy();
        else socket.end();
      });
    });
  });
};

/** The fallback goes on counting where the text it is given ends. */
const fallback: Upstream = {
  name: 'azure',
  probe: async () => ({}),
  close: async () => undefined,
  async *open({ continues = '' }: UpstreamCall): AsyncGenerator<readonly GenerationEvent[]> {
    const reached = Number(/(\d+) *$/.exec(continues)?.[1] ?? 0);
    for (let at = reached + 1; at <= tokens; at++) yield [{ kind: 'text', text: `a${at} ` }];
    yield [
      { kind: 'usage', usage: { inputTokens: 9, outputTokens: tokens - reached } },
      { kind: 'end', reason: 'stop' },
    ];
  },
};

const backend = (name: string, residency: BackendSystem['residency'], url: string) => ({
  name,
  wire: 'openai' as const,
  urls: [url],
  residency,
  slots: 64,
  connectMs: 5000,
  firstTokenMs: 20_000,
  stallMs: 20_000,
});

const closers: (() => Promise<unknown>)[] = [];
afterAll(() => Promise.all(closers.map((close) => close())));

interface Seen {
  readonly written: string;
  readonly status: number;
  /** What became of the first attempt. */
  readonly first: Attempt['outcome'] | undefined;
}

type Ask = (ending: string, offset: number) => Promise<Seen>;

const openProxy = async (
  wire: (typeof wires)[number],
  midStream: System['midStream'],
): Promise<Ask> => {
  const server = cuttingServer(wire.type, wire.body);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const clock = systemClock();
  const spark = backend('spark', 'local', `http://127.0.0.1:${port}`);
  const upstream = wire.open(spark, { clock });
  const attempts = new Map<string, Omit<Attempt, 'arm'>>();
  const proxy = new Proxy({
    clock,
    random: seeded(1),
    ids: seededIds(seeded('ids')),
    store: memoryStore({ retainDays: 1, wall: () => 0 }),
    // The server knows no probe, and need not: its circuit never opens.
    upstreams: new Map([
      ['spark', { ...upstream, probe: async () => ({}) }],
      ['azure', fallback],
    ]),
    system: {
      listen: { host: '127.0.0.1', port: 0 },
      state: { kind: 'memory', retainDays: 1 },
      keys: [],
      backends: [spark, backend('azure', 'cloud', 'http://127.0.0.1:1')],
      models: [
        {
          name: 'm',
          candidates: ['spark', 'azure'].map((name) => ({ backend: name, model: 'm' })),
        },
      ],
      midStream,
      commitOn: 'text',
      cold: 'spill',
      spill: { queueMax: 64, waitMsMax: 20_000 },
      breaker: { hardFailures: 1e9, softFailures: 1e9, openForMs: 1 },
      economics: { counterfactuals: [] },
    },
    record: (attempt) => {
      if (attempt.attempt === 1) attempts.set(attempt.trace, attempt);
    },
    priceOf: () => undefined,
    maySpend: () => true,
    countTokens: estimateTokens,
  });
  closers.push(async () => {
    proxy.close();
    await upstream.close();
    await new Promise((resolve) => void server.close(resolve));
  });
  let asked = 0;
  return async (ending, offset) => {
    const trace = String(++asked).padStart(32, '0');
    let written = '';
    let status = 0;
    const reply: Reply = {
      gone: new AbortController().signal,
      head: (told) => {
        status = told;
      },
      write: (chunk) => {
        written += chunk;
        return true;
      },
      drained: async () => undefined,
      end: () => undefined,
    };
    const input = `cut ${ending} ${offset}.`;
    const request = parseRequest({ model: 'm', input, stream: true, store: false });
    await proxy.respond(
      request,
      { name: 'anonymous', residency: 'local-first', trace, requestId: 'r' },
      reply,
    );
    return { written, status, first: attempts.get(trace)?.outcome };
  };
};

/** What is wrong with what a reader was sent, if anything. */
const faultOf = ({ written, status }: Seen, midStream: System['midStream']): string | undefined => {
  if (status !== 200) return `status ${status}`;
  const { text, resource, error } = readStream(written);
  const numbers = text.split(' ').filter((word) => word !== '');
  const isInOrder = numbers.every((word, at) => word === `p${at + 1}` || word === `a${at + 1}`);
  if (!isInOrder) return `out of order: ${text}`;
  if (resource.status === 'completed')
    return numbers.length === tokens ? undefined : `silently cut: ${text}`;
  if (resource.status !== 'failed' || !error) return `ended ${resource.status}`;
  // A failure is due only where text had been shown and may not, or need not, be gone on with.
  const mayFail = numbers.length > 0 && (midStream === 'fail' || numbers.length === tokens);
  return mayFail ? undefined : `failed for nothing after: ${text}`;
};

test.each(
  wires.flatMap((wire) =>
    (['fail', 'continue'] as const).map((mode) => [wire.name, mode] as const),
  ),
)(
  '%s cut at every byte, `midStream: %s`: nothing is lost, repeated or passed off as whole',
  async (name, midStream) => {
    const wire = wires.find((it) => it.name === name) ?? wires[0];
    const ask = await openProxy(wire, midStream);
    const length = Buffer.byteLength(wire.body);
    // A reset and an end look alike to who does not go on.
    const ways = midStream === 'fail' ? endings.filter((ending) => ending !== 'rst') : endings;
    const cuts = ways.flatMap((ending) =>
      Array.from({ length: length + 1 }, (_, offset) => ({ ending, offset })),
    );
    const faults: string[] = [];
    let served = 0;
    const work = async (): Promise<void> => {
      for (let cut = cuts.pop(); cut; cut = cuts.pop()) {
        const seen = await ask(cut.ending, cut.offset);
        const fault = faultOf(seen, midStream);
        if (fault !== undefined) faults.push(`${cut.ending} after ${cut.offset} bytes: ${fault}`);
        if (seen.first === 'served') served++;
      }
    };
    await Promise.all(Array.from({ length: 8 }, work));

    expect(faults).toEqual([]);
    // The whole body is served by the first; nearly all that is cut is not.
    expect(served).toBeGreaterThan(0);
    expect(served).toBeLessThan(length / 2);
  },
  120_000,
);
