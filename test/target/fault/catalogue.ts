/**
 * Every way a backend fails that the project knows of, and which fault shows it.
 *
 * N is the network, H what HTTP says, R what a stream says, B how a backend behaves. `bench` is the
 * scenario of failoverbench (https://github.com/failoverbench/failoverbench) that asks the same.
 *
 * `client` is what a client of ours gets while another backend is well and nothing is continued:
 *
 * | `same`   | the answer, as if nothing had been; nobody else is asked              |
 * | `switch` | the answer of the other backend, whole                                |
 * | `fail`   | what came, and that it failed                                         |
 * | `told`   | the refusal itself: it is the request that is at fault                |
 * | `ended`  | what came, and why it ended there                                     |
 */

import type { FaultSpec } from '../../../src/target/fault/schema.ts';

export type Words = Omit<FaultSpec, 'backend' | 'backends' | 'at' | 'address' | 'addresses'>;

export interface CatalogueCase {
  readonly words: Words;
  /** Absent where a wire in plain text with one request cannot show it. */
  readonly client?: 'same' | 'switch' | 'fail' | 'told' | 'ended';
  /** Seen by a deadline alone. */
  readonly isSilent?: true;
  /** The only dialects it fits. */
  readonly dialects?: readonly ('ollama' | 'chat' | 'responses')[];
}

export interface CatalogueRow {
  readonly id: string;
  readonly what: string;
  readonly bench?: string;
  readonly cases: readonly CatalogueCase[];
  /** Where else it is shown: a scenario or a test. */
  readonly shownIn?: string;
  /** Why there is no fault of it. */
  readonly reason?: string;
}

type Client = NonNullable<CatalogueCase['client']>;

const mid = { afterTokens: 2 } as const;
const start = { afterTokens: 0 } as const;

const shown = (client: Client, words: Words): CatalogueCase => ({ words, client });
const silent = (client: Client, words: Words): CatalogueCase => ({ words, client, isSilent: true });
const named = (words: Words): CatalogueCase => ({ words });
const numbered = (client: Client, words: Words): CatalogueCase => ({
  words,
  client,
  dialects: ['responses'],
});
const rejected = (client: Client, presets: readonly string[]): readonly CatalogueCase[] =>
  presets.map((preset) => shown(client, { kind: 'reject', preset }));
const reformatted = (forms: readonly string[]): readonly CatalogueCase[] =>
  forms.map((form) => shown('same', { kind: 'reformat', form }));
const inside = (form: string): readonly CatalogueCase[] => [
  shown('switch', { kind: 'preamble-then-fail', form }),
  shown('fail', { kind: 'preamble-then-fail', form, when: 'mid-stream', ...mid }),
];

