/** The yardstick in place of the proxy: a relay that retries, and holds no circuit. */

import { seededIds } from '../random/id.ts';
import type { System } from '../system/system.ts';
import { openNaiveRelay } from '../target/yardstick/naive-relay.ts';
import type { ProxyStageInfo } from './proxy-stage.ts';
import type { OpenedStage, Stage } from './stage.ts';

export interface NaiveStageInput {
  readonly system: System;
  /** Factor on its deadline and its pauses. */
  readonly scale: number;
}

export const openNaive: Stage<NaiveStageInput, ProxyStageInfo> = async (
  { system, scale },
  { clock, random, emit },
) => {
  const ids = seededIds(random.fork('ids'));
  const relay = await openNaiveRelay({ system, scale, clock, ids, record: emit });
  return {
    info: { url: relay.url },
    close: () => relay.close(),
  } satisfies OpenedStage<ProxyStageInfo>;
};
