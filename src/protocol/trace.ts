/**
 * Trace ids that say whose turn it is.
 *
 * The load client names each exchange with a W3C trace id, which the proxy hands on to whatever
 * backend it asks. Workload, session and turn are written into the id, so that a fault shim can
 * recognise the turn it was told to break, and a simulated backend can tell what it received,
 * without either being told anything else.
 *
 *     5b11 | arm 2 | workload 2 | session 8 | turn 4 | salt 12        hexadecimal digits
 *
 * https://www.w3.org/TR/trace-context/#traceparent-header
 */

export interface TraceParts {
  /** Index of the arm in the run, from 0. */
  readonly arm: number;
  /** Index of the workload in the scenario, from 0. */
  readonly workload: number;
  /** From 1. */
  readonly session: number;
  /** From 1. */
  readonly turn: number;
}

const mark = '5b11';

/** Writes a trace id of 32 hexadecimal digits; `salt` is any text of 12 of them. */
export const traceId = (parts: TraceParts, salt: string): string =>
  mark +
  hex(parts.arm, 2) +
  hex(parts.workload, 2) +
  hex(parts.session, 8) +
  hex(parts.turn, 4) +
  salt.slice(0, 12).padEnd(12, '0');

/** Reads a trace id that the load client wrote; undefined for any other. */
export const readTrace = (trace: string): TraceParts | undefined =>
  /^5b11[0-9a-f]{28}$/.test(trace)
    ? {
        arm: Number.parseInt(trace.slice(4, 6), 16),
        workload: Number.parseInt(trace.slice(6, 8), 16),
        session: Number.parseInt(trace.slice(8, 16), 16),
        turn: Number.parseInt(trace.slice(16, 20), 16),
      }
    : undefined;

/** The header for one hop: `span` is 16 hexadecimal digits. */
export const traceparent = (trace: string, span: string): string => `00-${trace}-${span}-01`;

/** Trace and span of a `traceparent` header; undefined when it is absent or malformed. */
export const readTraceparent = (
  header: string | undefined,
): { readonly trace: string; readonly span: string } | undefined => {
  const match = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/.exec(header ?? '');
  return match?.[1] && match[2] ? { trace: match[1], span: match[2] } : undefined;
};

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
