/**
 * Attempts gathered under their request: what is logged of them, counted, and told of failovers.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { localOnlyUnavailable } from '../../../../src/target/proxy/api-error.ts';
import { refuse } from '../../../../src/target/proxy/delivery.ts';
import { FailoverList } from '../../../../src/target/proxy/diagnostic/failover-list.ts';
import {
  Journal,
  type JournalReader,
  type RecordedAttempt,
} from '../../../../src/target/proxy/diagnostic/journal.ts';
import { ProxyMetrics } from '../../../../src/target/proxy/diagnostic/metrics.ts';
import { requestLog } from '../../../../src/target/proxy/diagnostic/request-log.ts';
import type { RequestFacts } from '../../../../src/target/proxy/proxy.ts';
import { watchedReply } from '../../../../src/target/proxy/request-watch.ts';
import type { ProxyHealth } from '../../../../src/target/proxy/respond.ts';
import { VirtualClock } from '../../../../src/time/virtual-clock.ts';

const request: RequestFacts = {
  requestId: 'req_1',
  trace: 't'.repeat(32),
  key: 'miner',
  model: 'm',
};

const attempt = (more: Partial<RecordedAttempt> = {}): RecordedAttempt => ({
  kind: 'attempt',
  trace: request.trace,
  attempt: 1,
  cause: 'first',
  backend: 'spark',
  model: 'gpt-oss:120b',
  residency: 'local',
  startedAt: 0,
  firstTokenAt: 200,
  endedAt: 1200,
  outcome: 'served',
  tokensReceived: 11,
  tokensForwarded: 11,
  usage: { inputTokens: 100, outputTokens: 11 },
  ...more,
});

const { firstTokenAt: _, usage: __, ...bare } = attempt();
const reset: RecordedAttempt = { ...bare, outcome: 'failed', reason: 'reset', endedAt: 500 };
const takenOver = attempt({
  attempt: 2,
  cause: 'failover',
  backend: 'azure',
  residency: 'cloud',
  startedAt: 501,
  firstTokenAt: 1300,
  endedAt: 2300,
  costUsd: 0.002,
});

/** A journal with one reader, and a request that has come. */
const journalOf = (reader: JournalReader, facts: RequestFacts = request) => {
  const clock = new VirtualClock();
  const journal = new Journal(clock, [reader]);
  return { clock, journal, watch: journal.watch(facts) };
};

describe('the list of failovers', () => {
  test('tells from where to where, why, and how long it took', () => {
    const list = new FailoverList();
    const { journal } = journalOf(list);
    journal.record(reset, request);
    journal.record(takenOver, request);
    expect(list.latest).toEqual([
      {
        at: 500,
        model: 'm',
        from: 'spark',
        to: 'azure',
        reason: 'reset',
        isContinued: false,
        isServed: true,
        tookMs: 800,
      },
    ]);
  });

  test('does not pair the attempts of two requests', () => {
    const list = new FailoverList();
    const { journal } = journalOf(list);
    const other = { ...request, requestId: 'req_2' };
    journal.watch(other);
    journal.record(reset, request);
    journal.record(attempt({ cause: 'spill', backend: 'azure' }), other);
    expect(list.latest).toEqual([]);
  });

  test('is bounded, the latest first', () => {
    const list = new FailoverList();
    const { journal } = journalOf(list);
    for (let at = 0; at < 500; at++) {
      journal.record({ ...reset, endedAt: at }, request);
      journal.record(takenOver, request);
    }
    expect(list.latest.length).toBeLessThan(100);
    expect(list.latest[0]?.at).toBe(499);
  });
});

const logged = (format: 'json' | 'text', level: 'off' | 'error' | 'info' = 'info') => {
  const lines: string[] = [];
  const log = requestLog({
    clock: new VirtualClock(),
    level,
    format,
    write: (line) => lines.push(line),
  });
  return { log, lines };
};

