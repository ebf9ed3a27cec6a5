/**
 * The body of a request, from bytes to JSON: unpacked if it came packed, and never more of it than
 * we are willing to hold, however small it was on the way.
 */

import { isUtf8 } from 'node:buffer';
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib';

import { ApiError } from './api-error.ts';
import { bodyBytesMax, bodyTooLarge, notJson } from './http-error.ts';
import { asRecord, parseJson } from './json.ts';

type Unpack = (
  packed: Buffer,
  options: { readonly maxOutputLength: number },
  done: (error: Error | null, unpacked: Buffer) => void,
) => void;

const unpacks: Readonly<Record<string, Unpack>> = {
  gzip: gunzip,
  'x-gzip': gunzip,
  deflate: inflate,
  br: brotliDecompress,
  zstd: zstdDecompress,
};

/** Reads a body; nothing is an empty object, since some clients announce JSON and send none. */
export const readBody = async (bytes: Buffer, encoding: string | undefined): Promise<unknown> => {
  if (bytes.length === 0) return {};
  const name = (encoding ?? 'identity').trim().toLowerCase();
  const whole = name === 'identity' || name === '' ? bytes : await unpacked(bytes, name);
  const value = isUtf8(whole) ? parseJson(whole.toString()) : undefined;
  if (value === undefined) throw notJson();
  return value;
};

const unpacked = (bytes: Buffer, name: string): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const unpack = Object.hasOwn(unpacks, name) ? unpacks[name] : undefined;
    if (!unpack) {
      const names = Object.keys(unpacks).join(', ');
      const message = `Unsupported content encoding '${name.slice(0, 40)}'. Use one of: ${names}.`;
      reject(new ApiError({ status: 415, message }));
      return;
    }
    unpack(bytes, { maxOutputLength: bodyBytesMax }, (error, whole) => {
      if (!error) resolve(whole);
      else if (asRecord(error)?.['code'] === 'ERR_BUFFER_TOO_LARGE') reject(bodyTooLarge());
      else
        reject(
          new ApiError({
            status: 400,
            message: `The request body could not be unpacked (${name}).`,
          }),
        );
    });
  });
