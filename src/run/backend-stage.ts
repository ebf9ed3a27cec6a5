/** The backends of one arm, simulated or real, each with its fault shim in front where needed. */

import type { BackendSystem, System, Via } from '../system/system.ts';
import { openSimulatedBackend } from '../target/backend/simulated-backend.ts';
import { openTlsFront } from '../target/backend/tls-front.ts';
import { type Authority, certificateAuthority } from '../target/fault/certificate.ts';
import { BoxFaults } from '../target/fault/box-fault.ts';
import type { PlannedFault } from '../target/fault/fault.ts';
import { deadHost, isNameFault, type NamedPath } from '../target/fault/faulty-lookup.ts';
import { isProcessFault, openProcessFaults } from '../target/fault/process-fault.ts';
import { openShim } from '../target/fault/shim.ts';
import { openUnansweredPort } from '../target/fault/unanswered-port.ts';
import { watchHealth } from '../measurement/health.ts';
import { type ArmOrder, LiveFaults, type PlacedShim } from './live-fault.ts';
import type { OpenedStage, Stage, StageContext } from './stage.ts';

export interface BackendStageInput {
  readonly system: System;
  readonly faults: readonly PlannedFault[];
  /** Backends that get a shim even without a fault, so that arms with and without one compare. */
  readonly relayed?: readonly string[];
  /** Ports for simulated backends by name, for people who want to find them; any port otherwise. */
  readonly ports?: Readonly<Record<string, number>>;
  /** Ports for shims by the name of the backend, for a proxy that must be told of them before. */
  readonly shimPorts?: Readonly<Record<string, number>>;
}

export interface BackendStageInfo {
  /** The backends as the proxy is to be told of them: addresses in place of `simulated`. */
  readonly backends: readonly BackendSystem[];
  /** The addresses that are dialled by a name, so that faults can act on its resolving. */
  readonly names: Readonly<Record<string, NamedPath>>;
}

export const openBackends: Stage<BackendStageInput, BackendStageInfo> = async (input, context) => {
  await using opening = new AsyncDisposableStack();
  const authority = certificateAuthority(context.clock.wall());
  const { shimPorts = {} } = input;
  const ground: Ground = { context, authority, shimPorts, names: {} };
  const shims: PlacedShim[] = [];
  const loads: (() => { running: number; queued: number })[] = [];
  const backends: BackendSystem[] = [];
  for (const backend of input.system.backends) {
    const reachable = await openBackend(backend, input, ground, opening, loads, shims);
    const faults = input.faults.filter(
      (fault) => fault.backend === backend.name && !isProcessFault(fault),
    );
    const isRelayed = faults.length > 0 || input.relayed?.includes(backend.name) === true;
    backends.push(
      !isRelayed ? reachable : await openShims(reachable, faults, ground, opening, shims),
    );
  }
  opening.use(
    watchHealth({
      clock: context.clock,
      where: 'backends',
      emit: context.emit,
      read: () => ({
        running: loads.reduce((sum, load) => sum + load().running, 0),
        queued: loads.reduce((sum, load) => sum + load().queued, 0),
      }),
    }),
  );
  const processFaults = openProcessFaults({
    faults: input.faults,
    clock: context.clock,
    emit: context.emit,
  });
  opening.defer(() => processFaults.close());
  const live = new LiveFaults({ shims, clock: context.clock, emit: context.emit });
  opening.defer(() => live.close());
  const opened = opening.move();

  return {
    info: { backends, names: ground.names },
    tell: (message, value) => {
      if (message !== 'begin') return;
      // A box that dies takes its connections along before it ends what it was saying on them.
      for (const { shim } of shims.toSorted((one, other) => other.path - one.path))
        shim.arm(Number(value));
      processFaults.arm(Number(value));
      live.begin(Number(value));
    },
    answer: async (message, value) => {
      if (message === 'arm') return live.arm(value as ArmOrder);
      if (message === 'list') return live.list();
      if (message === 'disarm') return live.disarm(String(value));
      throw new Error(`the backends know no ${message}`);
    },
    close: () => opened.disposeAsync(),
  } satisfies OpenedStage<BackendStageInfo>;
};

/** What all backends of the arm share. */
interface Ground {
  readonly context: StageContext;
  /** Vouches for simulated backends, and for what a fault shows in place of a real certificate. */
  readonly authority: Authority;
  readonly shimPorts: Readonly<Record<string, number>>;
  readonly names: Record<string, NamedPath>;
}

