/**
 * The certificate is bad: expired, for another name, or signed by nobody. Everything else about the
 * server is well, so the handshake fails in milliseconds, and goes on failing until somebody acts.
 */

import type { CertificateFlaw } from '../certificate.ts';
import type { FaultKind } from './kind.ts';

const forms = ['expired', 'wrong-name', 'untrusted'] as const;

const messages: Readonly<Record<CertificateFlaw, string>> = {
  expired: 'certificate has expired',
  'wrong-name': "hostname does not match certificate's altnames",
  untrusted: 'self-signed certificate',
};

export const certificate: FaultKind = {
  kind: 'certificate',
  moments: ['connect'],
  afterTokens: 0,
  needs: [],
  may: ['form'],
  forms,
  isFatal: true,
  sees: 'bytes',
  isOnFresh: true,
  isTlsOnly: true,
  describe: ({ form }) => `shows a certificate that is bad (${flawOf(form)})`,
  onWire: (connection, { form }) => connection.showCertificate(flawOf(form)),
  onEvents: (events, { form }) =>
    events.fail({
      reason: 'tls',
      evidence: 'hard',
      message: messages[flawOf(form)],
      isLasting: true,
    }),
};

const flawOf = (form: string | undefined): CertificateFlaw =>
  forms.find((it) => it === form) ?? 'expired';
