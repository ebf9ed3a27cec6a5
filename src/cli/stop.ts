/** Ctrl-C and SIGTERM as an abort signal: the first asks, the second insists. */

import { exitCode } from './exit-code.ts';

export interface StopSignals extends Disposable {
  readonly signal: AbortSignal;
}

export const stopSignals = (onFirst: (why: 'interrupted' | 'terminated') => void): StopSignals => {
  const controller = new AbortController();
  const listen = (why: 'interrupted' | 'terminated') => (): void => {
    if (controller.signal.aborted) process.exit(exitCode[why]);
    onFirst(why);
    controller.abort(why);
  };
  const interrupt = listen('interrupted');
  const terminate = listen('terminated');
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', terminate);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      process.off('SIGINT', interrupt);
      process.off('SIGTERM', terminate);
    },
  };
};
