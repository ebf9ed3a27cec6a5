/**
 * Backends that a caller names: the one to be asked, and those not to be.
 *
 *     x-spillway-backend: spark      metadata.spillway_pin
 *     x-spillway-not: azure, spare   metadata.spillway_forbid
 *
 * A name that cannot be meant is refused, since a pin that is ignored is an answer from the wrong
 * place. What is named here only narrows the choice: residency and limits hold as ever.
 */

import type { ModelSystem } from '../../system/system.ts';
import { badRequest, wrongValue } from './api-error.ts';
import type { Caller } from './proxy.ts';
import type { Pinning } from './router.ts';

export interface PinInput {
  readonly caller: Pick<Caller, 'pin' | 'forbid'>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly model: ModelSystem;
  /** Every backend there is. */
  readonly backends: readonly string[];
}

/** What header and metadata demand together; throws an `ApiError` for what they cannot. */
export const pinningOf = ({ caller, metadata, model, backends }: PinInput): Pinning => {
  const serving = [...new Set(model.candidates.map(({ backend }) => backend))];
  const pins = [
    ...named('x-spillway-backend', caller.pin, serving),
    ...named('metadata.spillway_pin', metadata['spillway_pin'], serving),
  ];
  const never = [
    ...named('x-spillway-not', caller.forbid, backends),
    ...named('metadata.spillway_forbid', metadata['spillway_forbid'], backends),
  ];
  const [only] = pins;
  if (only === undefined) return { never };
  const other = pins.find((pin) => pin !== only);
  if (other !== undefined) throw contradiction(`pins both '${only}' and '${other}'`);
  if (never.includes(only)) throw contradiction(`both pins and forbids '${only}'`);
  return { only, never };
};

/** The names in a list with commas. */
const named = (
  param: string,
  value: string | undefined,
  allowed: readonly string[],
): readonly string[] => {
  if (value === undefined) return [];
  const names = value.split(',').map((name) => name.trim());
  for (const name of names) if (!allowed.includes(name)) throw wrongValue(param, name, allowed);
  return names;
};

const contradiction = (what: string) =>
  badRequest(`The request ${what}.`, 'metadata', 'invalid_value');
