/**
 * Draws a whole experiment from one seed: swarm testing.
 *
 * Of each thing that may be, a draw first decides whether it is at all, and then how often: most
 * mixtures leave most things out, which finds what a mixture of everything hides. All that goes
 * wrong ends at one instant; sessions that begin well after it must find everything mended.
 *
 *     0 ──── sessions, faults, quirks ──── faultsUntil ──▶ calm ──▶ recovery sessions
 *
 * Swarm Testing, Groce et al., ISSTA 2012, https://doi.org/10.1145/2338965.2336763
 */

import { integerBetween, pick } from '../../src/random/distribution.ts';
import { seeded } from '../../src/random/random.ts';
import type { System } from '../../src/system/system.ts';
import type { PlannedFault } from '../../src/target/fault/fault.ts';
import type { Quirk } from './quirk.ts';
import { chance, drawFaults, drawJumps, drawQuirks, type Jump } from './swarm-fault.ts';
import { drawSessions, recoverySession, type SwarmSession } from './swarm-session.ts';
import { drawSystem, drawTenure, type Reload } from './swarm-system.ts';

export interface Swarm {
  readonly seed: number;
  readonly system: System;
  readonly faults: readonly PlannedFault[];
  readonly quirks: readonly Quirk[];
  readonly jumps: readonly Jump[];
  /** The proxy is given other files, in this order. */
  readonly reloads: readonly Reload[];
  /** The proxy is stopped, and serves nobody from here on. */
  readonly stopAt?: number;
  /** For how long events are kept to be told together; 0: each by itself. */
  readonly groupMs: number;
  /** Nothing goes wrong from here on. */
  readonly faultsUntil: number;
  readonly sessions: readonly SwarmSession[];
  /** Played one after the other once the sessions are over and the calm has lasted. */
  readonly recovery: readonly SwarmSession[];
  /** How long storing takes, and which share of it, or of looking up, fails while faults last. */
  readonly store: {
    readonly delayMs: number;
    readonly failRatio: number;
    readonly lookFailRatio: number;
  };
  /** Cloud money after which no more may be spent. */
  readonly spendMaxUsd: number;
}

/** Draws the experiment of a seed. */
export const drawSwarm = (seed: number): Swarm => {
  const random = seeded(`swarm ${seed}`);
  const faultsUntil = integerBetween(random.fork('until'), 4, 40) * 1000;
  const system = drawSystem(random.fork('system'));
  const sessions = drawSessions(random.fork('sessions'), system, faultsUntil);
  const wrong = random.fork('wrong');
  return {
    seed,
    system,
    faults: drawFaults(wrong.fork('faults'), { system, sessions, faultsUntil }),
    quirks: chance(wrong, 0.4) ? drawQuirks(wrong.fork('quirks'), system, faultsUntil) : [],
    jumps: drawJumps(random.fork('jumps'), faultsUntil),
    ...drawTenure(random.fork('tenure'), system, faultsUntil),
    groupMs: pick(random.fork('groups'), [0, 0, 5, 100]),
    faultsUntil,
    sessions,
    recovery: system.models.map((model, at) => recoverySession(model, sessions.length + at + 1)),
    store: {
      delayMs: pick(random.fork('store'), [0, 0, 3, 80]),
      failRatio: chance(wrong, 0.1) ? 0.2 : 0,
      lookFailRatio: chance(random.fork('looks'), 0.05) ? 0.2 : 0,
    },
    spendMaxUsd: chance(random.fork('money'), 0.1) ? 0.0005 : Number.POSITIVE_INFINITY,
  };
};
