/**
 * What a look at a backend can find, step by step on the way to it.
 *
 *     dns ─▶ tcp ─▶ (proxy) ─▶ tls ─▶ http ─▶ version ─▶ models ─▶ memory ─▶ gpu ─▶ context
 *
 * A finding holds facts, not sentences: they are worded elsewhere, in the reader's language.
 */

export type Level = 'ok' | 'warn' | 'bad';

export type Step =
  | 'dns'
  | 'tcp'
  | 'proxy'
  | 'tls'
  | 'http'
  | 'version'
  | 'models'
  | 'memory'
  | 'gpu'
  | 'context'
  | 'ssh'
  | 'driver'
  | 'service'
  | 'packages';

/** A step without which nothing further can be reached. */
export const pathSteps: readonly Step[] = ['dns', 'tcp', 'proxy', 'tls', 'http'];

/** What each kind of finding knows. The last ones come from the box itself, over ssh. */
export interface FactTable {
  readonly simulated: object;
  readonly resolved: { readonly addresses: readonly string[] };
  readonly 'unknown-host': { readonly host: string };
  readonly 'dns-silent': { readonly host: string; readonly waitedMs: number };
  readonly 'dns-failed': { readonly host: string; readonly code: string };
  readonly connected: { readonly address: string; readonly port: number };
  readonly refused: { readonly host: string; readonly port: number };
  readonly silent: {
    readonly host: string;
    readonly address: string;
    readonly port: number;
    readonly waitedMs: number;
  };
  readonly unroutable: { readonly host: string; readonly code: string };
  readonly tunnelled: { readonly proxy: string };
  readonly 'tunnel-refused': {
    readonly proxy: string;
    readonly target: string;
    /** 0 when it said nothing of HTTP. */
    readonly status: number;
  };
  readonly 'tunnel-broken': { readonly proxy: string; readonly message: string };
  readonly certified: { readonly name: string; readonly issuer: string; readonly daysLeft: number };
  readonly expired: { readonly daysAgo: number };
  readonly 'wrong-name': { readonly host: string; readonly names: string };
  readonly untrusted: { readonly issuer: string; readonly code: string };
  readonly 'tls-silent': { readonly host: string; readonly waitedMs: number };
  readonly 'tls-broken': { readonly message: string };
  readonly answered: { readonly status: number };
  readonly 'http-silent': { readonly waitedMs: number };
  readonly 'http-broken': { readonly message: string };
  readonly unauthorized: { readonly status: number; readonly hasKey: boolean };
  readonly 'token-not-tried': object;
  readonly 'no-api': { readonly status: number; readonly path: string };
  readonly 'rate-limited': object;
  readonly gateway: { readonly status: number };
  readonly 'bad-status': { readonly status: number };
  readonly keyless: { readonly host: string };
  readonly ollama: { readonly version: string };
  readonly spillway: { readonly version: string };
  readonly 'not-ollama': object;
  readonly 'has-models': { readonly models: readonly string[] };
  readonly 'lacks-model': { readonly model: string; readonly isOllama: boolean };
  readonly 'remote-model': { readonly model: string; readonly host: string };
  readonly loaded: { readonly models: readonly string[] };
  readonly 'not-loaded': { readonly models: readonly string[] };
  readonly 'on-gpu': { readonly model: string; readonly ratio: number };
  readonly window: { readonly model: string; readonly tokens: number };
  readonly 'other-window': {
    readonly model: string;
    readonly tokens: number;
    readonly numCtx: number;
  };
  readonly 'ssh-absent': object;
  readonly 'ssh-failed': { readonly host: string; readonly message: string };
  readonly absent: { readonly command: string };
  readonly 'command-silent': { readonly command: string; readonly waitedMs: number };
  readonly 'command-failed': { readonly command: string; readonly message: string };
  readonly 'gpu-seen': { readonly name: string; readonly driver: string };
  readonly 'driver-mismatch': object;
  readonly 'driver-dead': { readonly message: string };
  readonly service: { readonly state: string; readonly lines: readonly string[] };
  readonly 'packages-fine': object;
  readonly 'signature-expired': { readonly lines: readonly string[] };
  readonly 'free-memory': { readonly availableMb: number; readonly totalMb: number };
}

export type FactKind = keyof FactTable;

export type FactOf<K extends FactKind = FactKind> = {
  [P in K]: { readonly kind: P } & FactTable[P];
}[K];

export type Fact = FactOf;

/** Where Ollama listens, unless it is told otherwise. */
export const ollamaPort = 11_434;

/** Free memory below which the box itself begins to suffer: GPU and CPU share it. */
export const lowMemoryMb = 4096;

/** A certificate that has not renewed itself by then will not: Let's Encrypt does so at 30 days. */
export const daysLeftMin = 14;

export interface Finding {
  readonly step: Step;
  readonly level: Level;
  readonly fact: Fact;
  readonly tookMs?: number;
}

/** The worst of several levels. */
export const worst = (levels: readonly Level[]): Level => {
  if (levels.includes('bad')) return 'bad';
  return levels.includes('warn') ? 'warn' : 'ok';
};

/** One address of a backend and what was found on the way to it. */
export interface AddressDiagnosis {
  readonly url: string;
  readonly isReachable: boolean;
  readonly findings: readonly Finding[];
}

export interface BackendDiagnosis {
  readonly backend: string;
  readonly kind: string;
  readonly residency: 'local' | 'cloud';
  /** One address that can be reached is enough. */
  readonly isReachable: boolean;
  readonly level: Level;
  readonly addresses: readonly AddressDiagnosis[];
}
