import { expect, test } from 'vitest';

import type { ExchangeFigures } from '../../src/analysis/analysis.ts';
import { armLogs } from '../../src/analysis/arm.ts';
import { measure } from '../../src/analysis/figures.ts';
import type { LogEntry } from '../../src/log/entry.ts';
import { encodeChunks } from '../../src/log/chunk-code.ts';
import { attempt, chunkCode, exchange, generation, log, manifest } from '../kit/log.ts';

const figuresOf = (
  entries: readonly LogEntry[],
  limits: Readonly<Record<string, number>> = {},
): ExchangeFigures | undefined => {
  const { backends } = manifest();
  const [arm] = armLogs(log(entries));
  return (
    arm &&
    measure(arm, {
      limits,
      residencies: new Map(backends.map(({ name, residency }) => [name, residency])),
      areAttemptsKnown: true,
    })[0]?.figures
  );
};

test('an exchange that ran well has the figures that its instants say', () => {
  expect(figuresOf([exchange({ scheduledAt: 1000 }), attempt()])).toMatchObject({
    phase: 'steady',
    dispatchDelayMs: 1,
    ttfeMs: 9,
    ttftMs: 499,
    ttfoMs: 499,
    e2eMs: 1454,
    tpotMs: 50,
    tpotTextMs: 50,
    isBuffered: false,
    stallCount: 0,
    outputTokens: 20,
    isGood: true,
    isLeaked: false,
    costUsd: 0,
    servedAs: 'local',
  });
});

test('what did not come has no figure, and a failed exchange has no whole-answer time', () => {
  const figures = figuresOf([
    exchange({
      outcome: 'failed',
      chunks: chunkCode([1500]),
      lastTokenAt: 1500,
      lastTextAt: 1500,
    }),
  ]);
  expect(figures).toMatchObject({ ttftMs: 499, isGood: false, servedAs: 'failed' });
  expect(figures).not.toHaveProperty('e2eMs');
});

test('text emptied at once after hidden reasoning is buffered, and its pace means nothing', () => {
  const instants = Array.from({ length: 58 }, (_, at) => 2025 + at * 0.5);
  const figures = figuresOf([
    exchange({
      firstTokenAt: 2025,
      firstTextAt: 2025,
      lastTokenAt: instants.at(-1) ?? 0,
      lastTextAt: instants.at(-1) ?? 0,
      chunks: chunkCode(instants),
      usage: { inputTokens: 100, outputTokens: 458, reasoningTokens: 400 },
    }),
  ]);
  expect(figures).toMatchObject({ isBuffered: true });
  expect(figures).not.toHaveProperty('tpotMs');
});

test('reasoning that the proxy withheld is not counted into the pace of what was shown', () => {
  const figures = figuresOf([
    exchange({ usage: { inputTokens: 100, outputTokens: 120, reasoningTokens: 100 } }),
    attempt({ tokensReceived: 120, tokensForwarded: 20 }),
  ]);
  expect(figures).toMatchObject({ tpotMs: 50, tpotTextMs: 50, isBuffered: false });
});

test('shown reasoning counts into tpot and not into tpot_text', () => {
  const chunks = encodeChunks([
    ...[1500, 1600, 1700].map((at) => ({ at, channel: 'reasoning' as const })),
    ...[1800, 1810].map((at) => ({ at, channel: 'text' as const })),
  ]);
  const figures = figuresOf([
    exchange({
      firstTextAt: 1800,
      lastTextAt: 1810,
      lastTokenAt: 1810,
      chunks,
      usage: { inputTokens: 100, outputTokens: 5, reasoningTokens: 3 },
    }),
  ]);
  expect(figures).toMatchObject({ tpotMs: 77.5, tpotTextMs: 10 });
});

