/**
 * Opens a workload: from an entry of a scenario to a source of sessions.
 *
 *     entry ──▶ habits (laws) ──▶ session n: draws ──▶ turns: words of the drawn lengths
 *
 * Each session draws from a stream of its own, forked by its number, and each turn from a stream
 * forked from that. So the plan of a session does not depend on who asks for it, or when.
 */

import { resolve } from 'node:path';

import { integerBetween, pick } from '../random/distribution.ts';
import type { Random } from '../random/random.ts';
import type { Language } from '../token/prose.ts';
import { textOfTokens } from '../token/text.ts';
import type { Tokenizer } from '../token/tokenizer.ts';
import { WorkloadError, workloadMistakes } from './check.ts';
import { readDocuments, type WorkloadDocument } from './document.ts';
import { extractionFormat } from './extraction.ts';
import { draw, type Law } from './law.ts';
import { askForLength, phrases } from './phrase.ts';
import { type Habits, habitsOf } from './habit.ts';
import type { WorkloadSpec } from './schema.ts';
import { type TurnPlan, turnMark, type Workload } from './session.ts';
import { officeTools, toolResults } from './tool.ts';

/** What a workload is opened with. */
export interface WorkloadParts {
  /** The run's stream; the workload takes forks of it by its name. */
  readonly random: Random;
  readonly tokenizer: Tokenizer;
  /** Factor on think time. */
  readonly thinkScale: number;
  /** Folder of the scenario file, which `documents` is relative to. */
  readonly directory: string;
  /** Place of the entry in `workloads:`, from 0, for messages. */
  readonly index: number;
}

/** Opens one entry of `workloads:`; throws a `WorkloadError` if it cannot be played as written. */
export const openWorkload = async (spec: WorkloadSpec, parts: WorkloadParts): Promise<Workload> => {
  const { tokenizer, thinkScale, index } = parts;
  const [mistake] = workloadMistakes(spec);
  if (mistake) {
    const at = `workloads[${index}].${mistake.path}`;
    throw new WorkloadError(at, mistake.problem, mistake.hint);
  }
  const documents = spec.documents
    ? await readDocuments(
        resolve(parts.directory, spec.documents),
        `workloads[${index}].documents`,
        tokenizer,
      )
    : [];
  const random = parts.random.fork(`workload ${spec.name}`);
  const language = spec.language ?? 'ja';
  const habits = habitsOf(spec);
  const instructions = instructionsOf(spec, habits, random.fork('instructions'), tokenizer);
  const write = writerOf(spec.profile, { language, tokenizer, documents });

  return {
    name: spec.name,
    session: (number) => {
      const session = random.fork(`session ${number}`);
      const turnCount = draw(habits.turns, session.fork('turns'));
      const turns = Array.from({ length: turnCount }, (_, at): TurnPlan => {
        const chance = session.fork(`turn ${at + 1}`);
        const habit = habits.turn(at);
        const thinkMs = draw(habit.thinkMs, chance.fork('think')) * thinkScale;
        const wantedTokens = draw(habit.answerTokens, chance.fork('answer'));
        const turn = write({ number, at, wantedTokens, ...habit, random: chance.fork('prompt') });

        return {
          promptTokens: tokenizer.count(turn.prompt),
          thinkMs: at === 0 ? 0 : thinkMs,
          wantedTokens,
          maxOutputTokens: outputTokensMaxOf(wantedTokens),
          ...turn,
        };
      });
      return {
        workload: spec.name,
        number,
        ...(instructions === undefined ? {} : { instructions }),
        turns,
      };
    },
  };
};

/** Room for reasoning, which the limit counts too, and for a model that overshoots. */
const outputTokensMaxOf = (wantedTokens: number): number => 2 * wantedTokens + 512;

