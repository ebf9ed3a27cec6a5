/** What a language has to say about findings. */

import type { FactKind, FactOf, Level, Step } from '../finding.ts';

export type Language = 'en' | 'ja';

/** A finding in words: what was found and, unless all is well, what to do. */
export interface Saying {
  readonly what: string;
  readonly todo?: string;
}

export type Sayings = { readonly [K in FactKind]: (fact: FactOf<K>) => Saying };

export interface DiagnosisWords {
  readonly level: Readonly<Record<Level, string>>;
  readonly step: Readonly<Record<Step, string>>;
  readonly residency: Readonly<Record<'local' | 'cloud', string>>;
  readonly reachable: string;
  readonly unreachable: string;
  readonly sayings: Sayings;
  /** Said after a connection request stayed without an answer. */
  readonly whereItStops: (lines: CaptureLines) => readonly string[];
}

/** Words a fact. */
export const say = <K extends FactKind>(
  { sayings }: { readonly sayings: { readonly [P in K]: (fact: FactOf<P>) => Saying } },
  fact: FactOf<K>,
): Saying => sayings[fact.kind](fact);

/** The two commands that show where a packet is lost. */
export interface CaptureLines {
  readonly here: string;
  readonly there: string;
  readonly port: number;
}

/** Commands to watch the first packets of a connection, on this machine and on the box. */
export const captureLines = (address: string, port: number): CaptureLines => ({
  here: `sudo tcpdump -ni any 'host ${address} and tcp port ${port}'`,
  there: `sudo tcpdump -ni any 'tcp port ${port} and tcp[tcpflags] & (tcp-syn|tcp-rst) != 0'`,
  port,
});
