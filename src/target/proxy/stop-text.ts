/**
 * Ends an answer before a text that the client named, for servers that know no such thing.
 *
 * What might be the beginning of such a text is held back until it is known not to be.
 */

import type { GenerationEvent } from '../../protocol/generation.ts';

/** The events up to the first of the texts, which is not told; all of them when there is none. */
export const stoppedAt = (
  stop: readonly string[] | undefined,
  chunks: AsyncIterable<readonly GenerationEvent[]>,
): AsyncIterable<readonly GenerationEvent[]> =>
  stop === undefined || stop.length === 0 ? chunks : cutAt(stop, chunks);

async function* cutAt(
  stop: readonly string[],
  chunks: AsyncIterable<readonly GenerationEvent[]>,
): AsyncGenerator<readonly GenerationEvent[]> {
  let held = '';
  for await (const events of chunks) {
    const told: GenerationEvent[] = [];
    for (const event of events) {
      if (event.kind !== 'text') {
        if (held !== '' && event.kind !== 'failure') told.push({ kind: 'text', text: held });
        held = '';
        told.push(event);
        continue;
      }
      held += event.text;
      const at = firstOf(stop, held);
      const text = held.slice(0, at ?? held.length - beginningOf(stop, held));
      held = held.slice(text.length);
      if (text !== '') told.push(text === event.text ? event : { kind: 'text', text });
      if (at === undefined) continue;
      yield [...told, { kind: 'end', reason: 'stop' }];
      return;
    }
    if (told.length > 0) yield told;
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
