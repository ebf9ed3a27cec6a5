/**
 * A command breaks the machine itself, and another mends it: for real boxes, where a process is
 * stopped, a link taken down or a host rebooted.
 *
 * No shell reads the command; it runs beside the connections, in `process-fault.ts`.
 */

import type { FaultKind } from './kind.ts';

export const exec: FaultKind = {
  kind: 'exec',
  moments: ['connect'],
  afterTokens: 0,
  needs: ['command'],
  may: ['heal'],
  isFatal: false,
  sees: 'bytes',
  isProcess: true,
  describe: ({ command = [], heal }) =>
    `has \`${command.join(' ')}\` done to it${heal ? `, mended by \`${heal.join(' ')}\`` : ''}`,
  // It never acts on an attempt.
  onWire: () => undefined,
  onEvents: () => undefined,
};