const openBackend = async (
  backend: BackendSystem,
  input: BackendStageInput,
  { context, authority }: Ground,
  opening: AsyncDisposableStack,
  loads: (() => { running: number; queued: number })[],
  shims: PlacedShim[],
): Promise<BackendSystem> => {
  if (!backend.simulate) return backend;
  const port = input.ports?.[backend.name];
  const server = await openSimulatedBackend(backend, {
    clock: context.clock,
    random: context.random.fork(`backend ${backend.name}`),
    emit: context.emit,
    ...(port !== undefined && { port }),
  });
  opening.defer(() => server.close());
  loads.push(() => server.load());
  if (server.box) {
    const { clock, emit } = context;
    const faults = input.faults.filter((fault) => fault.backend === backend.name);
    const boxFaults = new BoxFaults({ name: backend.name, box: server.box, faults, clock, emit });
    opening.defer(() => boxFaults.close());
    // It stands behind every address.
    shims.push({ backend: backend.name, path: 0, shim: boxFaults });
  }
  // The proxy must not be able to tell: what is simulated is not passed on.
  const { simulate, ...real } = backend;
  const paths = simulate.kind === 'spark' ? (simulate.paths ?? ['http']) : ['http'];
  const urls: string[] = [];
  const via: Record<string, Via> = {};
  for (const [at, path] of paths.entries()) {
    const url = new URL(server.url);
    // Two addresses of one server differ in nothing but how they are written.
    if (path === 'http' && at > 0) url.hostname = `127.0.0.${at + 1}`;
    if (path === 'https') {
      const host = `${backend.name}-${at + 1}.simulated`;
      const front = await openTlsFront(server, authority.issue(host));
      opening.defer(() => front.close());
      url.protocol = 'https:';
      url.host = `${host}:${front.port}`;
    }
    const address = url.href.replace(/\/$/, '');
    urls.push(address);
    if (at > 0 || path === 'https')
      via[address] = { host: server.host, port: Number(url.port), ca: authority.cert };
  }
  return { ...real, urls, ...(Object.keys(via).length > 0 && { via }) };
};

/** A shim before each address, with the faults that are meant for it. */
const openShims = async (
  backend: BackendSystem,
  faults: readonly PlannedFault[],
  { context, authority, shimPorts, names }: Ground,
  opening: AsyncDisposableStack,
  shims: PlacedShim[],
): Promise<BackendSystem> => {
  const via: Record<string, Via> = {};
  const port = shimPorts[backend.name];
  for (const [at, address] of backend.urls.entries()) {
    const path = at + 1;
    const meant = faults.filter((fault) => (fault.path ?? path) === path);
    const egress = backend.egress?.[address];
    // The shim stands before the first host on the way; through a proxy it sees bytes only.
    const url = new URL(egress ?? address);
    const isTls = url.protocol === 'https:';
    const dialled = backend.via?.[address];
    const shim = await openShim({
      name: backend.name,
      target: dialled ?? {
        host: url.hostname.replaceAll(/[[\]]/g, ''),
        port: url.port === '' ? (isTls ? 443 : 80) : Number(url.port),
      },
      wire: backend.wire,
      isTls: isTls || egress !== undefined,
      faults: meant.filter((fault) => !isNameFault(fault)),
      clock: context.clock,
      random: context.random.fork(`faults ${backend.name}${at === 0 ? '' : ` path ${path}`}`),
      emit: context.emit,
      certificate: (flaw) => authority.issue(url.hostname, flaw),
      ...(at === 0 && port !== undefined && { port }),
    });
    opening.defer(() => shim.close());
    shims.push({ backend: backend.name, path, shim });
    const ca = isTls ? { ca: authority.cert } : {};
    const isNamed = meant.some(isNameFault);
    const host = isNamed ? `${backend.name}-${path}.simulated` : shim.host;
    if (isNamed) names[host] = { backend: backend.name, path };
    if (isNamed) await takeDeadPort(shim.port, opening);
    via[address] = { host, port: shim.port, ...ca };
  }
  return { ...backend, via };
};

/** Where this machine cannot have such a port, connecting to it fails at once. */
const takeDeadPort = async (port: number, opening: AsyncDisposableStack): Promise<void> => {
  const dead = await openUnansweredPort({ host: deadHost, port }).catch(() => undefined);
  opening.defer(() => dead?.close());
};
