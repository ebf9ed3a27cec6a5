/**
 * One line of the run log, written and read.
 *
 * A line that was cut, or that another hand has changed, must not crash a report: it is recognised
 * by the shape of its entry and reported as unreadable. The shapes are checked against the entry
 * types by the compiler, so that neither can be changed alone.
 */

import type { LogEntry, Manifest } from './entry.ts';

/** What a field must be; with `?` it may be absent. `endless`: a number, or `null` for infinity. */
type FieldKind = 'string' | 'number' | 'boolean' | 'object' | 'array' | 'endless' | 'usage';
type Field = FieldKind | `${FieldKind}?`;

type ShapeOf<Entry> = { readonly [Key in keyof Entry]-?: Field };
type Shapes = {
  readonly [Kind in LogEntry['kind']]: ShapeOf<Extract<LogEntry, { readonly kind: Kind }>>;
};

const shapes: Shapes = {
  exchange: {
    kind: 'string',
    arm: 'string',
    trace: 'string',
    workload: 'string',
    key: 'string?',
    isLocalOnly: 'boolean',
    session: 'number',
    turn: 'number',
    model: 'string',
    scheduledAt: 'number',
    sentAt: 'number?',
    headersAt: 'number?',
    firstEventAt: 'number?',
    firstTokenAt: 'number?',
    firstTextAt: 'number?',
    lastTokenAt: 'number?',
    lastTextAt: 'number?',
    endedAt: 'number',
    outcome: 'string',
    status: 'number?',
    code: 'string?',
    message: 'string?',
    responseId: 'string?',
    previousResponseId: 'string?',
    backend: 'string?',
    attempts: 'number?',
    usage: 'usage?',
    promptTokens: 'number',
    wantedTokens: 'number?',
    chunks: 'string?',
    textChars: 'number',
    integrity: 'string?',
    isSchemaMet: 'boolean?',
    trial: 'object?',
  },
  attempt: {
    kind: 'string',
    arm: 'string',
    trace: 'string',
    attempt: 'number',
    cause: 'string',
    passedOver: 'string?',
    backend: 'string',
    model: 'string',
    residency: 'string',
    startedAt: 'number',
    headersAt: 'number?',
    firstTokenAt: 'number?',
    endedAt: 'number',
    outcome: 'string',
    reason: 'string?',
    evidence: 'string?',
    tokensReceived: 'number',
    tokensForwarded: 'number',
    usage: 'usage?',
    isUsageEstimated: 'boolean?',
    costUsd: 'number?',
    localPort: 'number?',
  },
  probe: {
    kind: 'string',
    arm: 'string',
    backend: 'string',
    model: 'string?',
    startedAt: 'number',
    endedAt: 'number',
    outcome: 'string',
  },
  circuit: {
    kind: 'string',
    arm: 'string',
    backend: 'string',
    model: 'string?',
    at: 'number',
    to: 'string',
    reason: 'string?',
  },
  fault: {
    kind: 'string',
    arm: 'string',
    fault: 'number',
    what: 'string',
    backend: 'string',
    from: 'number',
    until: 'endless',
    when: 'string?',
    address: 'string?',
  },
  act: {
    kind: 'string',
    arm: 'string',
    fault: 'number',
    what: 'string',
    backend: 'string',
    at: 'number',
    trace: 'string?',
    span: 'string?',
    remotePort: 'number?',
    tokensBefore: 'number?',
  },
  generation: {
    kind: 'string',
    arm: 'string',
    backend: 'string',
    residency: 'string',
    trace: 'string?',
    model: 'string',
    receivedAt: 'number',
    startedAt: 'number?',
    firstTokenAt: 'number?',
    endedAt: 'number',
    outcome: 'string',
    promptTokens: 'number',
    cachedTokens: 'number',
    outputTokens: 'number',
    history: 'string?',
  },
  sample: {
    kind: 'string',
    arm: 'string',
    at: 'number',
    where: 'string',
    utilisationRatio: 'number?',
    loopDelayMsP99: 'number?',
    rssMb: 'number?',
    inFlight: 'number?',
    queued: 'number?',
    running: 'number?',
    breaker: 'string?',
  },
  phase: { kind: 'string', arm: 'string', name: 'string', at: 'number' },
  end: { kind: 'string', at: 'number', why: 'string', message: 'string?' },
};

const manifestShape: ShapeOf<Manifest> = {
  kind: 'string',
  format: 'number',
  spillway: 'string',
  runId: 'string',
  name: 'string',
  question: 'string',
  startedAt: 'string',
  seed: 'number',
  command: 'string',
  arms: 'array',
  description: 'string',
  scenario: 'object?',
  systems: 'object',
  backends: 'array',
  placement: 'string',
  target: 'string?',
  phases: 'object',
  thinkScale: 'number',
  limits: 'object',
  objectives: 'array',
  counterfactuals: 'array',
  prices: 'array',
  economics: 'object',
  definitions: 'array',
  machine: 'object',
  clockResolutionMs: 'number',
  suite: 'object?',
  peers: 'array?',
  plan: 'array',
};

/** Writes one line, without its line end. */
export const encodeLine = (entry: Manifest | LogEntry): string => JSON.stringify(entry);

/** Reads one entry; undefined when the line does not hold one whole. */
export const parseLine = (line: string): LogEntry | undefined => {
  const value = parseJson(line);
  if (!isEntry(value)) return undefined;

  // JSON has no infinity, and the window of an addressed fault has no end.
  return value.kind === 'fault' ? { ...value, until: value.until ?? Infinity } : value;
};

/** Reads the first line; undefined when it does not hold a manifest of this format. */
export const parseManifest = (line: string): Manifest | undefined => {
  const value = parseJson(line);

  return isManifest(value) ? value : undefined;
};

const isEntry = (value: unknown): value is LogEntry => {
  if (!isRecord(value)) return false;
  const { kind } = value;
  return typeof kind === 'string' && isKind(kind) && hasShape(value, shapes[kind]);
};

const isManifest = (value: unknown): value is Manifest =>
  isRecord(value) &&
  value['kind'] === 'manifest' &&
  value['format'] === 1 &&
  hasShape(value, manifestShape);

const isKind = (kind: string): kind is LogEntry['kind'] => Object.hasOwn(shapes, kind);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const hasShape = (value: Record<string, unknown>, shape: Readonly<Record<string, Field>>) =>
  Object.entries(shape).every(([name, field]) =>
    field.endsWith('?') && value[name] === undefined
      ? true
      : isOf(value[name], field.replace('?', '')),
  );

const isOf = (value: unknown, kind: string): boolean => {
  switch (kind) {
    case 'endless':
      return typeof value === 'number' || value === null;
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isRecord(value);
    case 'usage':
      return (
        isRecord(value) &&
        isOf(value['inputTokens'], 'number') &&
        isOf(value['outputTokens'], 'number')
      );
    default:
      return typeof value === kind;
  }
};

const parseJson = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
};
