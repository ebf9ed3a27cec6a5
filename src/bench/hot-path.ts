/** The code that runs once for each token or each request, timed by itself. */

import { Bench } from 'tinybench';

import { NdjsonParser } from '../protocol/ndjson.ts';
import type { ResponseEvent } from '../protocol/responses.ts';
import { encodeSse, SseParser } from '../protocol/sse.ts';
import { entropyIds } from '../random/id.ts';
import { Assembler } from '../target/proxy/assembler.ts';
import { memoryStore } from '../target/proxy/memory-store.ts';
import type { StateStore } from '../target/proxy/proxy.ts';
import { parseRequest } from '../target/proxy/request.ts';
import { SqliteFile } from '../target/proxy/sqlite-file.ts';
import { sqliteStore } from '../target/proxy/sqlite-store.ts';
import { estimateTokens } from '../token/estimate.ts';

export interface HotPathRow {
  readonly name: string;
  /** Median nanoseconds for one of what the name counts. */
  readonly nanoseconds: number;
  readonly samples: number;
  /** Relative margin of error of the mean, 95 %. */
  readonly marginRatio: number;
}

const frames = 64;

const delta = (at: number) => ({
  type: 'response.output_text.delta',
  sequence_number: at,
  item_id: 'msg_0123456789abcdef0123456789abcdef',
  output_index: 0,
  content_index: 0,
  delta: `p${at} `,
  logprobs: [],
});

const sseBytes = Buffer.from(
  Array.from({ length: frames }, (_, at) =>
    encodeSse('response.output_text.delta', delta(at)),
  ).join(''),
);

const chatLine = (at: number): string =>
  `${JSON.stringify({
    model: 'gpt-oss:120b',
    created_at: '2026-11-23T00:00:00Z',
    message: { role: 'assistant', content: `p${at} ` },
    done: false,
  })}\n`;

const ndjsonBytes = Buffer.from(Array.from({ length: frames }, (_, at) => chatLine(at)).join(''));

const prose = 'The quarterly report names three risks and one owner for each of them. '.repeat(20);

const plainRequest = { model: 'null', input: 'Hello', stream: true };

/** A whole answer of `frames` tokens, from the first event to the finished resource. */
const assembled = () => {
  const assembler = new Assembler(
    {
      id: 'resp_bench',
      createdAt: 0,
      request: parseRequest(plainRequest),
      isLocalOnly: false,
    },
    entropyIds,
  );
  const events: ResponseEvent[] = [...assembler.start()];
  for (let at = 0; at < frames; at++)
    events.push(...assembler.accept({ kind: 'text', text: `p${at} ` }));
  const finish = assembler.finish({
    reason: 'stop',
    usage: { inputTokens: 12, outputTokens: frames },
    completedAt: 1,
    notes: {},
  });
  return { events, resource: finish.resource };
};

/** Nothing here grows old. */
const wall = (): number => 0;

/** Times each hot path for `ms` milliseconds; `sqlitePath` is a file that may be made. */
export const measureHotPaths = async (
  ms: number,
  sqlitePath: string,
): Promise<readonly HotPathRow[]> => {
  const bench = new Bench({ time: ms, warmupTime: ms / 4 });
  const units = new Map<string, number>();
  const add = (name: string, per: number, run: () => unknown): void => {
    units.set(name, per);
    bench.add(name, run);
  };
  const memory = memoryStore({ retainDays: 1, wall });
  const sqlite = sqliteStore(new SqliteFile(sqlitePath), { retainDays: 1, wall });
  add('write one SSE frame', 1, () => encodeSse('response.output_text.delta', delta(7)));
  add('read one SSE frame', frames, () => new SseParser().push(sseBytes));
  add('read one NDJSON line', frames, () => new NdjsonParser().push(ndjsonBytes));
  add('parse one request', 1, () => parseRequest(plainRequest));
  add('assemble one token', frames, assembled);
  add('put and get a response, memory', 1, () => putAndGet(memory));
  add('put and get a response, SQLite', 1, () => putAndGet(sqlite));
  add('estimate the tokens of 1400 characters', 1, () => estimateTokens(prose));
  try {
    await bench.run();
  } finally {
    await Promise.all([memory.close(), sqlite.close()]);
  }

  return bench.tasks.flatMap(({ name, result }) => {
    if (result.state !== 'completed') return [];
    const { latency } = result;
    return [
      {
        name,
        nanoseconds: ((latency.p50 ?? latency.mean) * 1e6) / (units.get(name) ?? 1),
        samples: latency.samplesCount,
        marginRatio: latency.rme / 100,
      },
    ];
  });
};

const { resource } = assembled();

/** A hundred ids in turn, so that what is kept does not grow with the time it is measured for. */
let turn = 0;

const putAndGet = async (store: StateStore): Promise<unknown> => {
  const id = `resp_${turn++ % 100}`;
  await store.put({
    id,
    owner: 'bench',
    input: [{ type: 'message', id: `msg_in_${id}`, role: 'user', content: 'Hello' }],
    resource: { ...resource, id },
    createdAtWall: 0,
  });
  return store.get(id);
};
