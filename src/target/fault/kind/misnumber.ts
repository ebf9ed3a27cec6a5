/**
 * The events of a Responses stream are numbered wrongly: the same one twice, two in the wrong
 * order, at another place of the output, or in an item that was never begun.
 *
 * The other dialects number nothing, and are left alone.
 */

import { asFields, fieldsIn, type Frame, withFields } from '../frame.ts';
import type { FaultKind, FrameRewriter } from './kind.ts';

export const misnumber: FaultKind = {
  kind: 'misnumber',
  moments: ['mid-stream'],
  afterTokens: 0,
  needs: [],
  may: ['form'],
  forms: ['twice', 'order', 'place', 'orphan'],
  isFatal: false,
  sees: 'frames',
  describe: ({ form = 'twice' }) => `numbers its events wrongly (${form})`,
  onWire: (connection, { form = 'twice' }) => {
    if (connection.dialect !== 'responses') return;
    if (form === 'twice') connection.rewrite(twice());
    else if (form === 'order') connection.rewrite(swapped());
    else if (form === 'place') connection.rewrite(misplaced);
    else connection.rewrite(orphaned);
  },
  onEvents: () => {
    // A copy is dropped, an order mended, and a place not asked for: events cannot tell.
  },
};

/** Says the next token once more, with its number. */
const twice = (): FrameRewriter => {
  let isDone = false;
  return ({ bytes, isToken }) => {
    if (isDone || !isToken) return undefined;
    isDone = true;
    return [bytes, bytes];
  };
};

/** Holds the next token back until the one after it has been said. */
const swapped = (): FrameRewriter => {
  let held: Buffer | undefined;
  let isDone = false;
  return ({ bytes, isToken }) => {
    if (isDone) return undefined;
    if (held === undefined) {
      if (isToken) held = bytes;
      return isToken ? [] : undefined;
    }
    isDone = true;
    return isToken ? [bytes, held] : [held, bytes];
  };
};

const misplaced: FrameRewriter = (frame) => {
  const moved = withFields(frame, (told) => {
    const at = told['output_index'];
    return frame.isToken && typeof at === 'number' ? { ...told, output_index: at + 1 } : undefined;
  });
  return moved && [moved];
};

/** Leaves out what begins an item and its parts, of messages: a tool call has its name there. */
const orphaned = (frame: Frame): readonly Buffer[] | undefined => {
  const told = fieldsIn(frame);
  const isItem =
    told['type'] === 'response.output_item.added' && asFields(told['item'])['type'] === 'message';
  return isItem || told['type'] === 'response.content_part.added' ? [] : undefined;
};
