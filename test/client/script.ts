/**
 * What the scripted backends say: one script for each model name, so that a client chooses a script
 * by choosing a model.
 *
 * A script is a function of what was asked. It keeps no state, so tests may use the same one at the
 * same time, and what a second turn says shows whether the first one reached the backend.
 */

/** One thing a backend does with an answer. */
export type Piece =
  | { readonly kind: 'think' | 'text'; readonly text: string }
  | { readonly kind: 'call'; readonly name: string; readonly arguments: object }
  /** The limit of output tokens is reached. */
  | { readonly kind: 'length' }
  /** The connection is closed in the middle of the body. */
  | { readonly kind: 'cut' }
  /** Nothing more comes until the proxy leaves. */
  | { readonly kind: 'wait' }
  /** Instead of an answer. */
  | { readonly kind: 'status'; readonly status: number; readonly message: string }
  /** A 200 whose stream says that there were too many requests, as Azure has been seen to do. */
  | { readonly kind: 'limited' };

/** A request, as much of it as a script cares for, whichever wire it came on. */
export interface Asked {
  readonly backend: 'spark' | 'azure';
  readonly model: string;
  /** Every user message of the conversation. */
  readonly questions: readonly string[];
  /** Results of tools, since the last user message. */
  readonly toolOutputs: readonly string[];
  /** Text of the assistant since the last user message: what is to be continued. */
  readonly begun: string;
}

type Script = (asked: Asked) => readonly Piece[];

export const answer = 'The dam holds, and the river goes on below it.';
export const thought = 'The gauge was read at noon.';
export const look = 'Let me look.';
export const begun = 'The dam holds, and ';
export const level = { place: 'Kurobe', isFull: true };
export const note = 'level: "full"\nspill: none';
export const rest = 'the river below it runs as slow and as clear as on any other day of the year.';

/** In small pieces, as models write; the last one ends with the text. */
const spoken = (kind: 'think' | 'text', text: string): readonly Piece[] =>
  (text.match(/\S+\s*/g) ?? []).map((word) => ({ kind, text: word }));

const text: Script = () => spoken('text', answer);

/** Tells which questions have reached it. */
const echo: Script = ({ questions }) => spoken('text', `asked: ${questions.join(' / ')}`);

const thinking: Script = () => [...spoken('think', thought), ...spoken('text', answer)];

/** An object, for a client that has given its schema. */
const json: Script = () => spoken('text', JSON.stringify(level, undefined, 2));

/** Calls a tool, then says what the tool said. */
const tool: Script = ({ toolOutputs }) =>
  toolOutputs.length > 0
    ? spoken('text', `It says: ${toolOutputs.join(', ')}`)
    : [
        ...spoken('text', look),
        { kind: 'call', name: 'level', arguments: { place: 'Kurobe', days: 2 } },
      ];

/** The same, of a model that thinks before it acts: the case of item references. */
const thinkingTool: Script = (asked) => [...spoken('think', thought), ...tool(asked)];

const parallel: Script = ({ toolOutputs }) =>
  toolOutputs.length > 0
    ? spoken('text', `They say: ${toolOutputs.join(', ')}`)
    : ['Kurobe', 'Miyagase'].map((place) => ({
        kind: 'call',
        name: 'level',
        arguments: { place, days: 1 },
      }));

/** Calls a tool that takes free text, which Ollama is offered as a function of one string. */
const custom: Script = ({ toolOutputs }) =>
  toolOutputs.length > 0
    ? spoken('text', `It says: ${toolOutputs.join(', ')}`)
    : [{ kind: 'call', name: 'note', arguments: { input: note } }];

/** Calls a tool that stands in a namespace, by the one name it has for Ollama. */
const namespace: Script = ({ toolOutputs }) =>
  toolOutputs.length > 0
    ? spoken('text', `It says: ${toolOutputs.join(', ')}`)
    : [{ kind: 'call', name: 'dam__level', arguments: { place: 'Kurobe', days: 2 } }];

const incomplete: Script = () => [...spoken('text', begun), { kind: 'length' }];

const endless: Script = () => [...spoken('text', begun), { kind: 'wait' }];

const failed: Script = () => [{ kind: 'status', status: 500, message: 'out of order' }];

/** One backend does what makes the other one answer. */
const sparkFails =
  (pieces: readonly Piece[]): Script =>
  (asked) =>
    asked.backend === 'spark' ? pieces : text(asked);

/** The Spark breaks off in the middle; Azure answers, or goes on where it is asked to. */
const cut: Script = ({ backend, begun: shown }) => {
  if (backend === 'spark') return [...spoken('text', begun), { kind: 'cut' }];
  return spoken('text', shown === '' ? answer : rest);
};

/** Runs a command in the one tool of that kind that Codex offers, then repeats what it printed. */
const command: Script = ({ toolOutputs }) =>
  toolOutputs.length > 0
    ? spoken('text', `It printed: ${/dam-\d+/.exec(toolOutputs.join(' '))?.[0] ?? 'nothing'}`)
    : [{ kind: 'call', name: 'exec_command', arguments: { cmd: 'echo dam-$((20 + 22))' } }];

/** Calls one of the tools that Codex offers in a namespace, and repeats what that told. */
const nested: Script = ({ toolOutputs }) =>
  toolOutputs.length > 0
    ? spoken('text', `It told: ${toolOutputs.join(' ')}`)
    : [{ kind: 'call', name: 'multi_agent_v1__close_agent', arguments: { target: 'nobody' } }];

/** Scripts by the name of the model that plays them. */
export const scripts = {
  text,
  echo,
  thinking,
  json,
  tool,
  'thinking-tool': thinkingTool,
  parallel,
  custom,
  namespace,
  incomplete,
  endless,
  failed,
  /** The Spark's port is closed. */
  refused: text,
  broken: sparkFails([{ kind: 'status', status: 500, message: 'out of order' }]),
  /** Azure is first, and is out of quota. */
  limited: ({ backend, ...asked }: Asked) =>
    backend === 'azure' ? [{ kind: 'limited' }] : text({ backend, ...asked }),
  cut,
  command,
  nested,
} satisfies Readonly<Record<string, Script>>;

export type ScriptName = keyof typeof scripts;

export const isScriptName = (name: string): name is ScriptName => Object.hasOwn(scripts, name);
