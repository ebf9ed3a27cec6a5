/**
 * Tokens of Microsoft Entra, in place of a key.
 *
 * A token is good for an hour or a day. It is renewed five minutes before it ends, by the first
 * request that notices, while that and all others go on with the one there is; only without a
 * valid one does anybody wait, and then all for the same answer.
 *
 *     none ──ask──▶ fresh ──5 min before its end──▶ ageing (used, and asked for) ──▶ fresh
 *      ▲                                              │
 *      └──────────── its end, or a 401 ◀──────────────┘
 *
 * https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 * https://learn.microsoft.com/azure/app-service/overview-managed-identity (the REST protocol)
 * https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
 */

import type { EntraSource } from '../../system/entra.ts';
import { type Clock, within } from '../../time/clock.ts';
import { ConnectionPool } from './connector.ts';
import { ConnectError } from './failure.ts';
import type { HttpAnswer, HttpRequest } from './http-exchange.ts';
import { asRecord, asText, parseJson } from './json.ts';

/** No token could be had; the backend is as good as not there. Never holds a secret. */
export class EntraError extends Error {
  override readonly name = 'EntraError';
}

export interface EntraParts {
  readonly source: EntraSource;
  readonly clock: Clock;
  readonly caFile?: string;
}

interface Token {
  readonly value: string;
  /** Instants of the clock. */
  readonly freshUntil: number;
  readonly expiresAt: number;
}

/** Azure OpenAI's resource; `/.default` makes a scope of it. */
const resource = 'https://cognitiveservices.azure.com';
const renewMs = 300_000;
/** How long asking for a token may take, from DNS to the last byte. */
const askMsMax = 5000;
const connectMs = 3000;
const answerBytesMax = 64 * 2 ** 10;

export class EntraToken {
  readonly #source: EntraSource;
  readonly #clock: Clock;
  readonly #pool: ConnectionPool;
  #token: Token | undefined;
  #asking: Promise<Token> | undefined;

  constructor({ source, clock, caFile }: EntraParts) {
    this.#source = source;
    this.#clock = clock;
    const { origin } = new URL(
      source.kind === 'client-secret' ? source.authority : source.endpoint,
    );
    const proxy = source.kind === 'client-secret' ? source.proxy : undefined;
    this.#pool = new ConnectionPool({
      origin,
      connectMs,
      clock,
      ...(proxy === undefined ? {} : { proxy }),
      ...(caFile === undefined ? {} : { caFile }),
    });
  }

  /** A valid token; rejects with an `EntraError`. */
  async get(): Promise<string> {
    const now = this.#clock.now();
    const held = this.#token;
    if (held && now < held.freshUntil) return held.value;
    const asked = this.#ask();
    if (held && now < held.expiresAt) {
      asked.catch(() => undefined);
      return held.value;
    }
    return (await asked).value;
  }

  /** The token was refused: the next one is asked for. */
  forget(value: string): void {
    if (this.#token?.value === value) this.#token = undefined;
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  /** One question at a time, whoever waits for it. */
  #ask(): Promise<Token> {
    this.#asking ??= this.#fetch().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #fetch(): Promise<Token> {
    const leave = new AbortController();
    try {
      const asked = this.#pool.send(requestOf(this.#source), leave.signal).then(readAnswer);
      const answer = await within(this.#clock, askMsMax, 'asking for a token', asked);
      this.#token = this.#read(answer);
      return this.#token;
    } catch (error) {
      if (error instanceof EntraError) throw error;
      const cause = error instanceof ConnectError ? (error.cause ?? error) : error;
      const text = cause instanceof Error ? cause.message : String(cause);
      throw new EntraError(`no token from ${nameOf(this.#source)}: ${text}`);
    } finally {
      leave.abort(new Error('no longer waited for'));
    }
  }

  #read({ status, body }: Answer): Token {
    const told = asRecord(parseJson(body));
    const value = asText(told?.['access_token']);
    if (status !== 200 || value === undefined || value === '') {
      const why =
        asText(told?.['error_description']) ?? asText(told?.['error']) ?? 'no token in it';
      const [line = ''] = why.split(/[\r\n]| Trace ID:/);
      const shown = withoutSecret(line.slice(0, 200), this.#source);
      throw new EntraError(`no token from ${nameOf(this.#source)}: ${status}, ${shown}`);
    }
    const now = this.#clock.now();
    const until = secondsOf(told?.['expires_on']);
    const lasts = secondsOf(told?.['expires_in']) ?? (until ?? 0) - this.#clock.wall() / 1000;
    const expiresAt = now + Math.max(0, lasts) * 1000;
    return { value, freshUntil: expiresAt - renewMs, expiresAt };
  }
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

const readAnswer = async (answer: HttpAnswer): Promise<Answer> => {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > answerBytesMax) break;
  }
  answer.leave();
  return { status: answer.status, body: Buffer.concat(chunks).toString('utf8') };
};

const requestOf = (source: EntraSource): HttpRequest => {
  switch (source.kind) {
    case 'client-secret':
      return {
        method: 'POST',
        path: `${pathOf(source.authority)}/${encodeURIComponent(source.tenantId)}/oauth2/v2.0/token`,
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          accept: 'application/json',
        },
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: source.clientId,
          client_secret: source.clientSecret,
          scope: `${resource}/.default`,
        }).toString(),
      };
    case 'app-service':
      return {
        method: 'GET',
        path: `${pathOf(source.endpoint)}?${identityQuery('2019-08-01', source.clientId)}`,
        headers: { 'x-identity-header': source.header, accept: 'application/json' },
      };
    case 'virtual-machine': {
      const query = identityQuery('2018-02-01', source.clientId);
      return {
        method: 'GET',
        path: `/metadata/identity/oauth2/token?${query}`,
        // Keeps a server-side request forgery, which cannot set headers, from getting a token.
        headers: { metadata: 'true', accept: 'application/json' },
      };
    }
  }
};

const identityQuery = (version: string, clientId: string | undefined): string =>
  new URLSearchParams({
    'api-version': version,
    resource,
    ...(clientId === undefined ? {} : { client_id: clientId }),
  }).toString();

const pathOf = (url: string): string => new URL(url).pathname.replace(/\/+$/, '');

const nameOf = (source: EntraSource): string => {
  switch (source.kind) {
    case 'client-secret':
      return `Entra at ${new URL(source.authority).host}`;
    case 'app-service':
      return "the web app's identity";
    case 'virtual-machine':
      return "the machine's identity";
  }
};

const withoutSecret = (text: string, source: EntraSource): string => {
  const secret = source.kind === 'client-secret' ? source.clientSecret : undefined;
  return secret === undefined ? text : text.replaceAll(secret, '[removed]');
};

/** The identity endpoints tell numbers as texts. */
const secondsOf = (value: unknown): number | undefined => {
  const seconds = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof seconds === 'number' && Number.isFinite(seconds) ? seconds : undefined;
};