const network: readonly CatalogueRow[] = [
  { id: 'N01', what: 'port closed', cases: [shown('switch', { kind: 'refuse' })] },
  { id: 'N02', what: 'SYN unanswered', cases: [silent('switch', { kind: 'blackhole' })] },
  {
    id: 'N03',
    what: 'RST on accept',
    cases: [shown('switch', { kind: 'reset', when: 'connect' })],
  },
  { id: 'N04', what: 'FIN, no answer', cases: [shown('switch', { kind: 'cut', when: 'headers' })] },
  {
    id: 'N05',
    what: 'RST, no answer',
    bench: 'S05',
    cases: [shown('switch', { kind: 'reset', when: 'headers' })],
  },
  { id: 'N06', what: 'no answer', bench: 'S06', cases: [silent('switch', { kind: 'silent' })] },
  {
    id: 'N07',
    what: 'silence in the middle, connection kept',
    cases: [silent('fail', { kind: 'silent', when: 'mid-stream', ...mid })],
  },
  {
    id: 'N08',
    what: 'link lost, nothing acknowledged',
    cases: [],
    reason: 'a process cannot keep its own kernel from acknowledging; `exec` can take a link down',
  },
  {
    id: 'N09',
    what: 'FIN in chunks',
    bench: 'S08',
    cases: [shown('fail', { kind: 'cut', ...mid })],
  },
  { id: 'N10', what: 'RST in chunks', cases: [shown('fail', { kind: 'reset', ...mid })] },
  {
    id: 'N11',
    what: 'FIN where only the end of the connection delimits the body',
    cases: [shown('fail', { kind: 'truncate', form: 'close', ...mid })],
  },
  { id: 'N12', what: 'body too short', cases: [shown('switch', { kind: 'short-body' })] },
  {
    id: 'N13',
    what: 'latency and jitter',
    cases: [shown('same', { kind: 'delay', delay: '30 ms', jitter: '20 ms' })],
  },
  {
    id: 'N14',
    what: 'bandwidth collapses',
    cases: [
      shown('same', { kind: 'slow', bytesPerSecond: 20_000 }),
      shown('same', { kind: 'slow-upload', bytesPerSecond: 20_000 }),
    ],
  },
  {
    id: 'N15',
    what: 'a byte at a time',
    cases: [silent('switch', { kind: 'slow', bytesPerSecond: 20 })],
  },
  {
    id: 'N16',
    what: 'frames and characters split',
    cases: [shown('same', { kind: 'slice', segmentBytes: 2 })],
  },
  {
    id: 'N17',
    what: 'frames in one piece',
    cases: [shown('same', { kind: 'burst', hold: '60 ms' })],
  },
  {
    id: 'N18',
    what: 'cut at any byte',
    cases: [named({ kind: 'cut', sweep: { afterBytes: { from: 1, to: 2000 } } })],
    shownIn: 'test/simulation/byte-offset.test.ts',
  },
  {
    id: 'N19',
    what: 'late FIN',
    cases: [shown('same', { kind: 'slow-close', delay: '300 ms' })],
  },
  {
    id: 'N20',
    what: 'kept connection closed as it is used',
    cases: [named({ kind: 'stale' }), named({ kind: 'stale', form: 'reset' })],
    shownIn: 'test/target/proxy/wire-fault.test.ts',
  },
  {
    id: 'N21',
    what: 'server process frozen',
    cases: [
      silent('fail', { kind: 'silent', when: 'mid-stream', ...mid }),
      named({ kind: 'freeze' }),
      named({
        kind: 'exec',
        command: ['pkill', '-STOP', 'ollama'],
        heal: ['pkill', '-CONT', 'ollama'],
      }),
    ],
  },
  { id: 'N22', what: 'accept queue full', cases: [named({ kind: 'queue-full' })] },
  {
    id: 'N23',
    what: 'name not resolved',
    cases: ['nxdomain', 'servfail', 'hang', 'stale'].map((form) => named({ kind: 'dns', form })),
  },
  {
    id: 'N24',
    what: 'one of two addresses dead',
    cases: [named({ kind: 'dns', form: 'dead-first' })],
  },
  {
    id: 'N25',
    what: 'TLS handshake hangs',
    cases: [named({ kind: 'silent', when: 'connect' })],
    shownIn: 'test/target/fault/tls.test.ts',
  },
  {
    id: 'N26',
    what: 'certificate is bad',
    cases: ['expired', 'wrong-name', 'untrusted'].map((form) =>
      named({ kind: 'certificate', form }),
    ),
  },
  {
    id: 'N27',
    what: 'no TLS where it was expected',
    cases: [named({ kind: 'not-tls' })],
    shownIn: 'test/target/fault/tls.test.ts',
  },
  {
    id: 'N28',
    what: 'HTTP/2 session lost',
    cases: [],
    reason: 'the proxy speaks HTTP/1.1 to backends, where each request has a connection of its own',
  },
  {
    id: 'N29',
    what: 'out of descriptors or ports',
    cases: ['files', 'ports'].map((form) => named({ kind: 'exhausted', form })),
  },
  { id: 'N30', what: 'client leaves', cases: [named({ kind: 'leave' })] },
  {
    id: 'N31',
    what: 'client reads slowly',
    cases: [named({ kind: 'stop-reading', stall: '2 s' })],
  },
];