describe('the log of requests', () => {
  test('has one line for a request, with all that its attempts came to', async () => {
    const { log, lines } = logged('json');
    const { clock, journal, watch } = journalOf(log);
    journal.record(reset, request);
    journal.record(takenOver, request);
    watch.answered(200);
    await clock.advanceTo(2300);
    watch.ended(false);
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      {
        time: '2026-01-01T00:00:00.000Z',
        level: 'info',
        event: 'request',
        requestId: 'req_1',
        trace: request.trace,
        key: 'miner',
        model: 'm',
        backend: 'azure',
        attempts: 2,
        failures: ['spark: reset'],
        status: 200,
        outcome: 'ok',
        ttftMs: 1300,
        durationMs: 2300,
        inputTokens: 100,
        outputTokens: 11,
        costUsd: 0.002,
      },
    ]);
  });

  test.each([
    ['a client that left', [attempt({ outcome: 'cancelled' })], 200, true, 'cancelled'],
    ['a client that left after the end', [attempt()], 200, true, 'ok'],
    ['a failure within a stream', [reset], 200, false, 'error'],
    ['a refusal', [], 404, false, 'error'],
  ] as const)('tells how %s ended', (_name, attempts, status, hasLeft, outcome) => {
    const { log, lines } = logged('json');
    const { journal, watch } = journalOf(log);
    for (const it of attempts) journal.record(it, request);
    watch.answered(status);
    watch.ended(hasLeft);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ outcome });
  });

  test('tells why a request was refused', () => {
    for (const format of ['json', 'text'] as const) {
      const { log, lines } = logged(format);
      const { watch } = journalOf(log);
      const heard: string[] = [];
      const reply = watchedReply(
        {
          gone: new AbortController().signal,
          head: (status) => void heard.push(String(status)),
          write: (chunk) => heard.push(chunk) > 0,
          drained: async () => undefined,
          end: () => undefined,
        },
        watch,
      );
      refuse(reply, localOnlyUnavailable('spark: its queue is full', 1000, false), {});
      watch.ended(false);
      expect(heard).toEqual(['503', expect.stringContaining('its queue is full')]);
      expect(lines).toEqual([expect.stringContaining('local_only_unavailable')]);
    }
  });

  test('holds back what went well, or everything, if told to', () => {
    for (const [level, count] of [
      ['info', 2],
      ['error', 1],
      ['off', 0],
    ] as const) {
      const { log, lines } = logged('json', level);
      for (const it of [attempt(), reset]) {
        const { journal, watch } = journalOf(log);
        journal.record(it, request);
        watch.answered(200);
        watch.ended(false);
      }
      expect(lines).toHaveLength(count);
    }
  });

  test('makes one line of whatever a client calls a model or asks for', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 300 }),
        fc.constantFrom('json' as const, 'text' as const),
        (name, format) => {
          const { log, lines } = logged(format);
          const { journal, watch } = journalOf(log, { ...request, model: name });
          watch.answered(404);
          watch.refused(name);
          watch.ended(false);
          journal.refuse({ requestId: 'r', method: 'GET', path: `/${name}`, status: 404 });
          expect(lines).toHaveLength(2);
          for (const line of lines) {
            expect(line).not.toMatch(/\p{Cc}/u);
            expect(line.length).toBeLessThan(1500);
          }
        },
      ),
    );
  });
});

const health: ProxyHealth = {
  status: 'ok',
  inFlight: 3,
  backends: [
    {
      name: 'spark',
      residency: 'local',
      breaker: 'open',
      running: 1,
      queued: 2,
      slots: 4,
      changes: [],
      models: [{ model: 'm', breaker: 'open', changes: [] }],
      alarms: [{ model: 'm', reason: 'status', message: "model 'm' not found" }],
      secondOpinions: { alive: 4, dead: 1 },
    },
  ],
  retries: { attempts: 30, vain: 2, withheld: 5 },
};

const metricsOf = () => {
  const metrics = new ProxyMetrics({
    system: { models: [{ name: 'm', candidates: [] }] },
    version: '1.2.3',
    health: () => health,
  });
  return { metrics, ...journalOf(metrics) };
};

describe('the metrics', () => {
  test('count attempts, failovers, tokens, times and money', async () => {
    const { metrics, journal, watch, clock } = metricsOf();
    journal.record(reset, request);
    journal.record(takenOver, request);
    watch.answered(200);
    await clock.advanceTo(2300);
    watch.ended(false);
    const text = await metrics.text();
    for (const line of [
      'gen_ai_client_operation_duration_seconds_sum{model="m",backend="azure",outcome="ok"} 2.3',
      'gen_ai_server_time_to_first_token_seconds_sum{model="m",backend="azure",outcome="served"} 0.799',
      'gen_ai_server_time_per_output_token_seconds_sum{model="m",backend="azure",outcome="served"} 0.1',
      'gen_ai_client_token_usage_sum{model="m",backend="azure",gen_ai_token_type="input"} 100',
      'spillway_attempts_total{model="m",backend="spark",outcome="failed",reason="reset"} 1',
      'spillway_failovers_total{model="m",from="spark",to="azure",reason="reset"} 1',
      'spillway_cost_usd_total{model="m",backend="azure"} 0.002',
      'spillway_breaker_state{backend="spark",state="open"} 1',
      'spillway_breaker_state{backend="spark",state="closed"} 0',
      'spillway_backend_queued{backend="spark"} 2',
      'spillway_requests_in_flight 3',
      'spillway_model_breaker_state{backend="spark",served_model="m",state="open"} 1',
      'spillway_alarms{backend="spark"} 1',
      'spillway_second_opinions_total{backend="spark",answer="alive"} 4',
      'spillway_second_opinions_total{backend="spark",answer="dead"} 1',
      'spillway_retries_withheld_total 5',
    ])
      expect(text.split('\n')).toContain(line);
  });

  test('count a spill by its cause', async () => {
    const { metrics, journal } = metricsOf();
    journal.record(attempt({ cause: 'spill', passedOver: 'queue', backend: 'azure' }), request);
    expect(await metrics.text()).toContain(
      'spillway_spills_total{model="m",backend="azure",why="queue"} 1',
    );
  });

  test('have as many labels as the file has models, whatever is asked for', async () => {
    const { metrics, journal } = metricsOf();
    for (let at = 0; at < 1000; at++)
      journal.watch({ ...request, requestId: `req_${at}`, model: `m${at}` }).ended(false);
    const text = await metrics.text();
    const models = new Set([...text.matchAll(/[{,]model="([^"]*)"/g)].map(([, name]) => name));
    expect([...models]).toEqual(['other']);
  });
});
