/**
 * The proxy as one thing to open and close: state, upstreams, heart and HTTP, from a system file.
 *
 *     client ──HTTP──▶ service ──▶ heart ──▶ upstreams ──HTTP──▶ backends
 *                         │          └─────▶ state
 *                         └── http://host:port/v1
 *
 * A proxy without keys listens on the loopback only.
 */

import type { LookupFunction } from 'node:net';

import type { System } from '../../system/system.ts';
import { asRecord } from './json.ts';
import { isLoopback } from './authentication.ts';
import type { JournalReader } from './diagnostic/journal.ts';
import { Observatory } from './diagnostic/observatory.ts';
import { type ConversationStore, memoryConversations } from './conversation-store.ts';
import { HttpService } from './http-service.ts';
import { memoryStore } from './memory-store.ts';
import type { ProxyParts, StateStore } from './proxy.ts';
import { Proxy } from './respond.ts';
import type { RetentionOptions } from './retention.ts';
import { sqliteConversations } from './sqlite-conversation.ts';
import { SqliteFile } from './sqlite-file.ts';
import { sqliteLedger } from './sqlite-ledger.ts';
import { sqliteStore } from './sqlite-store.ts';
import { UpstreamSet } from './upstream-set.ts';
import { type UsageLedger, memoryLedger } from './usage-ledger.ts';

/** A proxy that cannot be opened as its system file says. */
class ProxyServerError extends Error {
  override readonly name: string = 'ProxyServerError';
  /** What to change. */
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}

/** A proxy that would be open to everyone who can reach it. */
class OpenToEveryoneError extends ProxyServerError {
  override readonly name = 'OpenToEveryoneError';
}

export type ProxyServerOptions = Omit<
  ProxyParts,
  'store' | 'conversations' | 'ledger' | 'upstreams' | 'watch'
> & {
  /** Resolves the names of backends; the machine's own resolver when absent. */
  readonly lookup?: LookupFunction;
  /** Told of our own faults, for people; never holds a prompt, an answer or a key. */
  readonly log?: (line: string) => void;
  /** Told of each request once it is over. */
  readonly requestLog?: JournalReader;
  /** What is shown as our version. */
  readonly version?: string;
};

/** How much the proxy has in hand. */
interface ProxyLoad {
  readonly inFlight: number;
  readonly queued: number;
  /** Each backend's circuit: `spark open, azure closed`. */
  readonly breaker: string;
}

export interface ProxyServer {
  /** Base URL of the API: `http://127.0.0.1:4000/v1`. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly proxy: Proxy;
  load(): ProxyLoad;
  /**
   * Serves new requests as another file says; what is running ends as it began. Where it listens
   * and where state is kept stay as they are. Throws errors with a `hint`, and then nothing has
   * changed.
   */
  reload(system: System): void;
  /** Lets running answers end for a moment, then cuts them; closes upstreams and state. */
  close(): Promise<void>;
}

