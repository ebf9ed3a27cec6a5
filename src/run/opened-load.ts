/**
 * What the conductor sees of a load, whatever it plays: it is begun at an instant, stopped, closed,
 * and done when everything was asked.
 */

import { watchHealth } from '../measurement/health.ts';
import type { OpenedStage, StageContext } from './stage.ts';

export type LoadStageInfo = Readonly<Record<string, never>>;

/** Hands over what was opened so far; `drive` plays the load from an instant on. */
export const openedLoad = (
  opening: AsyncDisposableStack,
  { clock, emit }: StageContext,
  stopping: AbortController,
  drive: (beginAt: number) => Promise<void>,
): OpenedStage<LoadStageInfo> => {
  opening.use(watchHealth({ clock, where: 'load', emit }));
  opening.defer(() => stopping.abort(new Error('the load was closed')));
  const done = Promise.withResolvers<void>();
  const opened = opening.move();
  return {
    info: {},
    done: done.promise,
    tell: (message, value) => {
      if (message === 'stop') stopping.abort(new Error('the run was stopped'));
      if (message === 'begin') drive(Number(value)).then(done.resolve, done.reject);
    },
    close: () => opened.disposeAsync(),
  };
};