const http: readonly CatalogueRow[] = [
  {
    id: 'H01',
    what: '429 that says when to come back',
    bench: 'S01',
    cases: rejected('switch', ['azure-429', 'retry-after-date']),
  },
  {
    id: 'H02',
    what: '429 that does not',
    bench: 'S02',
    cases: rejected('switch', ['azure-429-no-headers', 'azure-429-negative']),
  },
  {
    id: 'H03',
    what: '429 with a time beyond belief',
    cases: rejected('switch', ['retry-after-hour', 'retry-after-negative', 'retry-after-garbled']),
  },
  { id: 'H04', what: '503, full', cases: rejected('switch', ['ollama-503']) },
  {
    id: 'H05',
    what: '502, 503 or 504 of something in between',
    bench: 'S04',
    cases: [
      ...rejected('switch', ['bad-gateway', 'gateway-timeout']),
      shown('switch', { kind: 'reject', status: 503 }),
    ],
  },
  {
    id: 'H06',
    what: '500 of a model that died',
    cases: rejected('switch', ['ollama-runner-stopped', 'ollama-oom']),
  },
  {
    id: 'H07',
    what: 'one 500, then well',
    bench: 'S03',
    cases: [named({ kind: 'reject', status: 500, times: 1 })],
    shownIn: 'test/target/proxy/circuit-breaker.test.ts',
  },
  { id: 'H08', what: 'model not there', cases: rejected('switch', ['not-found']) },
  {
    id: 'H09',
    what: 'the request is refused for what it is',
    bench: 'S12, S13',
    // Another model may have the room that this one lacks.
    cases: [...rejected('switch', ['context-length']), ...rejected('told', ['content-filter'])],
  },
  { id: 'H10', what: '401, 403', cases: rejected('switch', ['unauthorized', 'forbidden']) },
  {
    id: 'H11',
    what: '408, 499',
    cases: [
      ...rejected('switch', ['request-timeout']),
      shown('switch', { kind: 'reject', status: 499 }),
    ],
  },
  { id: 'H12', what: '200 with a page', cases: [shown('switch', { kind: 'html' })] },
  { id: 'H13', what: '200 with JSON', cases: [shown('switch', { kind: 'impostor' })] },
  { id: 'H14', what: 'redirect', cases: [shown('switch', { kind: 'redirect' })] },
  {
    id: 'H15',
    what: 'head too long, too slow, or never',
    cases: [
      shown('switch', { kind: 'odd-head', form: 'huge' }),
      silent('switch', { kind: 'odd-head', form: 'slow' }),
      silent('switch', { kind: 'odd-head', form: 'interim' }),
    ],
  },
  { id: 'H16', what: '200, packed', cases: [shown('switch', { kind: 'impostor', form: 'gzip' })] },
  { id: 'H17', what: 'request too large', cases: rejected('told', ['too-large']) },
  { id: 'H18', what: 'odd status', cases: rejected('switch', ['overloaded', 'teapot']) },
];

