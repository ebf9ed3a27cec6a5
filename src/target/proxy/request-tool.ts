/**
 * The tools of a request: which are kept, how a model is offered them, and how its calls are told
 * to the client.
 *
 *     function            offered as it is
 *     custom (free text)  offered as a function of one string, `input`
 *     namespace           its functions and custom tools, offered as `namespace__name`
 *     any other kind      dropped: nobody here can run it, and the echo shows that it is gone
 *
 * Every wire knows functions, and only some know the other kinds. Agents offer all kinds to every
 * server and expect no quarrel.
 */

import type {
  ClientToolChoice,
  CustomTool,
  FunctionTool,
  NamespaceTool,
  Tool,
  ToolChoice,
  ToolName,
} from '../../protocol/responses.ts';
import { badRequest, wrongType, wrongValue } from './api-error.ts';
import { choiceField, fieldsOf, listOf, requiredString, schemaOf, stringField } from './field.ts';
import { type JsonObject, asRecord } from './json.ts';

/** How a client knows a tool. */
export interface OwnTool {
  readonly type: 'function' | 'custom';
  readonly name: string;
  readonly namespace?: string;
}

/** A tool as models are offered it, and as the client knows it. */
export interface OfferedTool {
  readonly offered: FunctionTool;
  readonly own: OwnTool;
}

/** Reads `tools`. */
export const parseTools = (value: unknown): readonly Tool[] =>
  listOf(value, 'tools').flatMap((tool, at) => parseTool(tool, `tools[${at}]`) ?? []);

const parseTool = (value: unknown, param: string): Tool | undefined => {
  const fields = fieldsOf(value, param);
  switch (requiredString(fields, 'type', `${param}.type`)) {
    case 'function':
      return parseFunction(fields, param);
    case 'custom':
      return parseCustom(fields, param);
    case 'namespace':
      return parseNamespace(fields, param);
    default:
      return undefined;
  }
};

const parseFunction = (fields: JsonObject, param: string): FunctionTool => {
  const parameters = fields['parameters'] ?? undefined;
  const strict = fields['strict'] ?? undefined;
  if (strict !== undefined && typeof strict !== 'boolean')
    throw wrongType(`${param}.strict`, 'a boolean', strict);
  return {
    type: 'function',
    name: requiredString(fields, 'name', `${param}.name`),
    description: stringField(fields, 'description', `${param}.description`) ?? null,
    parameters: parameters === undefined ? null : schemaOf(parameters, `${param}.parameters`),
    strict: strict ?? null,
  };
};

const parseCustom = (fields: JsonObject, param: string): CustomTool => {
  const format = fields['format'] ?? undefined;
  return {
    type: 'custom',
    name: requiredString(fields, 'name', `${param}.name`),
    description: stringField(fields, 'description', `${param}.description`) ?? null,
    ...(format === undefined ? {} : { format: schemaOf(format, `${param}.format`) }),
  };
};

/** Undefined when nothing in it can be offered. */
const parseNamespace = (fields: JsonObject, param: string): NamespaceTool | undefined => {
  const tools = listOf(fields['tools'] ?? [], `${param}.tools`).flatMap((tool, at) => {
    const path = `${param}.tools[${at}]`;
    const inner = fieldsOf(tool, path);
    if (inner['type'] === 'function') return parseFunction(inner, path);
    return inner['type'] === 'custom' ? parseCustom(inner, path) : [];
  });
  if (tools.length === 0) return undefined;
  return {
    type: 'namespace',
    name: requiredString(fields, 'name', `${param}.name`),
    description: stringField(fields, 'description', `${param}.description`) ?? '',
    tools,
  };
};

/** The kept tools as functions, each under a name of its own. */
export const offeredTools = (tools: readonly Tool[]): readonly OfferedTool[] => {
  const freeName = freeNames();
  const offer = (tool: FunctionTool | CustomTool, namespace?: NamespaceTool): OfferedTool => {
    const name = freeName(flatName(tool.name, namespace?.name));
    const own = {
      type: tool.type,
      name: tool.name,
      ...(namespace ? { namespace: namespace.name } : {}),
    };
    return { offered: { ...functionOf(tool), name }, own };
  };
  return tools.flatMap((tool) =>
    tool.type === 'namespace' ? tool.tools.map((it) => offer(it, tool)) : offer(tool),
  );
};

/** The longest name of a function that OpenAI takes. */
const nameCharsMax = 64;

/** One name for a tool in a namespace, of the letters that every server takes. */
const flatName = (name: string, namespace: string | undefined): string => {
  if (namespace === undefined) return name;
  const first = namespace.replace(/_+$/, '');
  return `${first}__${name}`.replaceAll(/[^\w-]/g, '_').slice(-nameCharsMax);
};

/** Gives each its name, or one like it where that is taken. */
const freeNames = (): ((name: string) => string) => {
  const taken = new Set<string>();
  /** The last number given to a beginning, so that many of one name take no longer than few. */
  const numbers = new Map<string, number>();
  return (name) => {
    const beginning = name.slice(0, nameCharsMax - 7);
    let free = name;
    for (let number = numbers.get(beginning) ?? 1; taken.has(free);) {
      free = `${beginning}_${++number}`;
      numbers.set(beginning, number);
    }
    taken.add(free);
    return free;
  };
};

