/**
 * What one can look at: the state of the proxy as data, the same for the page and for programs.
 *
 * Nothing secret goes in: the configuration is a list of what may be shown, not the file without
 * what may not.
 */

import type { BackendDiagnosis } from '../../../diagnosis/finding.ts';
import type { System } from '../../../system/system.ts';
import type { Clock } from '../../../time/clock.ts';
import type { BackendHealth } from '../backend.ts';
import type { Alarm } from '../proxy.ts';
import type { ProxyHealth } from '../respond.ts';
import { type UsageLedger, groupedUsage } from '../usage-ledger.ts';
import type { Failover, FailoverList } from './failover-list.ts';
import type { Look, Reachability } from './reachability.ts';

export interface DiagnosticsParts {
  readonly system: System;
  readonly clock: Clock;
  readonly version: string;
  readonly openedAt: number;
  readonly health: () => ProxyHealth;
  readonly isDraining: () => boolean;
  readonly stateProblem: () => Promise<string | undefined>;
  readonly ledger: Pick<UsageLedger, 'rows'>;
  readonly failovers: FailoverList;
  readonly reachability: Reachability;
}

/** Where the next request for a model would go first. */
export interface Serving {
  readonly model: string;
  /** Absent when every circuit is open. */
  readonly backend?: string;
  readonly residency?: 'local' | 'cloud';
  /** It is the one named first in the file. */
  readonly isPreferred: boolean;
  /** It was not reached when last looked at, though its circuit has not noticed yet. */
  readonly isOutOfReach: boolean;
}

/** The latest of: a failover, a circuit that opened, a circuit that closed again. */
export type LastSwitch =
  | ({ readonly kind: 'failover' } & Told<Failover>)
  | {
      readonly kind: 'opened' | 'closed';
      readonly backend: string;
      readonly time: string;
      readonly agoMs: number;
      readonly reason?: string;
    };

/** An event with its time of day in place of an instant of ours. */
type Told<T extends { readonly at: number }> = Omit<T, 'at'> & {
  readonly time: string;
  readonly agoMs: number;
};

export interface BackendView {
  readonly name: string;
  readonly kind: string;
  readonly residency: 'local' | 'cloud';
  readonly isServing: boolean;
  readonly breaker: BackendHealth['breaker'];
  /** Since when the circuit is in this state; absent when it never was in another. */
  readonly since?: string;
  readonly sinceMs?: number;
  readonly why?: { readonly reason: string; readonly message: string };
  readonly running: number;
  readonly slots: number;
  readonly queued: number;
  readonly loadedModels?: readonly string[];
  /** Models that are shut out though the backend is not. */
  readonly models: readonly ModelView[];
  /** What no waiting mends. */
  readonly alarms: readonly Alarm[];
  /** Questions over a second connection, asked because an attempt was silent. */
  readonly secondOpinions: BackendHealth['secondOpinions'];
  /** Absent while it is looked at for the first time. */
  readonly reach?: BackendDiagnosis;
  readonly reachAgoMs?: number;
}

/** A model of a backend whose circuit is not closed. */
export interface ModelView {
  readonly model: string;
  readonly breaker: BackendHealth['breaker'];
  readonly why?: { readonly reason: string; readonly message: string };
}

export interface ModelToday {
  readonly model: string;
  readonly requests: number;
  readonly failedRequests: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Share of the output tokens that came from a local backend; absent without any. */
  readonly localRatio?: number;
  readonly costUsd: number;
  readonly unpricedAttempts: number;
  /** What the tokens served locally would have cost, by cloud model. Not money saved. */
  readonly capacityValueUsd: Readonly<Record<string, number>>;
}

export interface Diagnostics {
  readonly service: 'spillway';
  readonly version: string;
  readonly status: 'ok' | 'draining' | 'unavailable';
  readonly now: string;
  readonly uptimeMs: number;
  readonly inFlight: number;
  /** Why nothing can be kept; absent while it can. */
  readonly stateProblem?: string;
  readonly retries: ProxyHealth['retries'];
  readonly serving: readonly Serving[];
  readonly lastSwitch?: LastSwitch;
  readonly backends: readonly BackendView[];
  readonly failovers: readonly Told<Failover>[];
  readonly today: { readonly day: string; readonly models: readonly ModelToday[] };
  readonly usdJpy?: number;
  readonly configuration: Readonly<Record<string, unknown>>;
}

/** Failovers that are shown. */
const failoversShown = 12;

/** Looks at everything once. */
export const diagnostics = async (parts: DiagnosticsParts): Promise<Diagnostics> => {
  const { system, clock, version, openedAt } = parts;
  const looks = await parts.reachability.looks();
  const today = await todayOf(parts);
  const stateProblem = await parts.stateProblem();
  const health = parts.health();
  const now = clock.now();
  const timeOf = (at: number): string => new Date(clock.wall() - (now - at)).toISOString();
  const serving = servingOf(system, health, looks);
  const told = <T extends { readonly at: number }>({ at, ...rest }: T) => ({
    ...rest,
    time: timeOf(at),
    agoMs: Math.round(now - at),
  });
  const lastSwitch = lastSwitchOf(parts.failovers, health, told);
  const { usdJpy } = system.economics.fx ?? {};
  return {
    service: 'spillway',
    version,
    status: parts.isDraining() ? 'draining' : health.status,
    now: timeOf(now),
    uptimeMs: Math.round(now - openedAt),
    inFlight: health.inFlight,
    ...(stateProblem !== undefined && { stateProblem }),
    retries: health.retries,
    serving,
    ...(lastSwitch && { lastSwitch }),
    backends: health.backends.map((backend) => {
      const look = looks.get(backend.name);
      const change = backend.changes.at(-1);
      const cause = backend.changes.findLast(({ failure }) => failure)?.failure;
      return {
        name: backend.name,
        kind: system.backends.find(({ name }) => name === backend.name)?.wire ?? '',
        residency: backend.residency,
        isServing: serving.some((it) => it.backend === backend.name),
        breaker: backend.breaker,
        ...(change && { since: timeOf(change.at), sinceMs: Math.round(now - change.at) }),
        ...(backend.breaker !== 'closed' && cause && { why: cause }),
        running: backend.running,
        slots: backend.slots,
        queued: backend.queued,
        ...(backend.loadedModels && { loadedModels: backend.loadedModels }),
        models: modelsOf(backend),
        alarms: backend.alarms,
        secondOpinions: backend.secondOpinions,
        ...(look && { reach: look.diagnosis, reachAgoMs: Math.round(now - look.lookedAt) }),
      };
    }),
    failovers: parts.failovers.latest.slice(0, failoversShown).map((it) => told(it)),
    today,
    ...(usdJpy !== undefined && { usdJpy }),
    configuration: configurationOf(system),
  };
};

