/** The manifest that belongs to the analyses made by hand. */

import type { Manifest, PriceRecord } from '../../src/log/entry.ts';

/** What an analysis made by hand should be like. */
export interface AnalysisWish {
  readonly arms?: readonly string[];
  readonly failoversPerArm?: number;
  readonly exchangesPerArm?: number;
  readonly isSimulated?: boolean;
  readonly name?: string;
  /** Every exchange failed and nothing was ever received. */
  readonly isAllFailed?: boolean;
}

const price = (backend: string, model: string, input: number, output: number): PriceRecord => ({
  backend,
  model,
  input,
  cachedInput: input / 10,
  output,
  source: 'https://azure.microsoft.com/pricing/',
  asOf: '2026-11-01',
});

/** Prices that the manifest names, and that costs are worked out with. */
export const prices: readonly PriceRecord[] = [
  price('azure', 'gpt-5-mini', 0.25, 2),
  price('azure', 'gpt-oss-120b', 0.15, 0.6),
  price('azure', 'gpt-5', 1.25, 10),
];

/** The manifest of a quickstart-like run. */
export const manifestOf = (wish: AnalysisWish = {}): Manifest => ({
  kind: 'manifest',
  format: 1,
  spillway: '0.1.0',
  runId: '20261123T080000Z-quickstart-7f3a',
  name: wish.name ?? 'quickstart',
  question: 'When the Spark dies in the middle of an answer, how long does the reader wait?',
  startedAt: '2026-11-23T08:00:00.000Z',
  seed: 7,
  command: 'spillway run scenarios/quickstart.yaml --seed 7',
  arms: wish.arms ?? ['main'],
  description: '18 scripted sessions of three turns; the Spark dies mid-answer at six points.',
  scenario: { name: 'quickstart', seed: 7 },
  systems: { main: { midStream: 'continue' } },
  backends: [
    {
      name: 'spark',
      residency: 'local',
      isSimulated: wish.isSimulated ?? true,
      isPriced: false,
      wire: 'ollama',
      profile: 'gpt-oss-120b@ollama',
      profileBasis: 'fitted to published measurements; above one sequence extrapolated',
    },
    {
      name: 'azure',
      residency: 'cloud',
      isSimulated: wish.isSimulated ?? true,
      isPriced: true,
      wire: 'azure-openai',
    },
  ],
  placement: 'edge: beside the load, in this process',
  phases: { warmupMs: 2_000, steadyMs: 50_000, cooldownMs: 8_000 },
  thinkScale: 0.5,
  limits: { ttfo: 3_000, tpot: 150 },
  objectives: ['ttfo p50 < 3 s', 'failover max < 3 s', 'failed = 0', 'leaked = 0'],
  counterfactuals: prices.map((it) => ({ name: it.model, price: it })),
  prices,
  economics: {
    usdJpy: 150,
    fxAsOf: '2026-11-01',
    fxSource: 'own',
    capexJpy: 750_000,
    lifeMonths: 36,
    tariffJpyPerKwh: 31,
    idleWatts: 24,
    busyWatts: 90,
  },
  definitions: [
    { id: 'ttfo', formula: 'first visible text − sent', unit: 'ms' },
    { id: 'failover', formula: 'detect + decide + refill', unit: 'ms' },
  ],
  machine: { cpu: 'Example CPU', cores: 2, memoryGb: 8, platform: 'linux x64', node: '24.21.0' },
  clockResolutionMs: 0.001,
  plan: (wish.arms ?? ['main']).map((arm) => ({
    arm,
    workload: 'chat',
    loop: 'scripted' as const,
    sessions: 18,
  })),
});