const stream: readonly CatalogueRow[] = [
  { id: 'R01', what: 'rate limit inside a 200, failed first', cases: inside('failed-first') },
  { id: 'R02', what: 'error inside a 200, then failed', cases: inside('error-first') },
  { id: 'R03', what: 'error inside a 200, alone', cases: inside('error-only') },
  {
    id: 'R04',
    what: 'clean end without a terminal event',
    bench: 'S11',
    cases: [
      shown('switch', { kind: 'truncate', ...start }),
      shown('fail', { kind: 'truncate', afterTokens: 1 }),
      shown('fail', { kind: 'truncate', afterTokens: 5 }),
      shown('fail', { kind: 'silent-end' }),
    ],
  },
  {
    id: 'R05',
    what: 'begins, then ends',
    cases: [shown('switch', { kind: 'preamble-then-fail', form: 'end' })],
  },
  {
    id: 'R06',
    what: 'begins, then hangs',
    bench: 'S07',
    cases: [silent('switch', { kind: 'preamble-then-fail', form: 'hang' })],
  },
  {
    id: 'R07',
    what: 'stalls for good',
    bench: 'S09',
    cases: [silent('fail', { kind: 'stall', stall: '10 min', ...mid })],
  },
  {
    id: 'R08',
    what: 'stalls for less than the deadline',
    cases: [shown('same', { kind: 'stall', stall: '50 ms', ...mid })],
  },
  {
    id: 'R09',
    what: 'comments and nothing else',
    cases: [
      silent('switch', { kind: 'comments', hold: '20 ms' }),
      silent('fail', { kind: 'comments', when: 'mid-stream', hold: '20 ms', ...mid }),
    ],
  },
  {
    id: 'R10',
    what: 'JSON cut short',
    bench: 'S10',
    cases: [
      shown('switch', { kind: 'garble', ...start }),
      shown('fail', { kind: 'garble', ...mid }),
      shown('fail', { kind: 'garble', form: 'chunk', ...mid }),
    ],
  },
  { id: 'R11', what: 'unknown event', cases: reformatted(['unknown-event']) },
  {
    id: 'R12',
    what: 'no UTF-8',
    cases: [
      shown('switch', { kind: 'garble', form: 'utf8', ...start }),
      shown('fail', { kind: 'garble', form: 'utf8', ...mid }),
    ],
  },
  {
    id: 'R13',
    what: 'written as the standard also allows',
    cases: reformatted([
      'crlf',
      'cr',
      'multi-line',
      'no-space',
      'bom',
      'long-comment',
      'long-event',
    ]),
  },
  {
    id: 'R14',
    what: 'numbered wrongly',
    cases: [
      numbered('same', { kind: 'misnumber', form: 'twice' }),
      numbered('fail', { kind: 'misnumber', form: 'order' }),
      numbered('same', { kind: 'misnumber', form: 'place' }),
      numbered('same', { kind: 'misnumber', form: 'orphan' }),
    ],
  },
  {
    id: 'R15',
    what: 'begins twice',
    cases: [
      numbered('same', { kind: 'repeat', form: 'start', ...start }),
      numbered('fail', { kind: 'repeat', form: 'start', ...mid }),
    ],
  },
  {
    id: 'R16',
    what: 'the whole is not the sum',
    cases: [shown('same', { kind: 'misreport', form: 'text' })],
  },
  { id: 'R17', what: 'empty', cases: [shown('switch', { kind: 'empty' })] },
  {
    id: 'R18',
    what: 'incomplete by its limit or a filter',
    cases: [
      shown('ended', { kind: 'conclude', form: 'length', ...mid }),
      shown('ended', { kind: 'conclude', form: 'content-filter', ...mid }),
    ],
  },
  {
    id: 'R19',
    what: 'usage missing, zero or absurd',
    bench: 'S16',
    cases: ['no-usage', 'zero-usage', 'absurd-usage'].map((form) =>
      shown('same', { kind: 'misreport', form }),
    ),
  },
  {
    id: 'R20',
    what: 'another model named',
    cases: [shown('same', { kind: 'misreport', form: 'model' })],
  },
  {
    id: 'R21',
    what: 'stuck, and given up on',
    // One repetition alone cannot be told from what the model meant.
    cases: [
      shown('fail', { kind: 'endless', form: 'given-up', ...mid }),
      named({ kind: 'repeat', form: 'token' }),
    ],
  },
  {
    id: 'R22',
    what: 'no end',
    cases: [named({ kind: 'endless' })],
    shownIn: 'test/target/proxy/hostile-backend.test.ts',
  },
  {
    id: 'R23',
    what: 'cut inside a tool call',
    cases: ['cut', 'reset', 'truncate'].map((form) => named({ kind: 'tool-cut', form })),
    shownIn: 'test/target/proxy/turn.test.ts',
  },
  {
    id: 'R24',
    what: 'refusal, or a filter that was down',
    bench: 'S13',
    cases: [
      shown('ended', { kind: 'conclude', form: 'refusal', ...mid }),
      ...reformatted(['filter-down']),
    ],
  },
  {
    id: 'R25',
    what: 'no [DONE]',
    bench: 'S11',
    cases: [shown('same', { kind: 'silent-end', form: 'done' })],
  },
  { id: 'R26', what: 'more after the end', cases: [shown('same', { kind: 'repeat' })] },
  {
    id: 'R27',
    what: 'lines for events, and events for lines',
    cases: [shown('switch', { kind: 'impostor', form: 'framing' })],
  },
  {
    id: 'R28',
    what: 'ten thousand events at once',
    cases: reformatted(['flood']),
  },
];

