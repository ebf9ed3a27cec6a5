/** The stages of a run by name: what a thread is told to open. */

import { openBackends } from './backend-stage.ts';
import { openLanes } from './lane.ts';
import { openLoad } from './load-stage.ts';
import { openNaive } from './naive-stage.ts';
import { openProxy } from './proxy-stage.ts';
import { openSuiteLoad } from './suite-load.ts';
import type { OpenedStage, StageContext } from './stage.ts';

export type StageName = 'backends' | 'proxy' | 'naive' | 'load' | 'suite-load';

/**
 * Opens a stage by name; a list of inputs opens it in as many lanes. The input comes from
 * `openStage`, which types it.
 */
export const openByName = (
  name: StageName,
  input: unknown,
  context: StageContext,
): Promise<OpenedStage<unknown>> => {
  if (Array.isArray(input))
    return openLanes(input, (each, lane) => openByName(name, each, lane), context);
  switch (name) {
    case 'backends':
      return openBackends(input as Parameters<typeof openBackends>[0], context);
    case 'proxy':
      return openProxy(input as Parameters<typeof openProxy>[0], context);
    case 'naive':
      return openNaive(input as Parameters<typeof openNaive>[0], context);
    case 'suite-load':
      return openSuiteLoad(input as Parameters<typeof openSuiteLoad>[0], context);
    case 'load':
      return openLoad(input as Parameters<typeof openLoad>[0], context);
  }
};
