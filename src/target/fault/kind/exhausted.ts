/**
 * This machine has run out: of file descriptors, or of ports to connect from. The backend is well,
 * and must not be blamed.
 */

import type { FaultKind } from './kind.ts';

const codes: Readonly<Record<string, string>> = { files: 'EMFILE', ports: 'EADDRNOTAVAIL' };

export const exhausted: FaultKind = {
  kind: 'exhausted',
  moments: ['connect'],
  afterTokens: 0,
  needs: [],
  may: ['form'],
  forms: ['files', 'ports'],
  isFatal: false,
  sees: 'bytes',
  describe: ({ form = 'files' }) => `cannot be connected to for want of ${form} on this machine`,
  onWire: () => undefined,
  onEvents: (events, { form = 'files' }) =>
    events.fail({
      reason: 'unreachable',
      evidence: 'soft',
      message: `connect ${codes[form]}`,
      isOurs: true,
    }),
  onLookup: ({ form = 'files' }) => ({
    kind: 'error',
    code: codes[form] ?? 'EMFILE',
    call: 'connect',
  }),
};
