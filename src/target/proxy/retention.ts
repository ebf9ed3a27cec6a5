/** How long conversation state is kept, and how often what is too old is looked for. */

export const dayMs = 24 * 60 * 60 * 1000;

/** Stores sweep when they are written to, at most this often: no timer is needed. */
export const sweepEveryMs = 60 * 60 * 1000;
