/** Everything a report says, in English. */

import { decimal } from '../format.ts';
import { advisory, count, failback, invalidity, withheld } from './en-remark.ts';
import { englishOutage } from './en-outage.ts';
import { englishSuite } from './en-suite.ts';
import type { Words } from './language.ts';

export const english: Words = {
  language: 'en',
  comma: ', ',
  semicolon: '; ',
  unit: {
    ms: 'ms',
    ratio: '',
    count: '',
    tokens: 'tokens',
    'tokens/s': 'tokens/s',
    'requests/s': 'requests/s',
    'attempts/request': 'attempts/request',
    periods: 'periods',
    USD: 'USD',
    JPY: 'JPY',
  },
  suite: englishSuite,
  outages: englishOutage,
  simulated: 'SIMULATED',
  simulatedLong:
    'SIMULATED: one or more backends are models of real ones. The figures show how the system ' +
    'behaves, not what your hardware measures.',
  partial: 'Partial: the run did not finish',
  verdict: {
    passed: 'Passed',
    missed: 'Objective missed',
    undecided: 'Undecided',
    invalid: 'Invalid run',
    partial: 'Partial result',
    'no-objectives': 'Measured',
  },
  verdictLong: {
    passed: 'Every objective was met.',
    missed: 'At least one objective was not met.',
    undecided: 'At least one objective could not be decided from this run.',
    invalid: 'The run cannot be trusted, for the reason given below.',
    partial: 'The run ended early; the figures cover the part that ran.',
    'no-objectives': 'The scenario sets no objectives, so there is nothing to pass or miss.',
  },
  decision: { met: 'met', missed: 'missed', undecided: 'undecided' },
  outcome: {
    transparent: 'transparent',
    continued: 'continued',
    error: 'clean error',
    truncated: 'silently truncated',
    hung: 'hung',
    repeated: 'text repeated',
    mixed: 'texts mixed',
    misrouted: 'needless failover',
    waited: 'waited it out',
    unaffected: 'unaffected',
  },
  reason: {
    refused: 'refused',
    unreachable: 'unreachable',
    tls: 'TLS',
    reset: 'reset',
    closed: 'closed early',
    truncated: 'no terminal event',
    'first-token-deadline': 'first-token deadline',
    'stall-deadline': 'stall deadline',
    status: 'error status',
    'rate-limited': 'rate limited',
    overloaded: 'overloaded',
    garbled: 'garbled',
    'in-band': 'error in the stream',
    'prompt-cut': 'prompt cut',
    'bad-seam': 'bad seam',
  },
  codeNote: {
    local_only_unavailable:
      'no local backend could take it, and local-only requests are refused rather than sent to ' +
      'the cloud',
  },
  stat: {
    p50: 'p50',
    p90: 'p90',
    p95: 'p95',
    p99: 'p99',
    min: 'min',
    max: 'max',
    mean: 'mean',
    count: 'count',
    total: 'total',
    ratio: 'share',
    rate: 'rate',
  },
  servedAs: {
    local: 'local',
    cloud: 'cloud',
    'failed-over': 'failed over',
    spilled: 'spilled to the cloud',
    failed: 'failed',
    unknown: 'unknown',
  },
  phase: { warmup: 'warmup', steady: 'steady', cooldown: 'cooldown', done: 'end' },
  objectivesMet: (met, all) => `${decimal(met)} of ${count(all, 'objective')} met`,
  withheld,
  invalidity,
  advisory,
  heading: {
    warnings: 'Read this first',
    keyFigures: 'Key figures',
    byArm: 'Arms side by side',
    allFigures: 'All figures',
    failure: 'Failures by workload and code',
    timeline: 'Timeline',
    firstToken: 'Wait for the first text',
    tokenRate: 'Token rate',
    failover: 'Failover',
    cost: 'Cost saved',
    setup: 'Setup',
    definitions: 'Definitions',
    files: 'Files',
  },
  label: {
    arm: 'arm',
    figure: 'figure',
    value: 'value',
    interval: '95 % interval',
    samples: 'n',
    where: 'over',
    objective: 'objective',
    result: 'result',
    measured: 'measured',
    exchange: 'exchange',
    fault: 'fault',
    outcome: 'outcome',
    detect: 'detect',
    decide: 'decide',
    refill: 'refill',
    total: 'failover',
    sum: 'sum',
    visibleGap: 'visible gap',
    errorAfter: 'error after',
    untilError: 'until the error',
    failoverSeconds: 'time since the fault (s)',
    workload: 'workload',
    code: 'code',
    lost: 'lost',
    repeated: 'repeated',
    discarded: 'discarded',
    switched: 'from → to',
    elapsed: 'time since start (s)',
    outputRate: 'output (tokens/s)',
    finished: 'answers ended',
    failed: 'failed',
    unknownBackend: 'unknown',
    faultWindow: 'fault window',
    share: 'share of answers (%)',
    firstText: 'time to first text (s, log scale)',
    limit: 'limit',
    perAnswerRate: 'speed within one answer (tokens/s)',
    backend: 'backend',
    part: 'part',
    low: 'low',
    high: 'high',
    counterfactual: 'compared with',
    model: 'model',
    priceDate: 'prices of',
    source: 'source',
    ownPrice: 'own price',
    configured: 'configured',
    allCloud: 'all from the cloud',
    capacityValue: 'capacity value',
    paid: 'paid to the cloud',
    paidSimulated: 'cloud bill, had it been real',
    energy: 'electricity',
    amortisation: 'share of the purchase price',
    amount: 'amount (USD)',
    inflight: 'in flight, most at once',
    none: '–',
    allExchanges: 'all',
    data: 'Data of this chart',
    id: 'id',
    formula: 'formula',
    unit: 'unit',
    perMillion: 'USD per million tokens',
    input: 'input',
    cachedInput: 'cached input',
    output: 'output',
  },
  setup: {
    description: 'What was done',
    command: 'Run it again',
    seed: 'Seed',
    version: 'Spillway',
    run: 'Run',
    started: 'Started',
    placement: 'Placement of the proxy',
    target: 'Target',
    machine: 'Machine of the harness',
    clock: 'Clock resolution',
    phases: 'Phases',
    think: 'Think time scale',
    limits: 'Limits per request',
    plan: 'Plan',
    backends: 'Backends',
    prices: 'Prices used',
    box: 'Box',
    exchangeRate: 'Exchange rate',
    resolved: 'System and scenario as resolved',
    real: 'real',
  },
  chart: {
    timeline: {
      title: 'What readers received, and from where',
      howToRead:
        'Top: output tokens received by clients, by the backend that made them. Bottom: answers ' +
        'that ended. A shaded span is a fault window; ▼ marks the instant a fault acted. Thinking ' +
        'that was held back is shown when it was generated, not when it was released.',
    },
    firstToken: {
      title: 'How long readers wait for the first text',
      howToRead:
        'Share of answers whose first text had come by the time on the horizontal axis, which is ' +
        'logarithmic. Further left is better.',
    },
    tokenRate: {
      title: 'How fast one answer runs',
      howToRead:
        'One tick per answer: tokens per second after the first. The large mark is the median, ' +
        'with its 95 % interval where there is one. Further right is better.',
    },
    failover: {
      title: 'Where the time of each failover goes',
      howToRead:
        'One bar per exchange on which a fault acted: until the proxy noticed (detect), until it ' +
        'had asked the next backend (decide), until the reader had text again (refill), or until ' +
        'the reader was told of the error.',
    },
    cost: {
      title: 'What the locally served answers would have cost',
      howToRead:
        'Capacity value: the price of the locally served answers at each cloud model. The pale ' +
        'end spans from input cached as observed to input not cached at all.',
    },
    arm: {
      title: 'The arms side by side',
      howToRead:
        'Median wait for the first text, and median speed of one answer, with their intervals.',
    },
    overview: {
      title: 'What became of each family of faults',
      howToRead:
        'One line per family of faults: where they strike, and what can be done about them. Each ' +
        'field tells how many rows went as they should; below that, the worst of the others. ' +
        'Green is what should happen, orange only at times, red not at all or with harm that ' +
        'readers are not told of.',
    },
    matrix: {
      title: 'What became of each fault',
      howToRead:
        'One line per fault, what went wrong first. The number is how many trials ended that way; ' +
        'the fuller the colour, the larger their share. Green is what should happen, orange is ' +
        'not, red harms readers without a word.',
    },
    outage: {
      title: 'An outage, from the fault to the return',
      howToRead:
        'From the top: when the fault was there, what the circuit of the backend said, when the ' +
        'proxy asked whether it is back (filled: it was answered), and who answered each request.',
    },
    tradeOff: {
      title: 'What each first-token deadline costs',
      howToRead:
        'Solid: the share of healthy answers that the deadline would fail over, at most, 95 % ' +
        'sure; dashed: as observed. On a dead box readers wait for as long as the deadline. ' +
        'Further left and further down is better; a curve ends where more answers are needed.',
    },
  },
  aside: (text) => ` (${text})`,
  seconds: (amount) => `${amount} s`,
  after: (duration) => `after ${duration}`,
  amongLocalOnly: (amount) =>
    amount === 0 ? 'none was local-only' : `of ${decimal(amount)} local-only`,
  allPhases: 'all phases',
  gap: (seconds) => `after ${seconds}`,
  failedOf: (failed, all) => `${decimal(failed)} of ${decimal(all)} failed`,
  faulted: (amount) => `${decimal(amount)} faulted`,
  failback,
  openCircuit: (amount) =>
    `${count(amount, 'request')} failed over at once, because the circuit was open: no fault ` +
    `acted on them, so they have no row here.`,
  inFile: (amount, file) => `All ${decimal(amount)} are in ${file}.`,
  ofArm: (backend, arm) => `${backend} (arm ${arm})`,
  untilDone: (most) => `until the sessions are done, ${most} at most`,
  costNote:
    'A load test saves nothing. The capacity value is what the answers served locally in this ' +
    'run would have cost at a cloud model, from input cached as observed to not cached at all.',
  costNotIncluded:
    'Not included: work to run the box, network, support, and differences in answer quality or ' +
    'tokenizer between the models compared.',
  noCost: 'There is nothing to price in this run.',
  noFailover: 'No fault acted on any exchange of this run.',
  noChart: 'There is no data for this chart.',
  noWarnings: 'No remarks.',
  onlySome: (shown, all) => `The first ${decimal(shown)} of ${decimal(all)} are shown.`,
  turnOf: (session, turn) => `s${session} t${turn}`,
  planned: (sessions, loop) =>
    `${count(sessions, 'session')}, ${loop === 'scripted' ? loop : `${loop} loop`}`,
  droppedCharacters: (characters) =>
    `The PNG charts show 〓 for ${characters}, which the bundled font lacks; the SVG charts do not.`,
  filesNote:
    'Each chart is also in the run folder as an editable Vega-Lite specification, as SVG and as ' +
    'PNG; the data behind this page are in the CSV files beside it.',
};