const modelsOf = ({ models }: BackendHealth): readonly ModelView[] =>
  models
    .filter(({ breaker }) => breaker !== 'closed')
    .map(({ model, breaker, changes }) => {
      const why = changes.findLast(({ failure }) => failure)?.failure;
      return { model, breaker, ...(why && { why }) };
    });

const servingOf = (
  system: System,
  { backends }: ProxyHealth,
  looks: ReadonlyMap<string, Look>,
): readonly Serving[] =>
  system.models.map(({ name, candidates, residency }) => {
    const inOrder = candidates
      .flatMap(({ backend: at, model }) => {
        const backend = backends.find((it) => it.name === at);
        return backend ? [{ ...backend, isOpen: isOpen(backend, model) }] : [];
      })
      .filter((backend) => residency !== 'local-only' || backend.residency === 'local');
    const next = inOrder.find((backend) => !backend.isOpen);
    return {
      model: name,
      ...(next && { backend: next.name, residency: next.residency }),
      isPreferred: next !== undefined && next === inOrder[0],
      isOutOfReach: looks.get(next?.name ?? '')?.diagnosis.isReachable === false,
    };
  });

/** Whether the backend, or the model on it, is shut out. */
const isOpen = ({ breaker, models }: BackendHealth, model: string): boolean =>
  breaker !== 'closed' || models.some((it) => it.model === model && it.breaker !== 'closed');

const lastSwitchOf = (
  { latest: [failover] }: FailoverList,
  { backends }: ProxyHealth,
  told: <T extends { readonly at: number }>(event: T) => Told<T>,
): LastSwitch | undefined => {
  const changes = backends.flatMap(({ name, changes: all }) =>
    all.map(({ at, to, failure }) => ({
      at,
      kind: to === 'closed' ? ('closed' as const) : ('opened' as const),
      backend: name,
      ...(failure && { reason: failure.reason }),
    })),
  );
  const change = changes.toSorted((one, other) => other.at - one.at)[0];
  // The failure that opened a circuit is the one that was failed over from: told as that.
  const isSame = failover && change?.kind === 'opened' && change.at - failover.at <= sameMs;
  if (failover && (!change || failover.at >= change.at || isSame === true))
    return { kind: 'failover', ...told(failover) };

  return change && told(change);
};

/** A failure reaches the circuit and the list of failovers within the same turn. */
const sameMs = 50;

const todayOf = async ({
  clock,
  ledger,
  system,
}: DiagnosticsParts): Promise<Diagnostics['today']> => {
  const day = new Date(clock.wall()).toISOString().slice(0, 10);
  const rows = groupedUsage(await ledger.rows({ from: day, to: day }), ['model', 'backend']);
  const local = new Set(
    system.backends.filter(({ residency }) => residency === 'local').map(({ name }) => name),
  );
  const models = groupedUsage(rows, ['model']).map((all) => {
    const atHome = rows.filter((row) => row.model === all.model && local.has(row.backend));
    const [home] = groupedUsage(atHome, ['model']);
    const { model, requests, failedRequests, inputTokens, outputTokens } = all;
    return {
      model,
      requests,
      failedRequests,
      inputTokens,
      outputTokens,
      ...(outputTokens > 0 && { localRatio: (home?.outputTokens ?? 0) / outputTokens }),
      costUsd: all.costUsd,
      unpricedAttempts: all.unpricedAttempts,
      capacityValueUsd: home?.counterfactualUsd ?? {},
    };
  });
  return { day, models };
};

/** What may be shown of the file. */
const configurationOf = (system: System): Readonly<Record<string, unknown>> => ({
  listen: `${system.listen.host}:${system.listen.port}`,
  state: system.state.kind,
  midStream: system.midStream,
  cold: system.cold,
  commitOn: system.commitOn,
  spill: system.spill,
  breaker: system.breaker,
  keys: system.keys.map(({ name, residency }) => `${name} (${residency})`),
  backends: system.backends.map((backend) => ({
    name: backend.name,
    urls: backend.urls.map((url) => new URL(url).host),
    slots: backend.slots,
    connectMs: backend.connectMs,
    firstTokenMs: backend.firstTokenMs,
    firstTokenMsMax: backend.firstTokenMsMax,
    stallMs: backend.stallMs,
    suspectMs: backend.suspectMs,
  })),
  models: system.models.map(({ name, candidates }) => ({
    name,
    candidates: candidates.map(({ backend, model }) => `${backend}: ${model}`),
  })),
});