/** Opens the proxy that a system describes. Throws errors with a `hint`. */
export const openProxyServer = async (options: ProxyServerOptions): Promise<ProxyServer> => {
  const { system } = options;
  const { host } = system.listen;
  requireKeysInPublic(system);
  await using opening = new AsyncDisposableStack();
  const file = fileOf(system);
  const store = storeOf(options, file);
  opening.defer(() => store.close());
  const conversations = conversationsOf(options);
  opening.defer(() => conversations.close());
  const ledger = ledgerOf(file);
  opening.defer(() => ledger.close());
  const upstreams = new UpstreamSet(options);
  opening.defer(() => upstreams.close());
  const observatory = new Observatory({
    ...options,
    store,
    ledger,
    version: options.version ?? 'unknown',
    health: () => proxy.health(),
  });
  opening.defer(() => observatory.close());
  const proxy = new Proxy({
    ...options,
    ...watched(options, observatory),
    store,
    conversations,
    ledger,
    upstreams: upstreams.current,
  });
  opening.defer(() => proxy.close());
  const service = new HttpService({ ...options, store, proxy, observatory });
  opening.defer(() => service.close());
  const port = await listen(service, host, system.listen.port);
  const opened = opening.move();

  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}/v1`,
    host,
    port,
    proxy,
    load() {
      const { inFlight, backends } = proxy.health();
      return {
        inFlight,
        queued: backends.reduce((sum, { queued }) => sum + queued, 0),
        breaker: backends.map(({ name, breaker }) => `${name} ${breaker}`).join(', '),
      };
    },
    reload(next) {
      const { listen, state } = system;
      const adopted = { ...next, listen, state };
      requireKeysInPublic(adopted);
      const leave = upstreams.adopt(adopted.backends);
      service.adopt(adopted);
      observatory.adopt(adopted);
      void proxy.adopt({ system: adopted, upstreams: upstreams.current }).then(leave);
    },
    close: () => opened.disposeAsync(),
  };
};

/** Whoever opened the proxy is told of attempts, and so is whoever looks at it. */
const watched = (
  { record }: ProxyServerOptions,
  { journal }: Observatory,
): Pick<ProxyParts, 'record' | 'watch'> => ({
  record: (attempt, request) => {
    record(attempt, request);
    journal.record(attempt, request);
  },
  watch: (request) => journal.watch(request),
});

const requireKeysInPublic = ({ listen, keys }: ProxyParts['system']): void => {
  if (keys.length > 0 || isLoopback(listen.host)) return;
  throw new OpenToEveryoneError(
    `${listen.host}: a proxy without keys would be open to everyone who can reach it`,
    'List `keys` in the system file, or listen on 127.0.0.1.',
  );
};

const fileOf = ({ state }: ProxyParts['system']): SqliteFile | undefined =>
  state.kind === 'sqlite' ? new SqliteFile(state.path) : undefined;

const storeOf = (
  { system: { state }, clock }: ProxyServerOptions,
  file: SqliteFile | undefined,
): StateStore => {
  const retention = retentionOf(state, clock);
  return file ? sqliteStore(file, retention) : memoryStore(retention);
};

/** Conversations are kept in the file of the state, or end with the process as the state does. */
const conversationsOf = ({ system: { state }, clock }: ProxyServerOptions): ConversationStore => {
  const retention = retentionOf(state, clock);
  return state.kind === 'sqlite'
    ? sqliteConversations(state.path, retention)
    : memoryConversations(retention);
};

const retentionOf = (
  { retainDays }: ProxyParts['system']['state'],
  clock: ProxyParts['clock'],
): RetentionOptions => ({ retainDays, wall: () => clock.wall(), steady: () => clock.now() });

/** Usage is kept in the file of the state, or ends with the process as the state does. */
const ledgerOf = (file: SqliteFile | undefined): UsageLedger =>
  file ? sqliteLedger(file) : memoryLedger();

const listen = async (service: HttpService, host: string, port: number): Promise<number> => {
  try {
    return await service.listen(host, port);
  } catch (error) {
    const hint = listenHints[String(asRecord(error)?.['code'])];
    if (hint === undefined) throw error;
    throw new ProxyServerError(`cannot listen on ${host}:${port}: ${hint.problem}`, hint.advice, {
      cause: error,
    });
  }
};

interface ListenHint {
  readonly problem: string;
  readonly advice: string;
}

const listenHints: Readonly<Record<string, ListenHint>> = {
  EADDRINUSE: {
    problem: 'the port is in use',
    advice: 'Stop what listens there, or choose another port with `--port`.',
  },
  EACCES: {
    problem: 'the port may not be used without special rights',
    advice: 'Choose a port above 1023 with `--port`.',
  },
  EADDRNOTAVAIL: {
    problem: 'this machine has no such address',
    advice: 'Name an address of this machine with `--host`, or 127.0.0.1.',
  },
  ENOTFOUND: {
    problem: 'no such host is known',
    advice: 'Name an address of this machine with `--host`, or 127.0.0.1.',
  },
};
