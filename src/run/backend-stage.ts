/** The backends of one arm, simulated or real, each with its fault shim in front where needed. */

import type { BackendSystem, System } from '../system/system.ts';
import { openSimulatedBackend } from '../target/backend/simulated-backend.ts';
import type { PlannedFault } from '../target/fault/fault.ts';
import { isProcessFault, openProcessFaults } from '../target/fault/process-fault.ts';
import { openShim } from '../target/fault/shim.ts';
import { watchHealth } from '../measurement/health.ts';
import type { OpenedStage, Stage, StageContext } from './stage.ts';

export interface BackendStageInput {
  readonly system: System;
  readonly faults: readonly PlannedFault[];
  /** Backends that get a shim even without a fault, so that arms with and without one compare. */
  readonly relayed?: readonly string[];
  /** Ports for simulated backends by name, for people who want to find them; any port otherwise. */
  readonly ports?: Readonly<Record<string, number>>;
}

export interface BackendStageInfo {
  /** The backends as the proxy is to be told of them: addresses in place of `simulated`. */
  readonly backends: readonly BackendSystem[];
}

export const openBackends: Stage<BackendStageInput, BackendStageInfo> = async (input, context) => {
  await using opening = new AsyncDisposableStack();
  const shims: { arm(origin: number): void }[] = [];
  const loads: (() => { running: number; queued: number })[] = [];
  const backends: BackendSystem[] = [];
  for (const backend of input.system.backends) {
    const reachable = await openBackend(backend, input, context, opening, loads);
    const faults = input.faults.filter(
      (fault) => fault.backend === backend.name && !isProcessFault(fault),
    );
    const isRelayed = faults.length > 0 || input.relayed?.includes(backend.name) === true;
    backends.push(
      !isRelayed ? reachable : await openShimFor(reachable, faults, context, opening, shims),
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
  shims.push(processFaults);
  const opened = opening.move();

  return {
    info: { backends },
    tell: (message, value) => {
      if (message === 'begin') for (const shim of shims) shim.arm(Number(value));
    },
    close: () => opened.disposeAsync(),
  } satisfies OpenedStage<BackendStageInfo>;
};

const openBackend = async (
  backend: BackendSystem,
  input: BackendStageInput,
  context: StageContext,
  opening: AsyncDisposableStack,
  loads: (() => { running: number; queued: number })[],
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
  // The proxy must not be able to tell: what is simulated is not passed on.
  const { simulate: _, ...real } = backend;
  return { ...real, urls: [server.url] };
};

const openShimFor = async (
  backend: BackendSystem,
  faults: readonly PlannedFault[],
  context: StageContext,
  opening: AsyncDisposableStack,
  shims: { arm(origin: number): void }[],
): Promise<BackendSystem> => {
  const given = backend.urls[0] ?? '';
  const egress = backend.egress?.[given];
  // The shim stands before the first host on the way; through a proxy it sees bytes only.
  const url = new URL(egress ?? given);
  const isTls = url.protocol === 'https:';
  const shim = await openShim({
    name: backend.name,
    target: {
      host: url.hostname.replaceAll(/[[\]]/g, ''),
      port: url.port === '' ? (isTls ? 443 : 80) : Number(url.port),
    },
    wire: backend.wire,
    isTls: isTls || egress !== undefined,
    faults,
    clock: context.clock,
    random: context.random.fork(`faults ${backend.name}`),
    emit: context.emit,
  });
  opening.defer(() => shim.close());
  shims.push(shim);
  return { ...backend, via: { host: shim.host, port: shim.port } };
};
