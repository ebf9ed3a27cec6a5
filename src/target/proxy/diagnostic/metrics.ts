/**
 * What Prometheus reads: requests, tokens, times and the state of the backends.
 *
 * Names are those of OpenTelemetry's GenAI conventions as its Prometheus exporter writes them,
 * where there is one, and their buckets are the recommended ones; the rest begins with `spillway_`.
 * https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/
 *
 * Labels are bounded: a model is named as the file has it, and one that is not in it is `other`,
 * whatever clients ask for.
 */

import { Counter, Gauge, Registry } from 'prom-client';

import { modelFor } from '../../../system/model-name.ts';
import type { System } from '../../../system/system.ts';
import type { RequestFacts } from '../proxy.ts';
import type { ProxyHealth } from '../respond.ts';
import type { JournalReader, RecordedAttempt, RequestSummary } from './journal.ts';
import { outcomeOf } from './request-log.ts';
import { CounterTally, HistogramTally, registerTally } from './tally.ts';

export interface MetricsParts {
  readonly system: Pick<System, 'models'>;
  readonly version: string;
  readonly health: () => ProxyHealth;
}

const durationBuckets = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];
/** A local 120B model with a long prompt takes longer than the conventions foresee. */
const firstTokenBuckets = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80,
];
const perTokenBuckets = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5];
const tokenBuckets = [1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304];

const breakerStates = ['closed', 'open', 'half-open'] as const;

export class ProxyMetrics implements JournalReader {
  readonly #registry = new Registry();
  #models: MetricsParts['system']['models'];
  readonly #tallies = makeTallies();

  constructor({ system, version, health }: MetricsParts) {
    this.#models = system.models;
    for (const tally of Object.values(this.#tallies)) registerTally(this.#registry, tally);
    this.#installGauges(version, health);
    this.#installTroubles(health);
  }

  /** Goes on with the models of another file. */
  adopt(system: MetricsParts['system']): void {
    this.#models = system.models;
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The text that Prometheus reads. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  onAttempt(
    attempt: RecordedAttempt,
    request: RequestFacts,
    before: RecordedAttempt | undefined,
  ): void {
    const { backend, cause, outcome, reason, startedAt, firstTokenAt, endedAt, usage } = attempt;
    const model = this.#modelOf(request);
    const labels = { model, backend, outcome };
    const { attempts, cost, spills, failovers, firstToken, perToken, tokens } = this.#tallies;
    attempts.add({ ...labels, reason: reason ?? '' });
    if (attempt.costUsd !== undefined) cost.add({ model, backend }, attempt.costUsd);
    if (cause === 'spill') spills.add({ model, backend, why: attempt.passedOver ?? '' });
    if ((cause === 'failover' || cause === 'continue') && before)
      failovers.add({ model, from: before.backend, to: backend, reason: before.reason ?? '' });
    if (firstTokenAt !== undefined) {
      firstToken.observe(labels, seconds(firstTokenAt - startedAt));
      if (outcome === 'served' && usage && usage.outputTokens > 1)
        perToken.observe(labels, seconds(endedAt - firstTokenAt) / (usage.outputTokens - 1));
    }
    if (usage) {
      const { inputTokens, outputTokens } = usage;
      tokens.observe({ model, backend, gen_ai_token_type: 'input' }, inputTokens);
      tokens.observe({ model, backend, gen_ai_token_type: 'output' }, outputTokens);
    }
  }

  onRequest(summary: RequestSummary): void {
    const { request, attempts, startedAt, endedAt } = summary;
    const backend = attempts.at(-1)?.backend ?? 'none';
    const labels = { model: this.#modelOf(request), backend, outcome: outcomeOf(summary) };
    this.#tallies.duration.observe(labels, seconds(endedAt - startedAt));
  }

  #modelOf({ model }: RequestFacts): string {
    return modelFor(this.#models, model)?.name ?? 'other';
  }

  /** What was found wrong, and what was done about it; read as gauges are. */
  #installTroubles(health: MetricsParts['health']): void {
    const registers: Registry[] = [];
    this.#registry.registerMetric(
      new Gauge({
        name: 'spillway_model_breaker_state',
        help: 'The same for each model of a backend that has been shut out by itself',
        labelNames: ['backend', 'served_model', 'state'],
        registers,
        collect() {
          for (const { name, models } of health().backends)
            for (const { model, breaker } of models)
              for (const state of breakerStates)
                this.set({ backend: name, served_model: model, state }, breaker === state ? 1 : 0);
        },
      }),
    );
    this.#registry.registerMetric(
      new Gauge({
        name: 'spillway_alarms',
        help: 'What people must mend at a backend: keys, certificates, models that are missing',
        labelNames: ['backend'],
        registers,
        collect() {
          for (const { name, alarms } of health().backends)
            this.set({ backend: name }, alarms.length);
        },
      }),
    );
    this.#registry.registerMetric(
      new Counter({
        name: 'spillway_second_opinions_total',
        help: 'Questions over a second connection while an attempt was silent, by what came of it',
        labelNames: ['backend', 'answer'],
        registers,
        collect() {
          this.reset();
          for (const { name, secondOpinions } of health().backends)
            for (const answer of ['alive', 'dead'] as const)
              this.inc({ backend: name, answer }, secondOpinions[answer]);
        },
      }),
    );
    this.#registry.registerMetric(
      new Counter({
        name: 'spillway_retries_withheld_total',
        help: 'Second attempts that were not made, since those had been in vain of late',
        registers,
        collect() {
          this.reset();
          this.inc(health().retries.withheld);
        },
      }),
    );
  }

  /** Gauges are read when they are asked for; nothing runs in between. */
  #installGauges(version: string, health: MetricsParts['health']): void {
    const registers: Registry[] = [];
    const build = new Gauge({
      name: 'spillway_build_info',
      help: 'The version, as a label',
      labelNames: ['version'],
      registers,
    });
    build.set({ version }, 1);
    this.#registry.registerMetric(build);
    this.#registry.registerMetric(
      new Gauge({
        name: 'spillway_requests_in_flight',
        help: 'Requests in hand',
        registers,
        collect() {
          this.set(health().inFlight);
        },
      }),
    );
    this.#registry.registerMetric(
      new Gauge({
        name: 'spillway_breaker_state',
        help: 'The state of each circuit: 1 for the one it is in',
        labelNames: ['backend', 'state'],
        registers,
        collect() {
          for (const { name, breaker } of health().backends)
            for (const state of breakerStates)
              this.set({ backend: name, state }, breaker === state ? 1 : 0);
        },
      }),
    );
    for (const [name, key, help] of backendGauges)
      this.#registry.registerMetric(
        new Gauge({
          name,
          help,
          labelNames: ['backend'],
          registers,
          collect() {
            for (const backend of health().backends)
              this.set({ backend: backend.name }, backend[key]);
          },
        }),
      );
  }
}

