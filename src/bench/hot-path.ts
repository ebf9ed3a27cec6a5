/** The code that runs once for each token or each request, timed by itself. */

import { Bench } from 'tinybench';

import { NdjsonParser } from '../protocol/ndjson.ts';
import { encodeSse, SseParser } from '../protocol/sse.ts';
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

const ndjsonBytes = Buffer.from(
  Array.from(
    { length: frames },
    (_, at) =>
      `${JSON.stringify({ model: 'gpt-oss:120b', created_at: '2026-11-23T00:00:00Z', message: { role: 'assistant', content: `p${at} ` }, done: false })}\n`,
  ).join(''),
);

const prose = 'The quarterly report names three risks and one owner for each of them. '.repeat(20);

/** Times each hot path for `ms` milliseconds. */
export const measureHotPaths = async (ms: number): Promise<readonly HotPathRow[]> => {
  const bench = new Bench({ time: ms, warmupTime: ms / 4 });
  const units = new Map<string, number>();
  const add = (name: string, per: number, run: () => unknown): void => {
    units.set(name, per);
    bench.add(name, () => {
      run();
    });
  };
  add('write one SSE frame', 1, () => encodeSse('response.output_text.delta', delta(7)));
  add('read one SSE frame', frames, () => new SseParser().push(sseBytes));
  add('read one NDJSON line', frames, () => new NdjsonParser().push(ndjsonBytes));
  add('estimate the tokens of 1400 characters', 1, () => estimateTokens(prose));
  await bench.run();

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
