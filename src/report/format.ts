/**
 * Numbers as people read them.
 *
 * Durations are in milliseconds below 10 s and in seconds from there; shares become per cent here
 * and nowhere else. Three significant digits are enough for anything a run can measure. Grouping
 * and the decimal point are the same in both languages, so that no locale data takes part.
 */

/** A plain number: up to three significant digits below 1000, grouped digits from there. */
export const decimal = (value: number): string => {
  if (!Number.isFinite(value)) return value > 0 ? '∞' : value < 0 ? '−∞' : '–';
  const size = Math.abs(value);
  const digits = size === 0 || size >= 100 ? 0 : Math.min(6, 2 - Math.floor(Math.log10(size)));
  const rounded = Number.isInteger(value) ? value.toFixed(0) : trimZeros(value.toFixed(digits));
  return rounded.replace(/^-/, '−').replace(/^(−?)(\d+)/, (_, sign: string, whole: string) => {
    return sign + whole.replace(/\B(?=(\d{3})+$)/g, ',');
  });
};

const trimZeros = (text: string): string =>
  text.includes('.') ? text.replace(/0+$/, '').replace(/\.$/, '') : text;

/** A duration given in milliseconds. */
export const milliseconds = (value: number): string => {
  const size = Math.abs(value);
  if (size >= 10_000) return `${decimal(Math.round(value / 100) / 10)} s`;
  if (size >= 100) return `${decimal(Math.round(value))} ms`;
  return `${decimal(value)} ms`;
};

/**
 * A ratio from 0 to 1, as per cent. What is nearly nothing, or nearly all, is not said to be so: an
 * upper bound of 0.042 % is what many samples are taken for.
 */
export const percent = (ratio: number): string => {
  const rest = Math.min(ratio, 1 - ratio) * 100;
  if (rest <= 0 || rest >= 0.05) return `${decimal(Math.round(ratio * 1000) / 10)} %`;
  const digits = Math.min(6, 1 - Math.floor(Math.log10(rest)));
  return `${trimZeros((ratio * 100).toFixed(digits))} %`;
};

/** US dollars; small amounts keep three significant digits. */
export const dollars = (value: number): string =>
  Math.abs(value) >= 100 || value === 0
    ? `$${decimal(Math.round(value * 100) / 100)}`
    : `$${decimal(value)}`;

/** Yen; small amounts keep three significant digits. */
export const yen = (value: number): string => `¥${decimal(value)}`;

/** A value with its unit, as the metric table names units; `names` says them in a language. */
export const quantity = (
  value: number,
  unit: string,
  names: Readonly<Record<string, string>> = {},
): string => {
  switch (unit) {
    case 'ms':
      return milliseconds(value);
    case 'ratio':
      return percent(value);
    case 'USD':
      return dollars(value);
    case 'JPY':
      return yen(value);
    case 'count':
      return decimal(value);
    default:
      return `${decimal(value)} ${names[unit] ?? unit}`;
  }
};

/** Two ends of an interval; the unit is said once where both ends share it. */
export const span = (
  interval: readonly [number, number],
  unit: string,
  names: Readonly<Record<string, string>> = {},
): string => {
  const low = quantity(interval[0], unit, names);
  const high = quantity(interval[1], unit, names);
  const lowUnit = low.split(' ')[1];
  if (lowUnit !== undefined && high.endsWith(` ${lowUnit}`))
    return `${low.slice(0, -lowUnit.length - 1)}–${high}`;
  return `${low}–${high}`;
};
