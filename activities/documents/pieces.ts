// What each line of a round's batch asks, and what it was answered: pieces by number, answers by place in the batch's files.

import type { AnalysisRound } from '../../src/domain/analysis.ts';
import type { Piece } from '../../src/domain/analysis-rounds.ts';
import { pieceId } from '../../src/domain/analysis-rounds.ts';
import { analysisKey } from '../../src/domain/ids.ts';
import type { Files } from '../../src/domain/files.ts';
import { isRecord, parseJson } from '../../src/domain/json-value.ts';
import { jsonLines } from '../batch/lines.ts';
import { textLines } from '../batch/text-lines.ts';
import type { DocumentDeps } from './document-deps.ts';

export function piecesKey(analysisId: string, round: number): string {
  return `${analysisKey(analysisId)}.r${round}.jsonl`;
}

/** The pieces of a round by document, in the order of the documents. */
export async function* piecesOf(
  { blobs }: Pick<DocumentDeps, 'blobs'>,
  at: { readonly analysisId: string; readonly round: number },
): AsyncGenerator<readonly Piece[]> {
  let open: Piece[] = [];
  for await (const piece of jsonLines<Piece>(blobs, piecesKey(at.analysisId, at.round))) {
    if (open[0] && open[0].document !== piece.document) {
      yield open;
      open = [];
    }
    open.push(piece);
  }
  if (open.length > 0) yield open;
}

export type PieceAnswer =
  | { readonly text: string }
  | { readonly error: { readonly code: string; readonly message: string; readonly attempts?: unknown } };

/** Answers of one round. Only where each lies is in memory. */
export class RoundAnswers {
  readonly #files: Files;
  readonly #places = new Map<string, { readonly fileId: string; readonly start: number; readonly end: number }>();

  private constructor(files: Files) {
    this.#files = files;
  }

  static async read(files: Files, round: AnalysisRound): Promise<RoundAnswers> {
    const answers = new RoundAnswers(files);
    for (const fileId of [round.outputFileId, round.errorFileId]) if (fileId !== null) await answers.#index(fileId);
    return answers;
  }

  async of(piece: Piece): Promise<PieceAnswer> {
    const place = this.#places.get(pieceId(piece));
    const content = place && (await this.#files.read(place.fileId, place));
    if (!content) return { error: { code: 'not_asked', message: 'The batch has no record of it.' } };
    for await (const text of textLines(content)) return answerOf(text);
    return { error: { code: 'not_asked', message: 'The batch has no record of it.' } };
  }

  async #index(fileId: string): Promise<void> {
    const content = await this.#files.read(fileId);
    if (!content) throw new Error(`The file ${fileId} is gone.`);
    let at = 0;
    for await (const text of textLines(content)) {
      const end = at + Buffer.byteLength(text);
      const line = parseJson(text);
      const id = isRecord(line) ? line['custom_id'] : null;
      if (typeof id === 'string') this.#places.set(id, { fileId, start: at, end });
      at = end + 1;
    }
  }
}

/** The caller has made the request, so it is one message of text, or an error. */
function answerOf(text: string): PieceAnswer {
  const { response, error } = JSON.parse(text) as {
    readonly response: { readonly body: { readonly choices: readonly { readonly message: AnswerMessage }[] } } | null;
    readonly error: Extract<PieceAnswer, { readonly error: unknown }>['error'] | null;
  };
  if (error) return { error };
  const message = response?.body.choices[0]?.message;
  if (message?.refusal) return { error: { code: 'refused', message: 'The model refused to answer.' } };
  return { text: message?.content ?? '' };
}

interface AnswerMessage {
  readonly content: string | null;
  readonly refusal?: string | null;
}
