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

/** Opens a stage for each input; all are told the same, and each answers for itself. */
export const openLanes = async (
  inputs: readonly unknown[],
  open: (input: unknown, context: StageContext) => Promise<OpenedStage<unknown>>,
  context: StageContext,
): Promise<OpenedStage<readonly unknown[]>> => {
  await using opening = new AsyncDisposableStack();
  const lanes: OpenedStage<unknown>[] = [];
  for (const [at, input] of inputs.entries()) {
    const lane = await open(input, { ...context, random: context.random.fork(`lane ${at}`) });
    opening.defer(() => lane.close());
    lanes.push(lane);
  }
  const answer: Answer = async (message, value) => {
    const { lane, value: inner } = value as ToLane;
    return lanes[lane]?.answer?.(message, inner);
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
