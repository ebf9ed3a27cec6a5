/**
 * Something is said twice: the whole end after the end, a token, or the beginning of the answer.
 *
 * After `end` a reader must ignore what comes; a repeated `token` cannot be told from one the model
 * meant; a second `start` is what a server sends that has tried again inside.
 */

import { isTerminal, preambleIn } from '../frame.ts';
import type { FaultKind, FrameRewriter } from './kind.ts';

export const repeat: FaultKind = {
  kind: 'repeat',
  moments: ['mid-stream'],
  afterTokens: 1,
  needs: [],
  may: ['form'],
  forms: ['end', 'token', 'start'],
  isFatal: false,
  sees: 'frames',
  describe: ({ form = 'end' }) => `says its ${form} twice`,
  onWire: (connection, { form = 'end' }) => {
    if (form === 'start') connection.say(preambleIn(connection.dialect));
    else if (form === 'token') connection.say(connection.lastToken);
    else connection.rewrite(afterTheEnd(() => connection.lastToken));
  },
  onEvents: (events, { form = 'end' }) => {
    if (form === 'end')
      events.rewrite((event) =>
        event.kind === 'end' ? [event, { kind: 'text', text: 'after the end' }, event] : [event],
      );
    // A beginning before anything was said is passed over; after it nobody knows what still holds.
    if (form === 'start' && events.lastToken)
      events.fail({ reason: 'garbled', evidence: 'soft', message: 'the answer began twice' });
    if (form === 'token') {
      let isDone = false;
      events.rewrite((event) => {
        const isFirst = event.kind === 'text' && !isDone;
        isDone ||= isFirst;
        return isFirst ? [event, event] : [event];
      });
    }
  },
};

/** Says the last token and the terminal event once more after it. */
const afterTheEnd =
  (lastToken: () => string): FrameRewriter =>
  (frame) =>
    isTerminal(frame) ? [frame.bytes, Buffer.from(lastToken()), frame.bytes] : undefined;
