/**
 * What each request is let do, what it used, and where that is written down.
 *
 *     key's limits ──▶ request ──▶ attempts: tokens, money ──▶ ledger ──▶ terminal event
 *                                        └── money at the cloud ──▶ the key's budget
 *
 * Usage is written before the answer's last event is sent, so a process that dies later has lost
 * none. What cannot be written is kept and written with the next.
 */

import type { Attempt } from '../../log/entry.ts';
import type { KeySystem } from '../../system/system.ts';
import { covers, modelFor } from '../../system/model-name.ts';
import { within } from '../../time/clock.ts';
import { modelNotFound, rateLimited, serverError } from './api-error.ts';
import { isLoopback } from './authentication.ts';
import { KeyLimit, dayOf, monthOf } from './key-limit.ts';
import type { Caller, ProxyParts } from './proxy.ts';
import type { Charge } from './rate-window.ts';
import {
  type UsageAmounts,
  type UsageLedger,
  type UsageQuery,
  type UsageRow,
  groupedUsage,
  memoryLedger,
  nothingUsed,
  sumOfUsage,
  usageDimensions,
} from './usage-ledger.ts';

/** How a request ended. Leaving is nobody's failure. */
export type Outcome = 'answered' | 'failed' | 'left';

const ledgerMsMax = 5000;
/** Rows are kept for good, and what a pattern covers are names that clients may invent. */
const inventedNamesMax = 500;

type MeterParts = Pick<ProxyParts, 'clock' | 'system' | 'ledger' | 'worthOf'>;

/** The limits of all keys, and the one ledger. */
export class Metering {
  #parts: MeterParts;
  readonly #ledger: UsageLedger;
  #keys: ReadonlyMap<string, KeySystem>;
  #limits: ReadonlyMap<string, KeyLimit>;
  /** Those whose budgets do not know yet what this month has cost so far. */
  readonly #unrestored: Set<KeyLimit>;
  #restored: Promise<void> | undefined;
  #unwritten: readonly UsageRow[] = [];
  readonly #inventedNames = new Set<string>();

  constructor(parts: MeterParts) {
    this.#parts = parts;
    this.#ledger = parts.ledger ?? memoryLedger();
    const { keys } = parts.system;
    this.#keys = new Map(keys.map((key) => [key.name, key]));
    this.#limits = new Map(keys.map((key) => [key.name, new KeyLimit(key)]));
    this.#unrestored = new Set(this.#limits.values());
  }

  /** Goes on with other keys; one whose rules are the same keeps its counts. */
  adopt(system: MeterParts['system']): void {
    const limits = new Map<string, KeyLimit>();
    for (const key of system.keys) {
      const before = this.#limits.get(key.name);
      const limit = before?.isFor(key) === true ? before : new KeyLimit(key);
      if (limit !== before) this.#unrestored.add(limit);
      limits.set(key.name, limit);
    }
    this.#parts = { ...this.#parts, system };
    this.#keys = new Map(system.keys.map((key) => [key.name, key]));
    this.#limits = limits;
  }

  /** Lets a request of a key in; throws an `ApiError` of 429, or of 400 for a model not its own. */
  async enter(model: string, caller: Caller): Promise<RequestMeter> {
    if (!this.mayUse(caller.name, model)) throw modelNotFound(model);
    const { clock } = this.#parts;
    const limit = this.#limits.get(caller.name);
    if (limit?.hasBudget && this.#unrestored.has(limit)) {
      this.#restored ??= this.#restore().finally(() => {
        this.#restored = undefined;
      });
      await this.#restored;
    }
    const refusal = limit?.enter(clock.now());
    if (limit && refusal) throw rateLimited(refusal, limit.headers(clock.now()));
    return new RequestMeter({
      clock,
      limit,
      write: (rows) => this.#write(rows),
      key: caller.name,
      model: this.#countedAs(model),
      worthOf: this.#parts.worthOf ?? (() => ({})),
    });
  }

  /** The name that usage is told under: its own, or the pattern's where there are too many. */
  #countedAs(model: string): string {
    const served = modelFor(this.#parts.system.models, model)?.name ?? model;
    if (served === model || this.#inventedNames.has(model)) return model;
    if (this.#inventedNames.size >= inventedNamesMax) return served;
    this.#inventedNames.add(model);
    return model;
  }

  /** Whether the key may ask for the model. */
  mayUse(name: string, model: string): boolean {
    return this.#keys.get(name)?.models?.some((it) => covers(it, model)) ?? true;
  }

  /** Whether the key sees everybody's usage; so does whoever sits before an open proxy. */
  isAdmin(name: string): boolean {
    const { listen } = this.#parts.system;
    if (this.#keys.size === 0) return isLoopback(listen.host);
    return this.#keys.get(name)?.role === 'admin';
  }

  /** The rows of the ledger, with what could not be written yet. */
  async usage(query: UsageQuery): Promise<readonly UsageRow[]> {
    const written = await this.#ledger.rows(query);
    const waiting = this.#unwritten.filter(
      ({ day, key }) =>
        day >= query.from && day <= query.to && (query.key === undefined || key === query.key),
    );
    return groupedUsage([...written, ...waiting], usageDimensions);
  }

  async #restore(): Promise<void> {
    const wall = this.#parts.clock.wall();
    const restored = new Set(this.#unrestored);
    const query = { from: `${monthOf(wall)}-01`, to: dayOf(wall) };
    const { clock } = this.#parts;
    const reading = within(clock, ledgerMsMax, 'reading usage', this.#ledger.rows(query));
    const rows = await reading.catch(() => {
      // A budget that cannot be known is not taken for an unspent one.
      throw serverError('What this key has spent could not be read, and it has a budget.');
    });
    for (const { key, costUsd } of rows) {
      const limit = this.#limits.get(key);
      if (limit && restored.has(limit)) limit.spend(costUsd, wall);
    }
    for (const limit of restored) this.#unrestored.delete(limit);
  }

  async #write(rows: readonly UsageRow[]): Promise<void> {
    const all = this.#unwritten.length === 0 ? rows : [...this.#unwritten, ...rows];
    this.#unwritten = [];
    const { clock } = this.#parts;
    await within(clock, ledgerMsMax, 'writing usage', this.#ledger.add(all)).catch(() => {
      this.#unwritten = groupedUsage([...this.#unwritten, ...all], usageDimensions);
    });
  }
}

