/**
 * Documents a workload works through, read once from a folder, within bounds.
 *
 * Only `.md` and `.txt` files directly in the folder count, in the order of their names, so that
 * the same folder gives the same sessions.
 */

import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { Tokenizer } from '../token/tokenizer.ts';
import { WorkloadError } from './check.ts';

export interface WorkloadDocument {
  readonly name: string;
  readonly text: string;
}

const documentCountMax = 500;
const documentBytesMax = 256 * 1024;
/** Half of a context of 32,768: the answers and what is asked have to fit beside it. */
const documentTokensMax = 16_384;

/** Reads the documents of a folder; `at` is where the scenario names it. */
export const readDocuments = async (
  folder: string,
  at: string,
  tokenizer: Tokenizer,
): Promise<readonly WorkloadDocument[]> => {
  const names = await documentNames(folder, at);
  const documents: WorkloadDocument[] = [];
  for (const name of names) documents.push(await readDocument(folder, name, at, tokenizer));

  return documents;
};

const documentNames = async (folder: string, at: string): Promise<readonly string[]> => {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (cause) {
    throw new WorkloadError(
      at,
      `expected a folder that can be read, found ${reasonOf(cause)} for ${folder}`,
      'Name a folder of .md or .txt files, relative to the scenario file.',
      { cause },
    );
  }
  const documents = names.filter((name) => /\.(md|txt)$/i.test(name)).toSorted();
  if (documents.length === 0) {
    throw new WorkloadError(
      at,
      `expected documents, found no .md or .txt file in ${folder}`,
      'Put text files into the folder; subfolders and other formats are not read.',
    );
  }
  if (documents.length > documentCountMax) {
    throw new WorkloadError(
      at,
      `expected at most ${documentCountMax} documents, found ${documents.length} in ${folder}`,
      'Name a folder with a part of them; a session takes one document.',
    );
  }
  return documents;
};

const readDocument = async (
  folder: string,
  name: string,
  at: string,
  tokenizer: Tokenizer,
): Promise<WorkloadDocument> => {
  const path = join(folder, name);
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > documentBytesMax) throw tooLong(at, path, `${documentBytesMax} bytes`, size);
    text = (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    if (cause instanceof WorkloadError) throw cause;
    throw new WorkloadError(
      at,
      `expected a file that can be read, found ${reasonOf(cause)} for ${path}`,
      'Make it readable, or move it out of the folder.',
      { cause },
    );
  }
  if (text === '') {
    throw new WorkloadError(at, `expected text, found nothing in ${path}`, 'Remove the file.');
  }
  const tokens = tokenizer.count(text);
  if (tokens > documentTokensMax) throw tooLong(at, path, `${documentTokensMax} tokens`, tokens);

  return { name, text };
};

const tooLong = (at: string, path: string, limit: string, found: number): WorkloadError =>
  new WorkloadError(
    at,
    `expected documents of at most ${limit}, found ${found} in ${path}`,
    'Split the document: it has to fit into the context of the model, beside the answers.',
  );

const reasonOf = (cause: unknown): string =>
  cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
