/**
 * The budget of second attempts, over all requests: failing over must help, or it becomes load.
 *
 * A second attempt that is served costs nothing: it is what a fallback is for, and a backend that
 * dies under a hundred requests leaves a hundred to be saved at once. What counts is trying in
 * vain. When more than a fifth of the latest attempts were second ones that failed as well, nobody
 * is helped by more of them, and they are withheld until that has passed. At low rates a few are
 * always allowed.
 */

/** The latest attempts are those of this span. */
const windowMs = 10_000;
/** The window moves in steps of this. */
const stepMs = 1000;
/** The share of attempts that may be second ones, in vain. */
const vainRatioMax = 0.2;
/** So many are allowed at any rate. */
const vainMin = 10;

interface Step {
  readonly at: number;
  attempts: number;
  vain: number;
}

/** How the budget stands. */
export interface RetryStanding {
  /** Attempts within the window, and those among them that were second ones in vain. */
  readonly attempts: number;
  readonly vain: number;
  /** Second attempts that were withheld since the start. */
  readonly withheld: number;
}

export class RetryBudget {
  #steps: Step[] = [];
  #withheld = 0;

  /** An attempt begins, of whatever number. */
  begin(now: number): void {
    this.#step(now).attempts++;
  }

  /** A second attempt has failed as well. */
  failAgain(now: number): void {
    this.#step(now).vain++;
  }

  /** Whether a request whose attempt failed may make another; a no is counted. */
  mayRetry(now: number): boolean {
    const { attempts, vain } = this.standing(now);
    const isAllowed = vain < Math.max(vainMin, vainRatioMax * attempts);
    if (!isAllowed) this.#withheld++;
    return isAllowed;
  }

  standing(now: number): RetryStanding {
    this.#forget(now);
    const sum = (key: 'attempts' | 'vain'): number =>
      this.#steps.reduce((total, step) => total + step[key], 0);
    return { attempts: sum('attempts'), vain: sum('vain'), withheld: this.#withheld };
  }

  #step(now: number): Step {
    this.#forget(now);
    const at = Math.floor(now / stepMs) * stepMs;
    const last = this.#steps.at(-1);
    if (last?.at === at) return last;
    const step = { at, attempts: 0, vain: 0 };
    this.#steps.push(step);
    return step;
  }

  #forget(now: number): void {
    this.#steps = this.#steps.filter(({ at }) => at > now - windowMs);
  }
}
