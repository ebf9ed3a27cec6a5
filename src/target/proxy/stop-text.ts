/**
 * Ends an answer before a text that the client named, for servers that know no such thing.
 *
 * What might be the beginning of such a text is held back until it is known not to be.
 */

import type { GenerationEvent } from '../../protocol/generation.ts';

/** The events up to the first of the texts, which is not told; all of them when there is none. */
export const stoppedAt = (
  stop: readonly string[] | undefined,
  events: AsyncIterable<GenerationEvent>,
): AsyncIterable<GenerationEvent> =>
  stop === undefined || stop.length === 0 ? events : cutAt(stop, events);

async function* cutAt(
  stop: readonly string[],
  events: AsyncIterable<GenerationEvent>,
): AsyncGenerator<GenerationEvent> {
  let held = '';
  for await (const event of events) {
    if (event.kind === 'text') {
      held += event.text;
      const at = firstOf(stop, held);
      const told = held.slice(0, at ?? held.length - beginningOf(stop, held));
      held = held.slice(told.length);
      if (told !== '') yield { kind: 'text', text: told };
      if (at === undefined) continue;
      yield { kind: 'end', reason: 'stop' };
      return;
    }
    if (held !== '' && event.kind !== 'failure') yield { kind: 'text', text: held };
    held = '';
    yield event;
  }
}

const firstOf = (stop: readonly string[], text: string): number | undefined => {
  const found = stop.map((it) => text.indexOf(it)).filter((at) => at >= 0);
  return found.length === 0 ? undefined : Math.min(...found);
};

/** How many of the last characters may be the beginning of one of the texts. */
const beginningOf = (stop: readonly string[], text: string): number => {
  const longest = Math.max(...stop.map((it) => it.length - 1));
  for (let length = Math.min(longest, text.length); length > 0; length--) {
    const end = text.slice(-length);
    if (stop.some((it) => it.startsWith(end))) return length;
  }
  return 0;
};