const behaviour: readonly CatalogueRow[] = [
  {
    id: 'B01',
    what: 'model not in memory',
    bench: 'S07',
    cases: [named({ kind: 'evict' }), named({ kind: 'evict', delay: '5 min' })],
    shownIn: 'scenarios/cold-start.yaml',
  },
  {
    id: 'B02',
    what: 'queue without a word',
    cases: [],
    shownIn: 'scenarios/spark-full.yaml',
    reason: 'one slot and more readers than it serves: the load makes it, no fault is needed',
  },
  {
    id: 'B03',
    what: 'two models that do not fit take turns',
    cases: [],
    shownIn: 'scenarios/two-models.yaml',
    reason: 'the models and the load make it, no fault is needed',
  },
  {
    id: 'B04',
    what: 'memory full, then wedged',
    cases: [named({ kind: 'wedge', hold: '10 s' })],
    shownIn: 'scenarios/spark-wedged.yaml',
  },
  {
    id: 'B05',
    what: 'throttled by heat or power',
    cases: [named({ kind: 'throttle', slowdown: 2.5 })],
    shownIn: 'scenarios/spark-hot.yaml',
  },
  {
    id: 'B06',
    what: 'one request in five fails',
    cases: [named({ kind: 'reject', status: 500, probability: 0.2 })],
    shownIn: 'scenarios/README.md',
  },
  {
    id: 'B07',
    what: 'up and down',
    bench: 'S15',
    cases: [named({ kind: 'refuse', for: '2 s', every: '4 s' })],
    shownIn: 'test/target/fault/kind.test.ts',
  },
  {
    id: 'B08',
    what: 'restarts',
    cases: [named({ kind: 'restart', for: '6 s' })],
    shownIn: 'scenarios/spark-restarts.yaml',
  },
  {
    id: 'B09',
    what: 'both down',
    cases: [named({ kind: 'refuse' })],
    shownIn: 'test/target/proxy/turn.test.ts',
  },
  {
    id: 'B10',
    what: 'fallback limits its rate while the first is down',
    cases: [named({ kind: 'refuse' }), named({ kind: 'reject', preset: 'azure-429' })],
    shownIn: 'test/target/proxy/turn.test.ts',
  },
  {
    id: 'B11',
    what: 'clock jumps',
    cases: [],
    reason: 'it happens to the proxy and not to a backend',
  },
  {
    id: 'B12',
    what: 'event loop blocked',
    cases: [],
    reason: 'it happens to the proxy and not to a backend',
  },
  {
    id: 'B13',
    what: 'proxy told to stop',
    cases: [],
    shownIn: 'test/target/proxy/drain.test.ts',
    reason: 'it happens to the proxy and not to a backend',
  },
  {
    id: 'B14',
    what: 'half dead on the way',
    cases: [named({ kind: 'delay', delay: '5 s', jitter: '4 s' })],
    shownIn: 'scenarios/README.md',
  },
  {
    id: 'B15',
    what: 'text in blocks',
    cases: [shown('same', { kind: 'burst', hold: '100 ms' })],
  },
];

/** All rows, in the order of their numbers. */
export const catalogue: readonly CatalogueRow[] = [...network, ...http, ...stream, ...behaviour];
