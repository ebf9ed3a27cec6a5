/**
 * The fault shim: a raw relay in front of one backend, real or simulated, in which things go wrong.
 *
 * It forwards bytes untouched and only reads along, so that neither the proxy nor the backend can
 * tell it from the network. Faults count from the instant the arm begins; until then it relays.
 *
 *     window of an outage:  ── listening ──┤ port closed, sockets reset ├── same port again ──
 */

import { type Server, createServer } from 'node:net';

import type { FaultAct } from '../../log/entry.ts';
import { ndjsonTokenScan, sseTokenScan } from '../../protocol/token-scan.ts';
import type { Random } from '../../random/random.ts';
import type { Wire } from '../../system/system.ts';
import type { Clock } from '../../time/clock.ts';
import type { CertificateFlaw, Identity } from './certificate.ts';
import { FaultDecision } from './decision.ts';
import type { PlannedFault } from './fault.ts';
import { kindOf } from './kind/list.ts';
import { worksOnTls } from './plan.ts';
import { Relay, type RelayParts } from './relay.ts';
import { openUnansweredPort, type UnansweredPort } from './unanswered-port.ts';
import { endsAt } from './window.ts';

export interface ShimParts {
  /** The backend's name. */
  readonly name: string;
  readonly target: { readonly host: string; readonly port: number };
  readonly wire: Wire;
  /** Whether the bytes cannot be read. Faults that would have to read them never act. */
  readonly isTls: boolean;
  readonly faults: readonly PlannedFault[];
  readonly clock: Clock;
  readonly random: Random;
  /** The run's arm is added by the receiver. */
  readonly emit: (entry: Omit<FaultAct, 'arm'>) => void;
  /** What a fault shows in place of the server's certificate; without it there is none to show. */
  readonly certificate?: (flaw: CertificateFlaw) => Identity;
  readonly host?: string;
  readonly port?: number;
}

export interface Shim {
  readonly host: string;
  readonly port: number;
  /** The arm begins at this instant of the clock: its faults count from there, all unspent. */
  arm(origin: number): void;
  /**
   * One more fault, from now on; resolves once it is in force. Instants of the fault count from the
   * arm's. False where it could never act, since it would have to read what TLS hides.
   */
  add(fault: PlannedFault): Promise<boolean>;
  /** The fault acts no more; resolves once the port answers again. */
  remove(fault: PlannedFault): Promise<void>;
  close(): Promise<void>;
}

/** Opens the shim on a port of its own. Rejects when the port is taken. */
export const openShim = async (parts: ShimParts): Promise<Shim> => {
  const shim = new OpenShim(parts);
  await shim.listen();
  return shim;
};

/** Somebody may have taken the port during an outage: how soon it is tried again. */
const relistenMs = 20;

class OpenShim implements Shim {
  readonly host: string;
  readonly #parts: ShimParts;
  readonly #faults: readonly PlannedFault[];
  readonly #relays = new Set<Relay>();
  readonly #running = new Set<Promise<void>>();
  #port: number;
  #server: Server | undefined;
  /** Holds the port while nobody is to be answered. */
  #unanswered: Promise<UnansweredPort | undefined> | undefined;
  #decision: FaultDecision;
  #origin = Number.POSITIVE_INFINITY;
  #timer: Disposable | undefined;
  #isClosed = false;
  /** The port is on its way back. */
  #reopening: Promise<void> | undefined;

  constructor(parts: ShimParts) {
    this.#parts = parts;
    this.#faults = parts.faults.filter((fault) => !parts.isTls || worksOnTls(fault));
    this.#decision = new FaultDecision(this.#faults, parts.random);
    this.host = parts.host ?? '127.0.0.1';
    this.#port = parts.port ?? 0;
  }

  get port(): number {
    return this.#port;
  }

  arm(origin: number): void {
    this.#origin = origin;
    this.#decision = new FaultDecision(this.#faults, this.#parts.random);
    this.#onTime();
  }

