/** What an Ollama server says it has: version, models, and which of them are loaded. */

import Type, { type Static, type TSchema } from 'typebox';
import Value from 'typebox/value';
import { request } from 'undici';

import { type Clock, within } from '../time/clock.ts';

interface InventoryModel {
  /** Ollama's tag: `gpt-oss:120b`. */
  readonly tag: string;
  readonly sizeBytes: number;
  readonly parameters?: string;
  readonly quantization?: string;
  readonly capabilities: readonly string[];
  readonly isLoaded: boolean;
  /** The real window of a loaded model. */
  readonly contextLength?: number;
  /** Share of a loaded model that is on the GPU. */
  readonly gpuRatio?: number;
}

export interface Inventory {
  readonly version: string;
  readonly models: readonly InventoryModel[];
}

/** A server that did not answer as Ollama does. */
class InventoryError extends Error {
  override readonly name = 'InventoryError';
  readonly hint: string;

  constructor(problem: string, hint: string, options?: ErrorOptions) {
    super(problem, options);
    this.hint = hint;
  }
}

const details = Type.Object({
  parameter_size: Type.Optional(Type.String()),
  quantization_level: Type.Optional(Type.String()),
});
const versionShape = Type.Object({ version: Type.String() });
const tagsShape = Type.Object({
  models: Type.Array(
    Type.Object({
      name: Type.String(),
      size: Type.Number(),
      details: Type.Optional(details),
      capabilities: Type.Optional(Type.Array(Type.String())),
    }),
  ),
});
const psShape = Type.Object({
  models: Type.Array(
    Type.Object({
      name: Type.String(),
      size: Type.Optional(Type.Number()),
      size_vram: Type.Optional(Type.Number()),
      context_length: Type.Optional(Type.Number()),
    }),
  ),
});

const answerMsMax = 10_000;

/** Asks `/api/version`, `/api/tags` and `/api/ps`. Throws an `InventoryError`. */
export const readInventory = async (url: string, clock: Clock): Promise<Inventory> => {
  const ask = <Shape extends TSchema>(path: string, shape: Shape): Promise<Static<Shape>> =>
    askJson(new URL(path, url), shape, clock);
  const { version } = await ask('/api/version', versionShape);
  const tags = await ask('/api/tags', tagsShape);
  const loaded = await ask('/api/ps', psShape);
  return {
    version,
    models: tags.models.map(({ name, size, details: facts, capabilities }) => {
      const running = loaded.models.find((model) => model.name === name);
      return {
        tag: name,
        sizeBytes: size,
        ...(facts?.parameter_size !== undefined && { parameters: facts.parameter_size }),
        ...(facts?.quantization_level !== undefined && { quantization: facts.quantization_level }),
        capabilities: capabilities ?? [],
        isLoaded: running !== undefined,
        ...(running?.context_length !== undefined && { contextLength: running.context_length }),
        ...(running?.size !== undefined &&
          running.size_vram !== undefined &&
          running.size > 0 && { gpuRatio: running.size_vram / running.size }),
      };
    }),
  };
};

/** Whether anything answers HTTP there, whatever it says. Throws an `InventoryError`. */
export const expectAnswer = async (url: string, clock: Clock): Promise<void> => {
  try {
    const answer = async (): Promise<void> => {
      const { body } = await request(url, { headersTimeout: 0, bodyTimeout: 0 });
      await body.dump();
    };
    await within(clock, answerMsMax, url, answer());
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message || cause.name : String(cause);
    const hint = `Check the address and the network. Try: curl -i ${url}`;
    throw new InventoryError(`nothing answers at ${url}: ${reason}`, hint, { cause });
  }
};

/** Whether a Responses API is there: asked for nothing, it objects. Throws an `InventoryError`. */
export const expectResponses = async (url: string, clock: Clock): Promise<void> => {
  const path = `${url.replace(/\/+$/, '')}/responses`;
  const ask = async (): Promise<number> => {
    const { statusCode, body } = await request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    await body.dump();
    return statusCode;
  };
  await expectAnswer(url, clock);
  const status = await within(clock, answerMsMax, path, ask());
  if (status !== 404 && status !== 405) return;
  throw new InventoryError(
    `no Responses API is at ${url}: POST ${path} answered ${status}`,
    'Give the base URL of the API, with its path: http://127.0.0.1:4000/v1',
  );
};

const askJson = async <Shape extends TSchema>(
  url: URL,
  shape: Shape,
  clock: Clock,
): Promise<Static<Shape>> => {
  const hint = `Is Ollama running there and reachable from here? Try: curl ${url.href}`;
  let value: unknown;
  try {
    const answer = async (): Promise<unknown> => {
      const { statusCode, body } = await request(url, { headersTimeout: 0, bodyTimeout: 0 });
      if (statusCode !== 200) {
        await body.dump();
        throw new Error(`it answered ${statusCode}`);
      }
      return body.json();
    };
    value = await within(clock, answerMsMax, url.href, answer());
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message || cause.name : String(cause);
    throw new InventoryError(`cannot read ${url.href}: ${reason}`, hint, { cause });
  }
  if (!Value.Check(shape, value))
    throw new InventoryError(`${url.href} did not answer as Ollama does`, hint);

  return value;
};
