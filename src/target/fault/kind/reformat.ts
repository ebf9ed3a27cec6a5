/**
 * The same answer, written as the standard also allows: whoever reads it must not notice.
 *
 * Line ends of two bytes or of a carriage return, data over several lines, no space after the
 * colon, a byte order mark, an event nobody knows, a comment or an event of a megabyte, ten
 * thousand events at once that say nothing, and Azure's note that its filter was down, in the
 * middle of a 200. What a dialect has no such freedom in is left alone.
 */

import { asFields, type Frame, silentFrameIn, withFields } from '../frame.ts';
import type { FaultKind, FrameRewriter } from './kind.ts';

const longBytes = 1_000_000;

const floodFrames = 10_000;

const unknown = 'event: response.odd\ndata: {"type":"response.odd","odd":true}\n\n';

export const reformat: FaultKind = {
  kind: 'reformat',
  moments: ['mid-stream'],
  afterTokens: 0,
  needs: [],
  may: ['form'],
  forms: [
    'crlf',
    'cr',
    'multi-line',
    'no-space',
    'bom',
    'unknown-event',
    'long-comment',
    'long-event',
    'flood',
    'filter-down',
  ],
  isFatal: false,
  sees: 'frames',
  describe: ({ form = 'crlf' }) => `writes its events otherwise (${form})`,
  onWire: (connection, { form = 'crlf' }) => {
    const { dialect } = connection;
    const isEvents = dialect !== 'ollama';
    if (form === 'crlf') connection.rewrite(asText((text) => text.replaceAll('\n', '\r\n')));
    if (form === 'long-event') connection.rewrite(first(silentFrameIn(dialect, longBytes)));
    if (form === 'flood') connection.rewrite(first(silentFrameIn(dialect).repeat(floodFrames)));
    if (!isEvents) return;
    if (form === 'cr') connection.rewrite(asText((text) => text.replaceAll('\n', '\r')));
    if (form === 'filter-down') connection.rewrite(unfiltered);
    if (form === 'multi-line')
      connection.rewrite(asText((text) => text.replaceAll('data: {', 'data: {\ndata: ')));
    if (form === 'no-space')
      connection.rewrite(asText((text) => text.replaceAll(/^(data|event): /gm, '$1:')));
    if (form === 'bom') connection.rewrite(first('\ufeff'));
    if (form === 'unknown-event') connection.rewrite(asText((text) => unknown + text));
    if (form === 'long-comment') connection.rewrite(first(`:${'x'.repeat(longBytes)}\n\n`));
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

/** What Azure adds to a choice whose filter did not work; the answer itself is as good as any. */
const filterDown = {
  error: { code: 'content_filter_error', message: 'The contents are not filtered' },
};

const unfiltered: FrameRewriter = (frame) => {
  const noted = withFields(frame, (told) => {
    const choices: unknown = told['choices'];
    if (Array.isArray(choices))
      return {
        ...told,
        choices: choices.map((it) => ({ ...asFields(it), content_filter_result: filterDown })),
      };
    if (told['response'] === undefined) return undefined;
    const response = { ...asFields(told['response']), content_filters: [filterDown] };
    return { ...told, response };
  });
  return noted && [noted];
};
