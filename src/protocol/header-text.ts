/**
 * Names as values of headers, which hold visible ASCII only (RFC 9110, 5.5): the rest is written in
 * percent signs, as in addresses. A backend may be called スパーク.
 */

import { isUtf8 } from 'node:buffer';

/** A text as the value of a header. */
export const headerText = (text: string): string =>
  text.toWellFormed().replaceAll(/[^ -~]|%/gu, encodeURIComponent);

/** What the value of a header says, also where somebody sent it as bare UTF-8. */
export const textOfHeader = (value: string): string => {
  // Node reads headers byte by byte.
  const bytes = Buffer.from(value, 'latin1');
  const text = isUtf8(bytes) ? bytes.toString() : value;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};
