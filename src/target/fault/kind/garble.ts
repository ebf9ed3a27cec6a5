/**
 * One frame is not what the wire promises: its JSON is cut short, its text holds bytes that are no
 * UTF-8, or the chunk it comes in has no size.
 */

import type { FaultWords } from '../fault.ts';
import type { Frame } from '../frame.ts';
import type { FaultKind } from './kind.ts';

export const garble: FaultKind = {
  kind: 'garble',
  moments: ['mid-stream'],
  afterTokens: 1,
  needs: [],
  may: ['form'],
  forms: ['json', 'utf8', 'chunk'],
  isFatal: false,
  sees: 'frames',
  describe: ({ form = 'json' }) => `garbles ${form === 'chunk' ? 'the size of a chunk' : form}`,
  onWire: (connection, words) => {
    if (words.form === 'chunk') connection.breakFraming('zz\r\n');
    else connection.rewrite(once(words));
  },
  onEvents: (events, { form = 'json' }) => {
    // Text with a replaced character is still text: whether it is looked at is the adapter's
    // affair.
    if (form !== 'utf8')
      events.fail({ reason: 'garbled', evidence: 'soft', message: 'expected JSON' });
  },
};

/** Garbles the next token, and no other. */
const once = ({ form = 'json' }: FaultWords): ((frame: Frame) => readonly Buffer[] | undefined) => {
  let isDone = false;
  return ({ bytes, isToken }) => {
    if (isDone || !isToken) return undefined;
    isDone = true;
    return [form === 'utf8' ? withBadText(bytes) : withCutJson(bytes)];
  };
};

/** Leaves the last half of the JSON out, and the end of the frame in. */
const withCutJson = (bytes: Buffer): Buffer => {
  const text = bytes.toString();
  const end = /[\r\n]*$/.exec(text)?.[0] ?? '';
  const openAt = text.indexOf('{');
  const cutAt = openAt + Math.floor((text.length - end.length - openAt) / 2);
  return Buffer.from(text.slice(0, cutAt) + end);
};

/**
 * Ends the token's text in the first two of a character's three bytes, and one that begins none.
 */
const withBadText = (bytes: Buffer): Buffer => {
  const field = ['"delta":"', '"content":"', '"text":"', '"thinking":"']
    .map((name) => [bytes.indexOf(name), name.length] as const)
    .find(([at]) => at >= 0);
  const at = field === undefined ? bytes.indexOf('{') + 1 : field[0] + field[1];
  return Buffer.concat([
    bytes.subarray(0, at),
    Buffer.from([0xe3, 0x81, 0xff]),
    bytes.subarray(at),
  ]);
};
