/** What every simulated server is given, and what it gives to whoever opens it. */

import type { FastifyInstance } from 'fastify';

import type { Random } from '../../random/random.ts';
import type { Clock } from '../../time/clock.ts';
import type { FaultedBox } from '../fault/kind/kind.ts';
import type { EmitGeneration } from './generation-note.ts';

export interface SimulationContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly emit: EmitGeneration;
}

export interface SimulatedServer {
  readonly app: FastifyInstance;
  /** Requests being served, and waiting. */
  /** The machine itself, for what may happen to it; a cloud has none that anybody could touch. */
  readonly box?: FaultedBox;
  load(): { readonly running: number; readonly queued: number };
}
