/**
 * Lanes: several of the same stage in one thread, each a world of its own, so that trials which
 * mostly wait can be played side by side and yet never meet.
 */

import type { Answer } from './correspondence.ts';
import type { OpenedStage, StageContext } from './stage.ts';

/** What is said to one lane of several. */
export interface ToLane {
  readonly lane: number;
  readonly value: unknown;
}

/**
 * Opens a stage for each input; all are told the same, and each answers for itself. `renew` begins
 * one anew, which then knows nothing of what was.
 */
export const openLanes = async (
  inputs: readonly unknown[],
  open: (input: unknown, context: StageContext) => Promise<OpenedStage<unknown>>,
  context: StageContext,
): Promise<OpenedStage<readonly unknown[]>> => {
  await using opening = new AsyncDisposableStack();
  const lanes: OpenedStage<unknown>[] = [];
  const openLane = (at: number): Promise<OpenedStage<unknown>> =>
    open(inputs[at], { ...context, random: context.random.fork(`lane ${at}`) });
  for (const at of inputs.keys()) {
    lanes.push(await openLane(at));
    opening.defer(() => lanes[at]?.close());
  }
  const answer: Answer = async (message, value) => {
    const { lane, value: inner } = value as ToLane;
    if (message !== 'renew') return lanes[lane]?.answer?.(message, inner);
    await lanes[lane]?.close();
    const renewed = await openLane(lane);
    lanes[lane] = renewed;
    return renewed.info;
  };
  const opened = opening.move();

  return {
    info: lanes.map(({ info }) => info),
    tell: (message, value) => {
      for (const lane of lanes) lane.tell?.(message, value);
    },
    answer,
    close: () => opened.disposeAsync(),
  };
};