interface RequestMeterInput {
  readonly clock: ProxyParts['clock'];
  readonly limit: KeyLimit | undefined;
  readonly write: (rows: readonly UsageRow[]) => Promise<void>;
  readonly key: string;
  readonly model: string;
  readonly worthOf: NonNullable<ProxyParts['worthOf']>;
}

/** One request's own account. */
export class RequestMeter {
  readonly #input: RequestMeterInput;
  #rows: readonly UsageRow[] = [];
  #backend = '';
  #usedTokens = 0;
  #charge: Charge | undefined;
  #heldUsd = 0;
  #isWritten = false;

  constructor(input: RequestMeterInput) {
    this.#input = input;
  }

  get limit(): KeyLimit | undefined {
    return this.#input.limit;
  }

  /** What is left of the key's limits, for the head of the answer. */
  get headers(): Readonly<Record<string, string>> {
    return this.limit?.headers(this.#input.clock.now()) ?? {};
  }

  /** Sets tokens aside, where they are limited; throws an `ApiError` of 429. */
  reserve(tokensOf: () => number): void {
    const { limit } = this;
    if (!limit?.countsTokens) return;
    const now = this.#input.clock.now();
    const reserved = limit.reserve(tokensOf(), now);
    if (reserved && 'kind' in reserved) throw rateLimited(reserved, limit.headers(now));
    this.#charge = reserved;
  }

  /** Sets aside what the next attempt is likely to cost, until it has been counted. */
  hold(usd: number): void {
    this.limit?.hold(usd - this.#heldUsd);
    this.#heldUsd = usd;
  }

  /** Counts an attempt that is over. */
  count({ backend, residency, outcome, usage, costUsd }: Omit<Attempt, 'arm'>): void {
    this.hold(0);
    const isCloud = residency === 'cloud';
    this.#backend = backend;
    this.#usedTokens += (usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0);
    if (isCloud && costUsd !== undefined) this.limit?.spend(costUsd, this.#input.clock.wall());
    this.#add({
      attempts: 1,
      inputTokens: usage?.inputTokens ?? 0,
      cachedInputTokens: usage?.cachedInputTokens ?? 0,
      outputTokens: usage?.outputTokens ?? 0,
      costUsd: isCloud ? (costUsd ?? 0) : 0,
      unpricedAttempts: isCloud && usage && costUsd === undefined ? 1 : 0,
      counterfactualUsd: usage && outcome === 'served' ? this.#input.worthOf(usage) : {},
    });
  }

  /** Writes everything down; told before the client is told that it is over. */
  async write(outcome: Outcome): Promise<void> {
    if (this.#isWritten) return;
    this.#isWritten = true;
    this.#add({ requests: 1, failedRequests: outcome === 'failed' ? 1 : 0 });
    await this.#input.write(this.#rows);
  }

  /** Gives back what the request held of its key's limits. */
  leave(): void {
    this.hold(0);
    if (this.#charge) this.limit?.settle(this.#charge, this.#usedTokens);
    this.limit?.leave();
  }

  #add(amounts: Partial<UsageAmounts>): void {
    const { clock, key, model } = this.#input;
    const place = { day: dayOf(clock.wall()), key, model, backend: this.#backend };
    const added = { ...place, ...nothingUsed, ...amounts };
    const last = this.#rows.at(-1);
    // Most requests are one attempt and one row.
    const isSame = last?.backend === place.backend && last.day === place.day;
    if (isSame) this.#rows = [...this.#rows.slice(0, -1), { ...place, ...sumOfUsage(last, added) }];
    else this.#rows = [...this.#rows, added];
  }
}