  async add(fault: PlannedFault): Promise<boolean> {
    if (this.#parts.isTls && !worksOnTls(fault)) return false;
    await this.#reopening;
    this.#decision.arm(fault);
    this.#onTime();
    await this.#unanswered;
    return true;
  }

  async remove(fault: PlannedFault): Promise<void> {
    this.#decision.disarm(fault);
    this.#onTime();
    await this.#reopening;
  }

  listen(): Promise<void> {
    const { clock, target, wire, isTls, emit, name: backend, certificate } = this.#parts;
    const relayParts: RelayParts = {
      target,
      dialect: wire === 'ollama' ? 'ollama' : 'responses',
      clock,
      ...(certificate && isTls && { certificate }),
      ...(isTls ? {} : { tokens: wire === 'ollama' ? ndjsonTokenScan : sseTokenScan }),
      origin: () => this.#origin,
      decision: () => this.#decision,
      onAct: ({ fault, tokensBefore }, name, remotePort) =>
        emit({
          kind: 'act',
          fault: fault.index,
          what: fault.action.kind,
          backend,
          at: clock.now(),
          ...name,
          ...(remotePort === undefined ? {} : { remotePort }),
          tokensBefore,
        }),
    };
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
      const relay = new Relay(client, relayParts);
      this.#relays.add(relay);
      const running = relay.run().finally(() => {
        this.#relays.delete(relay);
        this.#running.delete(running);
      });
      this.#running.add(running);
    });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, this.host, () => {
        server.off('error', reject);
        this.#server = server;
        const address = server.address();
        if (address && typeof address === 'object') this.#port = address.port;
        if (this.#isClosed) server.close();
        resolve();
      });
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.[Symbol.dispose]();
    this.#server?.close();
    for (const relay of this.#relays) relay.close();
    await this.#freePort();
    await Promise.all(this.#running);
  }

  /** Lets windows that have opened act on what is open, and waits for the next edge. */
  #onTime(): void {
    if (this.#isClosed) return;
    const { clock } = this.#parts;
    const now = clock.now() - this.#origin;
    const outage = this.#decision.outageAt(now);
    if (outage && this.#server) this.#stopListening(outage);
    for (const relay of this.#relays) relay.onTime();
    if (!outage && !this.#server) this.#listenAgain();

    this.#timer?.[Symbol.dispose]();
    const next = Math.min(
      this.#decision.nextWindowAt(now) ?? Number.POSITIVE_INFINITY,
      ...(outage ? [endsAt(outage, now)] : []),
    );
    if (next < Number.POSITIVE_INFINITY)
      this.#timer = clock.at(this.#origin + next, () => this.#onTime());
  }

  /** Refused connections never reach us, so the act is told once, of the port as a whole. */
  #stopListening(outage: PlannedFault): void {
    this.#server?.close();
    this.#server = undefined;
    this.#parts.emit({
      kind: 'act',
      fault: outage.index,
      what: outage.action.kind,
      backend: this.#parts.name,
      at: this.#parts.clock.now(),
    });
    const { outage: how } = kindOf(outage.action);
    if (how !== 'full')
      for (const relay of this.#relays) relay.leave(how === 'unanswered' ? 'silence' : 'reset');
    if (how === 'refused') return;
    // The port is refused for the millisecond or two that this takes.
    this.#unanswered = openUnansweredPort({ host: this.host, port: this.#port }).catch(
      () => undefined,
    );
  }

  async #freePort(): Promise<void> {
    const held = this.#unanswered;
    this.#unanswered = undefined;
    await (await held)?.close();
  }

  #listenAgain(): void {
    if (this.#reopening) return;
    const { clock } = this.#parts;
    this.#reopening = this.#freePort()
      .then(() => (this.#isClosed ? undefined : this.listen()))
      .then(
        // Another outage may have begun meanwhile.
        () => void clock.at(clock.now(), () => this.#onTime()),
        () => void clock.at(clock.now() + relistenMs, () => this.#onTime()),
      )
      .finally(() => {
        this.#reopening = undefined;
      });
  }
}
