/**
 * The same answer, written as the standard also allows: whoever reads it must not notice.
 *
 * Line ends of two bytes, data over several lines, no space after the colon, a byte order mark, an
 * event nobody knows, a comment of a megabyte. What a dialect has no such freedom in is left alone.
 */

import type { Frame } from '../frame.ts';
import type { FaultKind, FrameRewriter } from './kind.ts';

const commentBytes = 1_000_000;

const unknown = 'event: response.odd\ndata: {"type":"response.odd","odd":true}\n\n';

export const reformat: FaultKind = {
  kind: 'reformat',
  moments: ['mid-stream'],
  afterTokens: 0,
  needs: [],
  may: ['form'],
  forms: ['crlf', 'multi-line', 'no-space', 'bom', 'unknown-event', 'long-comment'],
  isFatal: false,
  sees: 'frames',
  describe: ({ form = 'crlf' }) => `writes its events otherwise (${form})`,
  onWire: (connection, { form = 'crlf' }) => {
    const isEvents = connection.dialect !== 'ollama';
    if (form === 'crlf') connection.rewrite(asText((text) => text.replaceAll('\n', '\r\n')));
    if (!isEvents) return;
    if (form === 'multi-line')
      connection.rewrite(asText((text) => text.replaceAll('data: {', 'data: {\ndata: ')));
    if (form === 'no-space')
      connection.rewrite(asText((text) => text.replaceAll(/^(data|event): /gm, '$1:')));
    if (form === 'bom') connection.rewrite(first('\ufeff'));
    if (form === 'unknown-event') connection.rewrite(asText((text) => unknown + text));
    if (form === 'long-comment') connection.rewrite(first(`:${'x'.repeat(commentBytes)}\n\n`));
  },
  // The events are the same ones.
  onEvents: () => undefined,
};

const asText =
  (change: (text: string) => string): FrameRewriter =>
  ({ bytes }) => [Buffer.from(change(bytes.toString()))];

/** Puts something before the next frame, once. */
const first = (text: string): FrameRewriter => {
  let isDone = false;
  return ({ bytes }: Frame) => {
    if (isDone) return undefined;
    isDone = true;
    return [Buffer.from(text), bytes];
  };
};