const backendGauges = [
  ['spillway_backend_running', 'running', 'Requests a backend is working on'],
  ['spillway_backend_queued', 'queued', 'Requests that wait for a slot of a backend'],
  ['spillway_backend_slots', 'slots', 'Requests a backend may work on at once'],
] as const;

/** What is counted at each request, in the order of the text. */
const makeTallies = () => {
  const labelNames = ['model', 'backend', 'outcome'] as const;
  return {
    duration: new HistogramTally({
      name: 'gen_ai_client_operation_duration_seconds',
      help: 'Time of a request, from its arrival to its end',
      labelNames,
      bounds: durationBuckets,
    }),
    firstToken: new HistogramTally({
      name: 'gen_ai_server_time_to_first_token_seconds',
      help: 'Time of an attempt to its first token',
      labelNames,
      bounds: firstTokenBuckets,
    }),
    perToken: new HistogramTally({
      name: 'gen_ai_server_time_per_output_token_seconds',
      help: 'Time between two output tokens of an attempt that was served, on average',
      labelNames,
      bounds: perTokenBuckets,
    }),
    tokens: new HistogramTally({
      name: 'gen_ai_client_token_usage',
      help: 'Tokens of an attempt',
      labelNames: ['model', 'backend', 'gen_ai_token_type'],
      bounds: tokenBuckets,
    }),
    attempts: new CounterTally({
      name: 'spillway_attempts_total',
      help: 'Attempts',
      labelNames: [...labelNames, 'reason'],
    }),
    failovers: new CounterTally({
      name: 'spillway_failovers_total',
      help: 'Failovers, by reason',
      labelNames: ['model', 'from', 'to', 'reason'],
    }),
    spills: new CounterTally({
      name: 'spillway_spills_total',
      help: 'Requests sent elsewhere because the preferred backend could not take them',
      labelNames: ['model', 'backend', 'why'],
    }),
    cost: new CounterTally({
      name: 'spillway_cost_usd_total',
      help: 'Money for attempts, in USD',
      labelNames: ['model', 'backend'],
    }),
  };
};

const seconds = (ms: number): number => Math.max(0, ms) / 1000;
