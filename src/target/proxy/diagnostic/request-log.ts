/**
 * The log of requests: one line for each, when it is over, for a program or for a person.
 *
 * A line says who asked for which model, who answered and what that took. It never holds a prompt,
 * an answer or a secret, and nothing a client sends can make two lines of it.
 */

import type { Clock } from '../../../time/clock.ts';
import { type JournalReader, type RequestSummary, firstTokenMsOf, usageOf } from './journal.ts';

export interface RequestLogOptions {
  readonly clock: Clock;
  /** `error` tells of requests that failed alone. */
  readonly level: 'off' | 'error' | 'info';
  readonly format: 'json' | 'text';
  readonly write: (line: string) => void;
}

/** How a request ended, in one word. */
export const outcomeOf = ({ status, hasLeft, attempts }: RequestSummary): Outcome => {
  const last = attempts.at(-1);
  if (hasLeft && last?.outcome !== 'served') return 'cancelled';
  if ((status ?? 500) >= 400 || (last !== undefined && last.outcome !== 'served')) return 'error';

  return 'ok';
};

type Outcome = 'ok' | 'error' | 'cancelled';

/** A log that writes as it is told. */
export const requestLog = (options: RequestLogOptions): JournalReader => ({
  onRequest(summary) {
    const outcome = outcomeOf(summary);
    if (options.level === 'off' || (options.level === 'error' && outcome !== 'error')) return;
    const line = lineOf(summary, outcome, options.clock);
    options.write(options.format === 'json' ? JSON.stringify(line) : personal(line));
  },
  onRefusal({ requestId, method, path, status }) {
    if (options.level === 'off') return;
    const time = new Date(options.clock.wall()).toISOString();
    const asked = oneLine(path);
    options.write(
      options.format === 'json'
        ? JSON.stringify({
            time,
            level: 'error',
            event: 'refused',
            requestId,
            method,
            path: asked,
            status,
          })
        : [time.slice(11, 19), status, 'refused  ', method, asked, requestId].join('  '),
    );
  },
});

interface Line {
  readonly time: string;
  readonly level: 'info' | 'error';
  readonly event: 'request';
  readonly requestId: string;
  readonly trace: string;
  readonly key: string;
  readonly model: string;
  readonly backend?: string;
  readonly attempts: number;
  /** Each attempt that failed: `spark: reset`. */
  readonly failures?: readonly string[];
  readonly status?: number;
  /** Why it was refused: `local_only_unavailable`. */
  readonly code?: string;
  readonly outcome: Outcome;
  readonly ttftMs?: number;
  readonly durationMs: number;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly costUsd?: number;
}

/** A client may name a model, and ask for a path, as it likes. */
const charactersMax = 100;

const oneLine = (text: string): string => text.slice(0, charactersMax).replaceAll(/\p{C}/gu, '?');

const lineOf = (summary: RequestSummary, outcome: Outcome, clock: Clock): Line => {
  const { request, attempts, startedAt, endedAt, status, code } = summary;
  const ttftMs = firstTokenMsOf(summary);
  const usage = usageOf(attempts);
  const backend = attempts.at(-1)?.backend;
  const failures = attempts
    .filter((it) => it.outcome === 'failed')
    .map((it) => `${it.backend}: ${it.reason ?? 'unknown'}`);
  const costs = attempts.map(({ costUsd }) => costUsd).filter((usd) => usd !== undefined);
  return {
    time: new Date(clock.wall()).toISOString(),
    level: outcome === 'error' ? 'error' : 'info',
    event: 'request',
    requestId: request.requestId,
    trace: request.trace,
    key: request.key,
    model: oneLine(request.model),
    ...(backend !== undefined && { backend }),
    attempts: attempts.length,
    ...(failures.length > 0 && { failures }),
    ...(status !== undefined && { status }),
    ...(code !== undefined && { code: oneLine(code) }),
    outcome,
    ...(ttftMs !== undefined && { ttftMs: tenths(ttftMs) }),
    durationMs: tenths(endedAt - startedAt),
    ...usage,
    ...(costs.length > 0 && { costUsd: costs.reduce((sum, usd) => sum + usd, 0) }),
  };
};

const tenths = (ms: number): number => Math.round(ms * 10) / 10;

const personal = (line: Line): string =>
  [
    line.time.slice(11, 19),
    String(line.status ?? '---'),
    line.outcome.padEnd(9),
    line.model,
    `→ ${line.backend ?? 'nobody'}`,
    ...(line.code === undefined ? [] : [line.code]),
    ...(line.failures ? [`(${line.failures.join(', ')})`] : []),
    `${(line.durationMs / 1000).toFixed(2)} s`,
    ...(line.ttftMs === undefined ? [] : [`first token ${(line.ttftMs / 1000).toFixed(2)} s`]),
    ...(line.inputTokens === undefined
      ? []
      : [`${line.inputTokens} in ${line.outputTokens ?? 0} out`]),
    ...(line.costUsd === undefined || line.costUsd === 0 ? [] : [`$${line.costUsd.toFixed(4)}`]),
    line.key,
    line.requestId,
  ].join('  ');