test('thinking that was held back and released with the first text has no pace', () => {
  const text = Array.from({ length: 6 }, (_, at) => 1501.2 + at * 40);
  const figures = figuresOf([
    exchange({
      firstTextAt: 1501.2,
      lastTextAt: 1701.2,
      lastTokenAt: 1701.2,
      chunks: encodeChunks([
        ...[1500, 1500.2, 1500.4, 1500.6].map((at) => ({ at, channel: 'reasoning' as const })),
        ...text.map((at) => ({ at, channel: 'text' as const })),
      ]),
      // The response counts no thinking, because the backend did not tell it from the rest.
      usage: { inputTokens: 100, outputTokens: 10, reasoningTokens: 0 },
    }),
    attempt({ usage: { inputTokens: 100, outputTokens: 10 } }),
  ]);
  expect(figures).toMatchObject({ tpotMs: 40, tpotTextMs: 40, outputTokens: 10 });
});

test('a stall is a gap far above the pace of its own answer', () => {
  const steady = [1500, 1550, 1600, 1650, 1700];
  expect(figuresOf([exchange({ chunks: chunkCode([...steady, 1949]) })])).toMatchObject({
    stallCount: 0,
  });
  expect(figuresOf([exchange({ chunks: chunkCode([...steady, 2000, 2400]) })])).toMatchObject({
    stallCount: 2,
    stallMsMax: 400,
  });
});

test('an answer is good within every limit, and a limit on what it has not is none', () => {
  expect(figuresOf([exchange()], { ttfo: 499, tpot: 50 })?.isGood).toBe(true);
  expect(figuresOf([exchange()], { ttfo: 498 })?.isGood).toBe(false);
  const { firstTextAt: _, lastTextAt: __, ...call } = exchange();
  expect(figuresOf([call], { ttfo: 1 })?.isGood).toBe(true);
  const { firstTokenAt: ___, chunks: ____, ...empty } = call;
  expect(figuresOf([empty], { ttfo: 1 })?.isGood).toBe(false);
});

test('a confined exchange that any cloud saw is leaked, whoever answered it', () => {
  const confined = exchange({ isLocalOnly: true });
  expect(figuresOf([confined, attempt(), generation()])?.isLeaked).toBe(false);
  const away = attempt({ attempt: 2, backend: 'azure', outcome: 'failed' });
  expect(figuresOf([confined, attempt(), away])?.isLeaked).toBe(true);
  expect(figuresOf([confined, generation({ backend: 'azure' })])?.isLeaked).toBe(true);
  expect(figuresOf([exchange(), away])?.isLeaked).toBe(false);
});

test('spilling is told from failing over, and an open breaker is a failure', () => {
  const served = { backend: 'azure', attempt: 2 } as const;
  const whose = (...attempts: LogEntry[]): string | undefined =>
    figuresOf([exchange({ backend: 'azure' }), ...attempts])?.servedAs;
  const dead = attempt({ outcome: 'failed', reason: 'reset' });
  expect(whose(dead, attempt({ ...served, cause: 'failover' }))).toBe('failed-over');
  expect(whose(dead, attempt({ ...served, cause: 'continue' }))).toBe('failed-over');
  const spilled = { ...served, attempt: 1, cause: 'spill' } as const;
  expect(whose(attempt({ ...spilled, passedOver: 'queue' }))).toBe('spilled');
  expect(whose(attempt({ ...spilled, passedOver: 'breaker' }))).toBe('failed-over');
  expect(whose(attempt({ ...served, attempt: 1 }))).toBe('cloud');
  expect(whose()).toBe('cloud');
});

test('failed attempts cost as well, and a cloud without a price leaves the cost unknown', () => {
  const away = { backend: 'azure', costUsd: 0.002 } as const;
  const both = [
    attempt({ ...away, outcome: 'failed' }),
    attempt({ ...away, attempt: 2, costUsd: 0.003 }),
  ];
  expect(figuresOf([exchange(), ...both])?.costUsd).toBeCloseTo(0.005);
  expect(figuresOf([exchange(), attempt({ backend: 'azure' })])).not.toHaveProperty('costUsd');
});
