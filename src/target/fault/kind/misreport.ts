/**
 * What the server says about its answer is untrue: a whole text that is not the sum of its pieces,
 * tokens that were not counted, or counted beyond all reason, or a model that was not asked.
 */

import type { GenerationEvent } from '../../../protocol/generation.ts';
import { asFields, type Fields, type Frame, withFields } from '../frame.ts';
import type { FaultKind } from './kind.ts';

/** The counts of a file that is read as bytes, or of a counter that ran over. */
const absurdTokens = 4_294_967_295;

export const misreport: FaultKind = {
  kind: 'misreport',
  moments: ['mid-stream'],
  afterTokens: 0,
  needs: [],
  may: ['form'],
  forms: ['no-usage', 'zero-usage', 'absurd-usage', 'text', 'model'],
  isFatal: false,
  sees: 'frames',
  describe: ({ form = 'no-usage' }) => `reports something untrue about its answer (${form})`,
  onWire: (connection, { form = 'no-usage' }) =>
    connection.rewrite((frame) => {
      const changed = changedBy(form, frame);
      return changed && [changed];
    }),
  onEvents: (events, { form = 'no-usage' }) => {
    // Events carry no model and no second copy of the text.
    if (form.endsWith('-usage')) events.rewrite((event) => recounted(event, form));
  },
};

const changedBy = (form: string, frame: Frame): Buffer | undefined => {
  if (form === 'text') return withFields(frame, withOtherText);
  if (form === 'model') return withFields(frame, (told) => inBoth(told, withOtherModel));
  return withFields(frame, (told) => inBoth(told, (it) => recount(it, form)));
};

/** Changes the frame's own fields, or those of the response within it. */
const inBoth = (
  told: Fields,
  change: (fields: Fields) => Fields | undefined,
): Fields | undefined => {
  if (told['response'] === undefined) return change(told);
  const response = change(asFields(told['response']));
  return response && { ...told, response };
};

const withOtherModel = (told: Fields): Fields | undefined =>
  typeof told['model'] === 'string' ? { ...told, model: 'another-model' } : undefined;

const withOtherText = (told: Fields): Fields | undefined =>
  told['type'] === 'response.output_text.done'
    ? { ...told, text: 'This was never said.' }
    : undefined;

const countNames = ['prompt_eval_count', 'eval_count'];

const recount = (told: Fields, form: string): Fields | undefined => {
  if (typeof told['usage'] === 'object' && told['usage'] !== null) {
    const { usage, ...rest } = told;
    return form === 'no-usage' ? rest : { ...rest, usage: countsOf(asFields(usage), form) };
  }
  if (!countNames.some((name) => name in told)) return undefined;
  const counts = Object.fromEntries(countNames.map((name) => [name, told[name]]));
  const rest = Object.fromEntries(Object.entries(told).filter(([name]) => !(name in counts)));
  return form === 'no-usage' ? rest : { ...rest, ...countsOf(counts, form) };
};

const countsOf = (counts: Fields, form: string): Fields =>
  Object.fromEntries(
    Object.entries(counts).map(([name, value]) => [
      name,
      typeof value === 'number' ? (form === 'zero-usage' ? 0 : absurdTokens) : value,
    ]),
  );

const recounted = (event: GenerationEvent, form: string): readonly GenerationEvent[] => {
  if (event.kind !== 'usage') return [event];
  if (form === 'no-usage') return [];
  const tokens = form === 'zero-usage' ? 0 : absurdTokens;
  return [{ kind: 'usage', usage: { inputTokens: tokens, outputTokens: tokens } }];
};
