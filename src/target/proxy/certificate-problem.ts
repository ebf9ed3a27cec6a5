/**
 * What it means that a certificate was refused, for people: OpenSSL's codes name the check that
 * failed, not what to do about it.
 */

const unknownAuthority =
  'its certificate is signed by an authority that this machine does not know; a company proxy that ' +
  'looks into TLS signs with its own: name that in `caFile`';

const problems: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired: renew it there',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: look at the clock of this machine',
  CERT_REVOKED: 'its certificate has been revoked: renew it there',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself: name it in `caFile`',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name than the one in `url`',
  HOSTNAME_MISMATCH: 'its certificate is for another name than the one in `url`',
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS on this port: `http://` is meant, perhaps',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it does not speak TLS on this port: `http://` is meant, perhaps',
  EPROTO: 'it does not speak TLS as we do: `http://` is meant, perhaps',
};

/** What is wrong with the other side's TLS; undefined when the code is about something else. */
export const certificateProblem = (code: string): string | undefined =>
  Object.hasOwn(problems, code) ? problems[code] : undefined;
