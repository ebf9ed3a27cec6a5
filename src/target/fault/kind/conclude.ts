/**
 * The answer ends before all is said, and says why: its limit, a filter, or a model that will not.
 *
 * Nothing is broken. Whoever falls over here asks another backend a question that was answered.
 */

import type { EndReason, GenerationEvent } from '../../../protocol/generation.ts';
import { conclusionForms, conclusionIn, preambleIn, refusalText } from '../frame.ts';
import type { FaultKind } from './kind.ts';

export const conclude: FaultKind = {
  kind: 'conclude',
  moments: ['mid-stream', 'headers'],
  afterTokens: 1,
  needs: [],
  may: ['form'],
  forms: conclusionForms,
  isFatal: true,
  sees: 'frames',
  describe: ({ form = 'length' }) => `ends its answer early (${form})`,
  onWire: (connection, { form = 'length' }) => {
    const { dialect, isBegun } = connection;
    connection.say((isBegun ? '' : preambleIn(dialect)) + conclusionIn(dialect, form));
    connection.endBody();
  },
  onEvents: (events, { form = 'length' }) => {
    const refusal: GenerationEvent[] =
      form === 'refusal' ? [{ kind: 'refusal', text: refusalText }] : [];
    events.end([...refusal, { kind: 'end', reason: reasonOf(form) }]);
  },
};

const reasonOf = (form: string): EndReason =>
  form === 'length' || form === 'content-filter' ? form : 'stop';
