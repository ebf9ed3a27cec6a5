/** The page: what is large on it, and that nothing a backend says can become markup. */

import { describe, expect, test } from 'vitest';

import type { Diagnostics } from '../../../../src/target/proxy/diagnostic/diagnostics.ts';
import { diagnosticsPage } from '../../../../src/target/proxy/diagnostic/page.ts';

const hostile = '<script>alert(1)</script>"\'&';

const view = (more: Partial<Diagnostics> = {}): Diagnostics => ({
  service: 'spillway',
  version: '1.2.3',
  status: 'ok',
  now: '2026-11-23T05:00:10.000Z',
  uptimeMs: 3_725_000,
  inFlight: 1,
  retries: { attempts: 12, vain: 3, withheld: 2 },
  serving: [
    { model: 'm', backend: 'azure', residency: 'cloud', isPreferred: false, isOutOfReach: false },
  ],
  lastSwitch: {
    kind: 'failover',
    model: 'm',
    from: 'spark',
    to: 'azure',
    reason: 'stall-deadline',
    isContinued: true,
    isServed: true,
    tookMs: 1234,
    time: '2026-11-23T05:00:00.000Z',
    agoMs: 10_000,
  },
  backends: [
    {
      name: 'spark',
      kind: 'ollama',
      residency: 'local',
      isServing: false,
      breaker: 'open',
      since: '2026-11-23T05:00:00.000Z',
      sinceMs: 10_000,
      why: { reason: 'stall-deadline', message: 'no token for 20000 ms' },
      running: 0,
      slots: 1,
      queued: 0,
      models: [
        {
          model: 'gpt-oss:20b',
          breaker: 'open',
          why: { reason: 'status', message: 'out of memory' },
        },
      ],
      alarms: [{ address: 'spark.example', reason: 'tls', message: 'its certificate has expired' }],
      secondOpinions: { alive: 3, dead: 1 },
      reach: {
        backend: 'spark',
        kind: 'ollama',
        residency: 'local',
        isReachable: false,
        level: 'bad',
        addresses: [
          {
            url: 'http://spark:11434',
            isReachable: false,
            findings: [
              { step: 'tcp', level: 'bad', fact: { kind: 'refused', host: 'spark', port: 11_434 } },
            ],
          },
        ],
      },
    },
  ],
  failovers: [],
  today: {
    day: '2026-11-23',
    models: [
      {
        model: 'm',
        requests: 1234,
        failedRequests: 1,
        inputTokens: 1_000_000,
        outputTokens: 10,
        localRatio: 0.5,
        costUsd: 2,
        unpricedAttempts: 1,
        capacityValueUsd: { configured: 4 },
      },
    ],
  },
  usdJpy: 150,
  configuration: {},
  ...more,
});

const pageOf = (shown: Diagnostics, language: 'en' | 'ja' = 'en'): string =>
  diagnosticsPage(shown, { language, timeZone: 'Asia/Tokyo' });

/** What a reader sees, without markup and with single blanks. */
const textOf = (page: string): string =>
  page
    .replace(/<(style|script)>[^]*?<\/\1>/g, '')
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ');

