/**
 * What an engine profile consists of, and the shorthand its measured points are written in.
 */

/** A publication that measurements were taken from. */
export interface Source {
  readonly title: string;
  /** Absent where only a copy without an address could be read. */
  readonly url?: string;
}

/** One published measurement. Rates are tokens per second over the whole batch. */
export interface ProfilePoint {
  /** Sequences at once. */
  readonly batch: number;
  /** Tokens of each prompt that was read, on top of `depthTokens` already there. */
  readonly promptTokens: number;
  readonly depthTokens: number;
  /** Context of each sequence while it decoded. */
  readonly contextTokens: number;
  readonly prefillPerSecond?: number;
  readonly decodePerSecond?: number;
  readonly source: Source;
}

export interface EngineProfile {
  /** `MODEL@ENGINE`. */
  readonly name: string;
  /** The name a client asks Ollama for. */
  readonly tag: string;
  /** Decode step: see `profile.ts` for the formula. Milliseconds. */
  readonly step: {
    readonly a: number;
    readonly w: number;
    readonly k: number;
    readonly E: number;
    readonly b: number;
    readonly c: number;
    readonly h: number;
  };
  readonly prefill: {
    /** Milliseconds per token. */
    readonly p0: number;
    /** More of them per 1000 tokens of depth. */
    readonly p1: number;
    /** Tokens read in one piece, during which neighbours wait. */
    readonly chunkTokens: number;
    /** Before the first chunk: template, tokens, scheduling. */
    readonly overheadMs: number;
  };
  readonly weightsGb: number;
  /** From a cold disk into memory: 2 s and 2.5 GB a second. */
  readonly loadMs: number;
  readonly contextTokensMax: number;
  readonly isThinking: boolean;
  readonly hasTools: boolean;
  readonly hasVision: boolean;
  readonly basis: 'fitted' | 'derived';
  /** Of a derived profile: from what, and between which ratios of it every point was measured. */
  readonly derivation?: {
    readonly from: string;
    readonly lowRatio: number;
    readonly highRatio: number;
  };
  /** No measurement was made with more sequences at once than this. */
  readonly extrapolatedAboveSequences?: number;
  readonly points: readonly ProfilePoint[];
}

/** A point as a row; `undefined` where the source has no usable figure. */
export type PointRow = readonly [
  batch: number,
  promptTokens: number,
  depthTokens: number,
  contextTokens: number,
  prefillPerSecond: number | undefined,
  decodePerSecond: number | undefined,
];

/** Points of one source, out of rows. */
export const pointsOf = (source: Source, rows: readonly PointRow[]): readonly ProfilePoint[] =>
  rows.map(([batch, promptTokens, depthTokens, contextTokens, prefill, decode]) => ({
    batch,
    promptTokens,
    depthTokens,
    contextTokens,
    ...(prefill !== undefined && { prefillPerSecond: prefill }),
    ...(decode !== undefined && { decodePerSecond: decode }),
    source,
  }));

/** 2 s, then 2.5 GB a second: what a current kernel reaches without mmap. */
export const loadMsOf = (weightsGb: number): number => 2000 + (weightsGb / 2.5) * 1000;
