/**
 * Every way a backend fails that the project knows of, and which fault shows it.
 *
 * N is the network, H what HTTP says, R what a stream says, B how a backend behaves.
 */

import { http, network } from './catalogue-network.ts';
import type { CatalogueRow } from './catalogue-row.ts';
import { behaviour, stream } from './catalogue-stream.ts';

/** All rows, in the order of their numbers. */
export const catalogue: readonly CatalogueRow[] = [...network, ...http, ...stream, ...behaviour];
