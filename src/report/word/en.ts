/** Everything a report says, in English. */

import type { Advisory, Invalidity, Withheld } from '../../analysis/analysis.ts';
import { decimal, milliseconds, percent } from '../format.ts';
import type { Words } from './language.ts';

const count = (count: number, one: string, many = `${one}s`): string =>
  `${decimal(count)} ${count === 1 ? one : many}`;

const withheld = (reason: Withheld): string => {
  switch (reason.why) {
    case 'too-few':
      return `withheld: n = ${decimal(reason.n)}, needs ${decimal(reason.floor)}`;
    case 'no-data':
      return 'no data';
    case 'buffered':
      return 'withheld: the answers came in bursts, not as they were generated';
    case 'unknown-outside':
      return 'unknown: cannot be seen from outside this proxy';
    case 'no-price':
      return `withheld: no price known for ${reason.model}`;
    case 'no-fx':
      return 'withheld: no exchange rate given';
  }
};

const invalidity = (why: Invalidity): string => {
  switch (why.kind) {
    case 'harness-late':
      return (
        `The harness itself was late: requests left up to ${milliseconds(why.p99Ms)} after their ` +
        `time (p99), the limit is ${milliseconds(why.limitMs)}. The figures are not to be trusted.`
      );
    case 'load-thread-busy':
      return (
        `The thread that makes the load was busy ${percent(why.utilisationRatio)} of the time: ` +
        `the harness may have been the bottleneck.`
      );
    case 'fault-never-acted':
      return `Fault ${why.fault} never acted in arm ${why.arm}: its effect was not tested.`;
  }
};

const advisory = (advisory: Advisory): string => {
  switch (advisory.kind) {
    case 'harness-late':
      return (
        `The harness sent requests up to ${milliseconds(advisory.p99Ms)} late (p99); the median ` +
        `wait for first text is ${milliseconds(advisory.medianTtfoMs)}.`
      );
    case 'arrivals-dropped':
      return (
        `${count(advisory.count, 'arrival was', 'arrivals were')} never sent in arm ` +
        `${advisory.arm}: too many requests were in flight.`
      );
    case 'figures-withheld':
      return `${count(advisory.count, 'figure is', 'figures are')} withheld for want of samples.`;
    case 'log-cut':
      return `The run log was cut after ${count(advisory.lines, 'line')}; the rest is missing.`;
    case 'interrupted':
      return `The run did not finish (${advisory.why}): this report covers the part that ran.`;
    case 'spend-limit':
      return 'The spend limit was reached: cloud traffic stopped, and the rest is missing.';
    case 'drift':
      return (
        `No steady state in arm ${advisory.arm}: median first text went from ` +
        `${milliseconds(advisory.firstHalfMs)} in the first half to ` +
        `${milliseconds(advisory.secondHalfMs)} in the second.`
      );
    case 'extrapolated-profile':
      return `The speed of ${advisory.backend} is in part an estimate: ${advisory.basis}.`;
    case 'think-scaled':
      return (
        `Think time was scaled by ${decimal(advisory.scale)}: ` +
        `sessions are denser than real ones.`
      );
    case 'tokenizer-differs':
      return (
        `${advisory.backends.join(' and ')} count tokens with different tokenizers: ` +
        `their token rates are not directly comparable.`
      );
    case 'usage-estimated':
      return (
        `The tokens of ${count(advisory.count, 'attempt')} were estimated, ` +
        `because the backend did not say.`
      );
    case 'leaked':
      return (
        `${count(advisory.count, 'local-only request')} reached a cloud backend ` +
        `in arm ${advisory.arm}.`
      );
    case 'buffered':
      return (
        `${count(advisory.count, 'answer')} from ${advisory.backend} came in bursts: their token ` +
        `intervals say how they were flushed, not how they were generated.`
      );
    case 'no-price':
      return (
        `No price is known for ${advisory.model} on ${advisory.backend}: ` +
        `its cost is missing, not zero.`
      );
    case 'price-old':
      return `The prices are of ${advisory.asOf} and may have changed.`;
    case 'seam-quality-unmeasured':
      return 'Whether continued answers read well across the seam was not measured.';
    case 'one-backend-failures':
      return `All failures (${decimal(advisory.count)}) were on one backend: ${advisory.backend}.`;
  }
};

export const english: Words = {
  language: 'en',
  comma: ', ',
  unit: {
    ms: 'ms',
    ratio: '',
    count: '',
    tokens: 'tokens',
    'tokens/s': 'tokens/s',
    'requests/s': 'requests/s',
    'attempts/request': 'attempts/request',
    USD: 'USD',
    JPY: 'JPY',
  },
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
    unaffected: 'unaffected',
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
        'that ended. A shaded span is a fault window; ▼ marks the instant a fault acted.',
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
        'had asked the next backend (decide), until the reader had text again (refill).',
    },
    cost: {
      title: 'What the locally served answers would have cost',
      howToRead:
        'Capacity value: the price of the locally served answers at each cloud model. The pale ' +
        'end spans from input cached as observed to input not cached at all.',
    },
    arm: {
      title: 'The arms side by side',
      howToRead: 'Median wait for the first text with its interval, and output tokens per second.',
    },
  },
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
