/**
 * Everything about the proxy that one can look at, and the routes to it.
 *
 *     attempts, requests ──▶ journal ──▶ metrics · failovers · log
 *     /health /ready                   for those who watch processes; without a key
 *     /diagnostics /diagnostics.json   for people and programs ─┐ with a key, where there are keys
 *     /metrics                         for Prometheus          ─┘
 *
 * A browser sends the key as the password of its own dialogue (HTTP Basic), under any name. A key
 * in the address would end up in histories and logs, so that is not offered.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

import type { Language } from '../../../diagnosis/word/language.ts';
import { diagnosisWords } from '../../../diagnosis/word/catalogue.ts';
import { wordedBackend } from '../../../diagnosis/word/worded.ts';
import type { System } from '../../../system/system.ts';
import { type Clock, within } from '../../../time/clock.ts';
import { ApiError } from '../api-error.ts';
import { type Authentication, keyAuthentication } from '../authentication.ts';
import type { StateStore } from '../proxy.ts';
import type { ProxyHealth } from '../respond.ts';
import type { UsageLedger } from '../usage-ledger.ts';
import { type DiagnosticsParts, diagnostics } from './diagnostics.ts';
import { FailoverList } from './failover-list.ts';
import { Journal, type JournalReader } from './journal.ts';
import { ProxyMetrics } from './metrics.ts';
import { contentSecurityPolicy } from './page-asset.ts';
import { diagnosticsPage } from './page.ts';
import { Reachability } from './reachability.ts';

export interface ObservatoryParts {
  readonly system: System;
  readonly clock: Clock;
  readonly version: string;
  readonly health: () => ProxyHealth;
  readonly store: Pick<StateStore, 'get' | 'check'>;
  readonly ledger: Pick<UsageLedger, 'rows'>;
  readonly requestLog?: JournalReader;
}

/** How long the state may take to show that it works. */
const storeMsMax = 1000;

export class Observatory {
  readonly journal: Journal;
  #parts: ObservatoryParts;
  readonly #openedAt: number;
  readonly #metrics: ProxyMetrics;
  readonly #failovers = new FailoverList();
  #reachability: Reachability;
  #authenticate: Authentication;

  constructor(parts: ObservatoryParts) {
    const { system, clock, requestLog } = parts;
    this.#parts = parts;
    this.#openedAt = clock.now();
    this.#metrics = new ProxyMetrics(parts);
    this.#reachability = new Reachability(parts);
    this.#authenticate = keyAuthentication(system.keys);
    const readers = [this.#metrics, this.#failovers, ...(requestLog ? [requestLog] : [])];
    this.journal = new Journal(clock, readers);
  }

  /** Goes on with another file. */
  adopt(system: System): void {
    this.#parts = { ...this.#parts, system };
    this.#authenticate = keyAuthentication(system.keys);
    this.#reachability.close();
    this.#reachability = new Reachability(this.#parts);
    this.#metrics.adopt(system);
  }

  close(): void {
    this.#reachability.close();
  }

  /** Adds the routes. */
  install(app: FastifyInstance, isDraining: () => boolean): void {
    const { version } = this.#parts;
    app.addHook('onError', async ({ id, method, url }, _reply, error) => {
      const status = error instanceof ApiError ? error.status : (error.statusCode ?? 500);
      this.journal.refuse({ requestId: id, method, path: url.replace(/\?.*$/, ''), status });
    });
    app.get('/health', (_request, reply) =>
      reply
        .header('cache-control', 'no-store')
        .send({ status: 'ok', service: 'spillway', version }),
    );
    app.get('/ready', async (_request, reply) => {
      const reasons = await this.#obstacles(isDraining());
      const status = reasons.length === 0 ? 'ready' : 'not-ready';
      void reply.header('cache-control', 'no-store');
      return reply.code(reasons.length === 0 ? 200 : 503).send({ status, reasons });
    });
    app.get('/diagnostics', async (request, reply) => {
      this.#enter(request, reply);
      const view = await diagnostics(this.#viewParts(isDraining));
      const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
      const page = diagnosticsPage(view, { language: languageOf(request), timeZone });
      return reply
        .headers({ ...pageHeaders, 'content-type': 'text/html; charset=utf-8' })
        .send(page);
    });
    app.get('/diagnostics.json', async (request, reply) => {
      this.#enter(request, reply);
      const view = await diagnostics(this.#viewParts(isDraining));
      const words = diagnosisWords[languageOf(request)];
      const backends = view.backends.map((backend) => ({
        ...backend,
        ...(backend.reach && { reach: wordedBackend(backend.reach, words) }),
      }));
      return reply.header('cache-control', 'no-store').send({ ...view, backends });
    });
    app.get('/metrics', async (request, reply) => {
      if (this.#parts.system.metrics !== 'open') this.#enter(request, reply);
      return reply
        .header('content-type', this.#metrics.contentType)
        .send(await this.#metrics.text());
    });
  }

  #viewParts(isDraining: () => boolean): DiagnosticsParts {
    return {
      ...this.#parts,
      openedAt: this.#openedAt,
      isDraining,
      stateProblem: () => this.#stateProblem(),
      failovers: this.#failovers,
      reachability: this.#reachability,
    };
  }

  /** Throws unless the one who asks may look. */
  #enter({ headers }: FastifyRequest, reply: FastifyReply): void {
    try {
      const { name } = this.#authenticate(asBearer(headers.authorization));
      // Where somebody is named an administrator, the others see only their own usage.
      const admins = this.#parts.system.keys.filter(({ role }) => role === 'admin');
      if (admins.length === 0 || admins.some((it) => it.name === name)) return;
    } catch (error) {
      void reply.header('www-authenticate', 'Basic realm="Spillway", charset="UTF-8"');
      throw error;
    }
    throw new ApiError({
      status: 403,
      code: 'insufficient_permissions',
      message: 'Only a key with `role: admin` may look at this.',
    });
  }

  /** Why nothing can be kept, if so: a full disk, say. */
  #stateProblem(): Promise<string | undefined> {
    const { clock, store } = this.#parts;
    const look = Promise.all([store.get('resp_ready'), store.check?.()]);
    return within(clock, storeMsMax, 'the state', look).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
  }

  /** Why no request should be sent here now. */
  async #obstacles(isDraining: boolean): Promise<readonly string[]> {
    const problem = await this.#stateProblem();
    return [
      ...(isDraining ? ['draining'] : []),
      ...(this.#parts.health().status === 'ok' ? [] : ['every circuit is open']),
      ...(problem === undefined ? [] : [`the state cannot be kept: ${problem}`]),
    ];
  }
}

const pageHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': contentSecurityPolicy,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  vary: 'accept-language',
};

/** The password of a browser's dialogue, as if it had been sent as a key. */
const asBearer = (authorization: string | undefined): string | undefined => {
  const basic = /^Basic +([A-Za-z0-9+/=]+) *$/i.exec(authorization ?? '')?.[1];
  if (basic === undefined) return authorization;
  const pair = Buffer.from(basic, 'base64').toString();
  return `Bearer ${pair.slice(pair.indexOf(':') + 1)}`;
};

/** `?lang=` decides; else whichever of the two the browser names first. */
const languageOf = ({ query, headers }: FastifyRequest): Language => {
  const asked: unknown =
    typeof query === 'object' && query !== null && 'lang' in query ? query.lang : undefined;
  if (asked === 'ja' || asked === 'en') return asked;
  const first = /\b(ja|en)\b/i.exec(headers['accept-language'] ?? '')?.[1];
  return first?.toLowerCase() === 'ja' ? 'ja' : 'en';
};
