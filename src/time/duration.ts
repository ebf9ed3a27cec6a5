/**
 * Durations as people write them: `300 ms`, `60 s`, `5 min`, `2 h`.
 */

import Type from 'typebox';

/** What a duration looks like, for a JSON Schema. */
export const durationPattern = String.raw`^\s*\d+(\.\d+)?\s*(ms|s|min|h)\s*$`;

/** A duration in a file: text with its unit. Only nothing needs none; 10 could be anything. */
export const durationSchema = Type.Union(
  [Type.String({ pattern: durationPattern }), Type.Literal(0)],
  {
    description: 'A duration with its unit, such as `300 ms`, `60 s` or `5 min`',
    expected: 'a duration such as 300 ms, 60 s or 5 min',
  },
);

const shape = new RegExp(durationPattern);

const msPer: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000 };

/** Reads a duration in milliseconds; a bare number already is one. Undefined for anything else. */
export const parseDuration = (written: string | number): number | undefined => {
  if (typeof written === 'number')
    return Number.isFinite(written) && written >= 0 ? written : undefined;
  const [, , unit] = shape.exec(written) ?? [];
  const factor = msPer[unit ?? ''];

  return factor === undefined ? undefined : Number.parseFloat(written) * factor;
};
