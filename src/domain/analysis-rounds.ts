// Judgement on an analysis: how much of a document one request takes, what a round asks, and how much time it has. Pure.

import type { Target } from './target.ts';
import { textTokens } from './text-tokens.ts';

/** Tokens of a document that fit one request to every one of the targets, beside the instructions and the answer. */
export function documentRoom(input: {
  readonly targets: readonly Pick<Target, 'contextWindow' | 'maxOutputTokens'>[];
  /** Instructions and schema. */
  readonly instructions: string;
  readonly maxTokens?: number;
}): number {
  const { targets, instructions, maxTokens = USUAL_ANSWER } = input;
  const windows = targets.map(({ contextWindow = ASSUMED_WINDOW }) => contextWindow);
  const window = Math.min(...windows, Infinity);
  const answer = Math.min(maxTokens, window / 4);
  return Math.floor((window - answer) * SAFETY - textTokens(instructions));
}

/** Of a model of which nothing is known. */
const ASSUMED_WINDOW = 128_000;
const USUAL_ANSWER = 4_096;
/** Our estimate is not the model's tokeniser. */
const SAFETY = 0.8;

/** A line of a round's batch. */
export interface Piece {
  /** By its number in the file of documents, from 0. */
  readonly document: number;
  /** From 0. */
  readonly part: number;
  readonly parts: number;
}

/** Unique in its round. */
export function pieceId({ document, part }: Piece): string {
  return `d${document}.p${part}`;
}

export function instructionsFor(prompt: string, piece: Piece): string {
  if (piece.parts === 1) return prompt;
  return `${prompt}\n\nThe document is too long to be read at once. This is part ${piece.part + 1} of ${piece.parts}: answer for this part only.`;
}

export function mergeInstructions(prompt: string, piece: Piece): string {
  const whole = piece.parts === 1;
  return `${prompt}\n\nThe document was too long to be read at once, and was read in parts. What follows are the answers for ${
    whole ? 'all of its parts' : 'some of its parts'
  }, in order. Make one answer of them, in the same form, as if you had read ${whole ? 'the whole document' : 'these parts'} yourself: leave nothing out, name nothing twice.`;
}

export function numberedAnswers(answers: readonly string[], first: number): string {
  return answers.map((answer, index) => `Answer ${first + index + 1}:\n${answer}`).join('\n\n');
}

/**
 * Answers of neighbouring parts, as many together as fit: the index of the first of each group. Null when they cannot be
 * merged, as not even two of them fit.
 */
export function mergeGroups(answers: readonly string[], room: number): readonly number[] | null {
  const begins: number[] = [];
  let tokens = Infinity;
  for (const [index, answer] of answers.entries()) {
    const added = textTokens(answer) + TOKENS_OF_HEADING;
    if (tokens + added > room) {
      begins.push(index);
      tokens = 0;
    }
    tokens += added;
  }
  // Each round has to come closer to one answer.
  return begins.length <= answers.length / 2 || begins.length === 1 ? begins : null;
}

const TOKENS_OF_HEADING = 8;

/** A round that others have to follow leaves them some of the time. */
export function roundTimeMs(leftMs: number, hasMore: boolean): number {
  return Math.max(1, Math.floor(hasMore ? leftMs * 0.7 : leftMs));
}
