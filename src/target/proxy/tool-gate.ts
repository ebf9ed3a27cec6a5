/**
 * Holds a model to what its client allowed: which tools it may call, how many at once, how many in
 * all. Not every server enforces these, and none of them the way the next one does.
 *
 * A call that is not allowed is suppressed with its arguments, as the Open Responses text asks of
 * `allowed_tools`. That a call is `required` cannot be enforced on a server that knows no such
 * thing; there the answer ends as the model ended it.
 */

import type { GenerationEvent } from '../../protocol/generation.ts';
import type { ResponseRequest } from './request.ts';
import { callableNames, offeredName, toolCalled } from './request-tool.ts';

export class ToolGate {
  readonly #request: Pick<ResponseRequest, 'offered'>;
  readonly #callable: ReadonlySet<string> | undefined;
  readonly #callsMax: number;
  readonly #suppressed = new Set<number>();
  #calls = 0;

  constructor(
    request: Pick<
      ResponseRequest,
      'offered' | 'toolChoice' | 'isParallelToolCalls' | 'maxToolCalls'
    >,
  ) {
    this.#request = request;
    this.#callable = callableNames(request.offered, request.toolChoice);
    this.#callsMax = Math.min(
      request.isParallelToolCalls ? Number.POSITIVE_INFINITY : 1,
      request.maxToolCalls ?? Number.POSITIVE_INFINITY,
    );
  }

  /** Whether the event may be shown. */
  admits(event: GenerationEvent): boolean {
    if (event.kind === 'tool-arguments') return !this.#suppressed.has(event.index);
    if (event.kind !== 'tool-call') return true;
    if (this.#calls < this.#callsMax && this.#mayCall(event.name)) {
      this.#calls++;
      return true;
    }
    this.#suppressed.add(event.index);
    return false;
  }

  #mayCall(name: string): boolean {
    const { offered } = this.#request;
    return this.#callable?.has(offeredName(offered, toolCalled(offered, name))) ?? true;
  }
}
