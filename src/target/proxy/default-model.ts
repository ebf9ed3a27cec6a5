/** The model of a request that names none, where the system file has one for it. */

import { asRecord } from './json.ts';

/** The body with a model in it, if it may have one. */
export const withDefaultModel = (body: unknown, model: string | undefined): unknown => {
  const fields = asRecord(body);
  if (model === undefined || !fields) return body;
  const named = fields['model'];
  return named === undefined || named === null ? { ...fields, model } : body;
};