const instructionsOf = (
  spec: WorkloadSpec,
  habits: Habits,
  random: Random,
  tokenizer: Tokenizer,
): string | undefined => {
  if (spec.profile === 'scripted') return undefined;

  const language = spec.language ?? 'ja';
  const role = `${phrases[language].roles[spec.profile]}\n`;
  const left = Math.max(0, habits.instructionTokens - tokenizer.count(role));
  return role + textOfTokens(tokenizer, random, language, left);
};

/** One turn to be put into words. */
interface Assignment {
  readonly number: number;
  /** Position in the session, from 0. */
  readonly at: number;
  readonly wantedTokens: number;
  readonly prompt?: string;
  readonly promptTokens?: Law;
  readonly random: Random;
}

type Written = Pick<TurnPlan, 'prompt'> & Partial<TurnPlan>;

interface Material {
  readonly language: Language;
  readonly tokenizer: Tokenizer;
  readonly documents: readonly WorkloadDocument[];
}

const writerOf = (
  profile: WorkloadSpec['profile'],
  material: Material,
): ((assignment: Assignment) => Written) => {
  switch (profile) {
    case 'chat':
    case 'office-rag':
    case 'scripted':
      return (assignment) => writeProse(assignment, material);
    case 'agent-tools':
      return (assignment) => writeAgentTurn(assignment, material);
    case 'private-miner':
      return (assignment) => writeMinerTurn(assignment, material);
  }
};

const writeProse = (assignment: Assignment, material: Material): Written => {
  const { language } = material;
  const lastSentence = askForLength(language, assignment.wantedTokens);
  return { prompt: promptOf(assignment, material, phrases[language].questions, lastSentence) };
};

const writeAgentTurn = (assignment: Assignment, material: Material): Written => {
  const { language } = material;
  return {
    prompt: promptOf(assignment, material, [], phrases[language].lookUp),
    tools: officeTools,
    toolResult: pick(assignment.random.fork('result'), toolResults[language]),
    toolRounds: integerBetween(assignment.random.fork('rounds'), 1, 3),
  };
};

const writeMinerTurn = (assignment: Assignment, { language, documents }: Material): Written => {
  const { number, at, wantedTokens } = assignment;
  const mark = turnMark(number, at + 1);
  if (at === 0) {
    // In turn, so that no document is left out.
    const document = documents[(number - 1) % documents.length];
    return {
      prompt: `${mark}\n${document?.text ?? ''}\n\n${phrases[language].extract}`,
      format: extractionFormat,
      maxOutputTokens: extractionTokensMax,
    };
  }
  const { followUps } = phrases[language];
  const question = followUps[(at - 1) % followUps.length] ?? '';
  return { prompt: `${mark}\n${question} ${askForLength(language, wantedTokens)}` };
};

/** The JSON of a document of a page, several times over. */
const extractionTokensMax = 3072;

/**
 * Mark, question, words, and the last sentence; exactly as long as drawn, unless what is fixed
 * leaves no room. A short prompt has no question.
 *
 * A vocabulary of the GPT family never merges across a line break after a bracket or a full stop,
 * nor across a space before a word, so the lengths of the parts add up.
 */
const promptOf = (
  { number, at, prompt, promptTokens, random }: Assignment,
  { language, tokenizer }: Material,
  questions: readonly string[],
  lastSentence: string,
): string => {
  const mark = `${turnMark(number, at + 1)}\n`;
  const tail = ` ${lastSentence}`;
  if (prompt !== undefined) return mark + prompt + tail;

  const wanted = promptTokens ? draw(promptTokens, random.fork('length')) : 0;
  const hasQuestion = questions.length > 0 && wanted >= questionFromTokens;
  const head = hasQuestion ? `${mark}${pick(random.fork('question'), questions)}\n` : mark;
  const left = Math.max(wordTokensMin, wanted - tokenizer.count(head) - tokenizer.count(tail));
  return head + textOfTokens(tokenizer, random.fork('words'), language, left) + tail;
};

/** A question takes some twenty tokens, as do the mark and the last sentence. */
const questionFromTokens = 64;

/** The fewest words worth sending. */
const wordTokensMin = 8;
