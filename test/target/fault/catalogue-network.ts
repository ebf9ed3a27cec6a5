/** What the network does to an answer, and what HTTP says of it. */

import { type CatalogueRow, mid, named, rejected, shown, silent } from './catalogue-row.ts';

/** Rows N01 to N31. */
export const network: readonly CatalogueRow[] = [
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

/** Rows H01 to H18. */
export const http: readonly CatalogueRow[] = [
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
