/**
 * The end of a turn of the event loop: after all that has come in has been handled, and before
 * anything else is waited for. What many do at once is gathered until then and done together.
 */

/** Calls once the turn has ended. */
export const atTurnEnd = (run: () => void): void => {
  setImmediate(run);
};
