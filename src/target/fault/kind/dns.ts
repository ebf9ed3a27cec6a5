/**
 * The backend's name: nobody knows it, the resolver fails or says nothing, or it leads somewhere
 * else. Connections that are open do not care, since nobody asks again for them.
 *
 * `stale` is the address of a machine that has moved away: it refuses. `dead-first` is an A record
 * that nobody answers before an AAAA record that works: who tries one address only is lost.
 */

import type { FaultKind, NameAnswer } from './kind.ts';

const answers: Readonly<Record<string, NameAnswer>> = {
  nxdomain: { kind: 'error', code: 'ENOTFOUND', call: 'getaddrinfo' },
  servfail: { kind: 'error', code: 'EAI_AGAIN', call: 'getaddrinfo' },
  hang: { kind: 'silent' },
  stale: { kind: 'addresses', addresses: ['refused'] },
  'dead-first': { kind: 'addresses', addresses: ['dead', 'live'] },
};

/** What Node waits for one address before it tries the next as well (RFC 8305). */
const nextAddressMs = 250;

export const dns: FaultKind = {
  kind: 'dns',
  moments: ['connect'],
  afterTokens: 0,
  needs: [],
  may: ['form'],
  forms: ['nxdomain', 'servfail', 'hang', 'stale', 'dead-first'],
  isFatal: false,
  sees: 'bytes',
  describe: ({ form = 'nxdomain' }) => `has trouble with its name (${form})`,
  onWire: () => undefined,
  onEvents: (events, { form = 'nxdomain' }) => {
    if (form === 'dead-first') return events.holdFor(nextAddressMs);
    if (form === 'hang') return events.neverConnect();
    const reason = form === 'stale' ? 'refused' : 'unreachable';
    events.fail({ reason, evidence: 'hard', message: `the name cannot be used (${form})` });
  },
  onLookup: ({ form = 'nxdomain' }) => answers[form] ?? { kind: 'silent' },
};