const functionOf = (tool: FunctionTool | CustomTool): FunctionTool =>
  tool.type === 'function' ? tool : textFunction(tool);

const textFunction = ({ name, description, format }: CustomTool): FunctionTool => {
  const definition = format?.['definition'];
  const grammar =
    typeof definition === 'string'
      ? `\n\nThe input must follow this grammar (${String(format?.['syntax'])}):\n${definition}`
      : '';
  return {
    type: 'function',
    name,
    description: `${description ?? ''}${grammar}`,
    parameters: {
      type: 'object',
      properties: { input: { type: 'string', description: 'The whole input, as plain text.' } },
      required: ['input'],
      additionalProperties: false,
    },
    strict: null,
  };
};

/** The tool that a model means by a name. A name nobody offered is left for the client to judge. */
export const toolCalled = (offered: readonly OfferedTool[], name: string): OwnTool =>
  (
    offered.find((tool) => tool.offered.name === name) ??
    // Models write the namespace their own way at times.
    offered.find(
      ({ own }) => own.namespace !== undefined && name === `${own.namespace}.${own.name}`,
    )
  )?.own ?? { type: 'function', name };

/** The name under which a model knows what the client calls `own`. */
export const offeredName = (offered: readonly OfferedTool[], own: OwnTool): string =>
  offered.find(
    (tool) =>
      tool.own.type === own.type &&
      tool.own.name === own.name &&
      tool.own.namespace === own.namespace,
  )?.offered.name ?? flatName(own.name, own.namespace);

const modes = ['none', 'auto', 'required'] as const;

/** Reads `tool_choice`. A demand for tools that were dropped is none. */
export const parseToolChoice = (
  value: unknown,
  offered: readonly OfferedTool[],
): ClientToolChoice => {
  if (typeof value === 'string') {
    const mode = modes.find((it) => it === value);
    if (mode === undefined) throw wrongValue('tool_choice', value, modes);
    return mode === 'required' && offered.length === 0 ? 'auto' : mode;
  }
  const fields = fieldsOf(value, 'tool_choice');
  const type = requiredString(fields, 'type', 'tool_choice.type');
  if (type === 'function' || type === 'custom') {
    const choice = { type, name: requiredString(fields, 'name', 'tool_choice.name') } as const;
    if (chosen(offered, choice).length > 0) return choice;
    throw badRequest(
      `Tool choice '${choice.name}' not found in 'tools' parameter.`,
      'tool_choice',
      'invalid_value',
    );
  }
  if (type !== 'allowed_tools') return 'auto';
  const mode = choiceField(fields, 'mode', ['auto', 'required'], 'tool_choice.mode') ?? 'auto';
  const tools = listOf(fields['tools'] ?? [], 'tool_choice.tools').flatMap((tool): ToolName[] => {
    const { type: kind, name } = asRecord(tool) ?? {};
    return typeof name === 'string' && (kind === 'function' || kind === 'custom')
      ? [{ type: kind, name }]
      : [];
  });
  return { type, mode, tools };
};

/** A tool in a namespace may be meant by its own name, or by the name it is offered under. */
const chosen = (offered: readonly OfferedTool[], { name }: ToolName): readonly OfferedTool[] =>
  offered.filter((tool) => tool.own.name === name || tool.offered.name === name);

/** What a model may call, and what it must: the functions to offer, in words of every wire. */
export interface ToolOffer {
  readonly tools: readonly FunctionTool[];
  readonly toolChoice: ToolChoice;
}

/** `allowed_tools` is a hard constraint: a tool that is not offered cannot be called. */
export const toolOffer = (
  offered: readonly OfferedTool[],
  toolChoice: ClientToolChoice,
): ToolOffer => {
  if (typeof toolChoice === 'string')
    return { tools: offered.map((tool) => tool.offered), toolChoice };
  if (toolChoice.type !== 'allowed_tools') {
    const [tool] = chosen(offered, toolChoice);
    const name = tool?.offered.name ?? toolChoice.name;
    return {
      tools: offered.map((it) => it.offered),
      toolChoice: { type: 'function', name },
    };
  }
  const names = new Set(toolChoice.tools.map(({ name }) => name));
  const allowed = offered.filter(
    (tool) => names.has(tool.own.name) || names.has(tool.offered.name),
  );
  return {
    tools: allowed.map((tool) => tool.offered),
    toolChoice: allowed.length === 0 ? 'auto' : (toolChoice.mode ?? 'auto'),
  };
};

/** The names that a model may call; undefined where the client has set no bound. */
export const callableNames = (
  offered: readonly OfferedTool[],
  toolChoice: ClientToolChoice,
): ReadonlySet<string> | undefined => {
  if (toolChoice === 'none') return new Set();
  if (typeof toolChoice === 'string') return undefined;
  const offer = toolOffer(offered, toolChoice);
  return typeof offer.toolChoice === 'object' && offer.toolChoice.type === 'function'
    ? new Set([offer.toolChoice.name])
    : new Set(offer.tools.map(({ name }) => name));
};