describe('the page', () => {
  test('tells in English who serves, what happened last, why, and what to do', () => {
    const text = textOf(pageOf(view()));
    expect(text).toContain('Serving now azure cloud m');
    expect(text).toContain(
      'Last switch spark → azure 14:00:00 · 10 s ago stalled mid-answer · 1.23 s to the first token',
    );
    expect(text).toContain('circuit open stalled mid-answer · 14:00:00 · 10 s ago no token for');
    expect(text).toContain('nothing listens on port 11434 Start the server on the box');
    expect(text).toContain('1,234 1 1,000,000 10 50 % ¥300 ¥600');
    expect(text).toContain('up 1 h 2 min');
    expect(text).toContain('Not money saved');
  });

  test('tells what people must mend, which model is shut out, and what was asked in doubt', () => {
    const text = textOf(pageOf(view()));
    expect(text).toContain('To be mended: spark.example TLS failed its certificate has expired');
    expect(text).toContain('Model shut out: gpt-oss:20b HTTP error out of memory');
    expect(text).toContain('asked again while silent: 3 answered, 1 did not');
    expect(text).toContain('retries withheld: 2');
  });

  test('names a missing model once, and of many the first few, behind what holds for all', () => {
    const why = { reason: 'status', message: 'try pulling it first' };
    const missing = Array.from({ length: 100 }, (_, at) => `missing-${at}`);
    const backends = view().backends.map((backend) => ({
      ...backend,
      models: missing.map((model) => ({ model, breaker: 'open' as const, why })),
      alarms: [
        ...missing.map((model) => ({ model, reason: 'status' as const, message: why.message })),
        ...backend.alarms,
      ],
    }));
    const text = textOf(pageOf(view({ backends })));
    expect(text.match(/missing-0/g)).toHaveLength(1);
    expect(text).toMatch(/spark\.example .* missing-0 .* and 95 more/);
    expect(text).not.toContain('missing-9 ');
  });

  test('tells the same in Japanese', () => {
    const text = textOf(pageOf(view(), 'ja'));
    expect(text).toContain('現在の応答元 azure クラウド m');
    expect(text).toContain('回答の途中で停止 · 再開まで 1.23 秒');
    expect(text).toContain('ブレーカー 遮断中');
    expect(text).toContain('クラウド換算額（節約額ではない）');
  });

  test('tells of a backend that is back, and of one that nobody replaces', () => {
    const time = '2026-11-23T05:00:00.000Z';
    const back = view({ lastSwitch: { kind: 'closed', backend: 'spark', time, agoMs: 500 } });
    expect(textOf(pageOf(back))).toContain('spark is back');
    const gone = view({ serving: [{ model: 'm', isPreferred: false, isOutOfReach: false }] });
    expect(textOf(pageOf(gone))).toContain('Serving now nobody');
  });

  test('does not claim that a backend serves which cannot be reached', () => {
    const serving = [
      { model: 'm', backend: 'spark', residency: 'local', isPreferred: true, isOutOfReach: true },
    ] as const;
    const page = pageOf(view({ serving }));
    expect(textOf(page)).toContain('Serving now spark local cannot be reached m');
    expect(page).toMatch(/<div class="bad">\s*<div class="label">Serving now/);
  });

  test('shows which model is served where, when they differ', () => {
    const serving = [
      {
        model: 'large',
        backend: 'spark',
        residency: 'local',
        isPreferred: true,
        isOutOfReach: false,
      },
      {
        model: 'small',
        backend: 'azure',
        residency: 'cloud',
        isPreferred: false,
        isOutOfReach: false,
      },
    ] as const;
    expect(textOf(pageOf(view({ serving })))).toContain('spark large azure small');
  });

  test('does not show as nothing what was paid', () => {
    const { usdJpy: _, today, ...dollars } = view();
    const models = today.models.map((model) => ({ ...model, costUsd: 0.000_008 }));
    expect(textOf(pageOf({ ...dollars, today: { ...today, models } }))).toContain('&lt; $0.0001');
    expect(textOf(pageOf(view({ today: { ...today, models } })))).toContain('&lt; ¥0.01');
  });

  test('counts money in dollars where the file has no rate', () => {
    const { usdJpy: _, ...inDollars } = view();
    expect(textOf(pageOf(inDollars))).toContain('$2.00 $4.00');
  });

  test('lets no text become markup', () => {
    const [backend] = view().backends;
    if (!backend) throw new Error('there is one');
    const shown = view({
      version: hostile,
      serving: [
        {
          model: hostile,
          backend: hostile,
          residency: 'cloud',
          isPreferred: true,
          isOutOfReach: false,
        },
      ],
      backends: [{ ...backend, name: hostile, why: { reason: 'reset', message: hostile } }],
      configuration: { [hostile]: hostile },
    });
    const page = pageOf(shown);
    expect(page.match(/<script>/g)).toHaveLength(1);
    expect(page).not.toContain('alert(1)</script>');
  });
});
