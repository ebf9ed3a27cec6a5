/** What a stream says, and how a backend behaves. */

import {
  type CatalogueRow,
  inside,
  mid,
  named,
  numbered,
  reformatted,
  shown,
  silent,
  start,
} from './catalogue-row.ts';

/** Rows R01 to R28. */
export const stream: readonly CatalogueRow[] = [
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
      numbered('same', { kind: 'misnumber', form: 'order' }),
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

/** Rows B01 to B15. */
export const behaviour: readonly CatalogueRow[] = [
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
    shownIn: 'test/simulation/behaviour.test.ts',
  },
  {
    id: 'B07',
    what: 'up and down',
    bench: 'S15',
    cases: [named({ kind: 'refuse', for: '2 s', every: '4 s' })],
    shownIn: 'test/simulation/behaviour.test.ts',
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
    shownIn: 'test/simulation/behaviour.test.ts',
  },
  {
    id: 'B10',
    what: 'fallback limits its rate while the first is down',
    cases: [named({ kind: 'refuse' }), named({ kind: 'reject', preset: 'azure-429' })],
    shownIn: 'test/simulation/behaviour.test.ts',
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
    shownIn: 'test/simulation/behaviour.test.ts',
  },
  {
    id: 'B15',
    what: 'text in blocks',
    cases: [shown('same', { kind: 'burst', hold: '100 ms' })],
    shownIn: 'test/simulation/behaviour.test.ts',
  },
];
