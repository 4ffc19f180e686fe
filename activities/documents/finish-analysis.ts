// The activity `finishAnalysis`: one line a document in the order of the documents, answered or failed with the reason, and
// the manifest, which outlives the workflow. Done again, it makes the same.

import { createHash } from 'node:crypto';
import { Context } from '@temporalio/activity';
import type {
  AnalysisFault,
  AnalysisInput,
  AnalysisManifest,
  AnalysisRound,
  AnalysisStop,
  DocumentLine,
  DocumentResult,
} from '../../src/domain/analysis.ts';
import type { Piece } from '../../src/domain/analysis-rounds.ts';
import type { BatchManifest } from '../../src/domain/batch.ts';
import { sumUsd } from '../../src/domain/batch-route.ts';
import { redrivenLines } from '../../src/domain/batch-cost.ts';
import { analysisKey } from '../../src/domain/ids.ts';
import { parseJson } from '../../src/domain/json-value.ts';
import { inPieces, inputLines, readIndex } from '../batch/lines.ts';
import type { DocumentDeps } from './document-deps.ts';
import { piecesOf, RoundAnswers } from './pieces.ts';
import { documentOf } from './read-documents.ts';
import { addSeen } from './seen.ts';
import { writeResults } from './write-results.ts';

export interface FinishAnalysisInput extends Pick<AnalysisInput, 'source' | 'model' | 'schema' | 'output' | 'owner'> {
  readonly analysisId: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** Null: they could not be read. */
  readonly documentsFileId: string | null;
  readonly rounds: readonly AnalysisRound[];
  readonly stop: AnalysisStop | null;
  readonly fault: AnalysisFault | null;
}

export async function finishAnalysis(deps: DocumentDeps, input: FinishAnalysisInput): Promise<AnalysisManifest> {
  const { analysisId, owner, rounds, stop, fault, output, source } = input;
  const results = new Results(deps, input);
  const outputFileId = input.documentsFileId === null ? null : await writeOutput(deps, input, results);
  if (output && outputFileId !== null) await writeResults(deps, { ...output, analysisId, fileId: outputFileId });
  if (source.type === 'folder' && source.newFor !== null) await addSeen(deps.blobs, source.newFor, results.settled);
  const batches = await manifestsOf(deps, rounds);
  const { documents, answered, failures, split } = results;
  const manifest: AnalysisManifest = {
    id: analysisId,
    status: statusOf(input),
    stop,
    fault,
    model: input.model,
    owner,
    documents,
    answered,
    failed: documents - answered,
    failures,
    split,
    redriven: batches.reduce((sum, { steps }) => sum + redrivenLines(steps), 0),
    outputFileId,
    batchIds: rounds.map(({ batchId }) => batchId),
    costUsd: sumUsd(batches.map(({ costUsd }) => costUsd)),
    syncUsd: sumUsd(batches.map(({ syncUsd }) => syncUsd)),
    estimateUsd: sumUsd(batches.map(({ estimateUsd }) => estimateUsd ?? null)),
    createdAt: input.createdAt,
    endedAt: new Date().toISOString(),
  };
  await deps.analysisRecords.writeEnd(manifest);
  return manifest;
}

async function writeOutput(
  { files }: DocumentDeps,
  { analysisId, owner }: FinishAnalysisInput,
  results: Results,
): Promise<string> {
  const name = createHash('sha256').update(analysisId).digest('hex').slice(0, 48);
  const { id } = await files.create({
    id: `file-${name}results`,
    content: inPieces(results.lines()),
    facts: () => ({ purpose: 'batch_output', filename: `${analysisId}.jsonl`, owner }),
  });
  return id;
}

function statusOf({ fault, stop }: FinishAnalysisInput): AnalysisManifest['status'] {
  if (fault) return 'failed';
  if (stop === 'deadline') return 'expired';
  return stop ? 'cancelled' : 'completed';
}

async function manifestsOf(
  { batchRecords }: DocumentDeps,
  rounds: readonly AnalysisRound[],
): Promise<readonly BatchManifest[]> {
  const manifests: BatchManifest[] = [];
  for (const { batchId } of rounds) {
    const manifest = await batchRecords.readEnd(batchId);
    if (manifest) manifests.push(manifest);
  }
  return manifests;
}

/** Where the last word on a document lies. */
interface LastWord {
  readonly round: number;
  readonly pieces: readonly Piece[];
}

class Results {
  documents = 0;
  answered = 0;
  split = 0;
  readonly failures: Record<string, number> = {};
  /** What a schedule need not look at again: answered, or never to be read. */
  readonly settled: [name: string, version: string][] = [];
  readonly #deps: DocumentDeps;
  readonly #input: FinishAnalysisInput;
  readonly #parts = new Map<number, number>();

  constructor(deps: DocumentDeps, input: FinishAnalysisInput) {
    this.#deps = deps;
    this.#input = input;
  }

  async *lines(): AsyncGenerator<string> {
    const { documentsFileId, rounds, analysisId } = this.#input;
    if (documentsFileId === null) return;
    const index = await readIndex(this.#deps.blobs, analysisKey(analysisId));
    if (index.length === 1) return;
    const words = await this.#lastWords();
    const answers: RoundAnswers[] = [];
    for (const round of rounds) answers.push(await RoundAnswers.read(this.#deps.files, round));
    const all = { fileId: documentsFileId, index, lines: [[0, index.length - 1]] as const };
    for await (const { line, text } of inputLines(this.#deps.files, all)) {
      if (line % 500 === 0) Context.current().heartbeat();
      const document = documentOf(text);
      if (!document) continue;
      const result = await this.#resultOf(document, { line, word: words.get(line), answers });
      this.#count(document, result);
      yield JSON.stringify(result);
    }
  }

  async #lastWords(): Promise<ReadonlyMap<number, LastWord>> {
    const words = new Map<number, LastWord>();
    for (const round of this.#input.rounds.keys()) {
      const { analysisId } = this.#input;
      for await (const pieces of piecesOf(this.#deps, { analysisId, round })) {
        const document = pieces[0]?.document ?? 0;
        words.set(document, { round, pieces });
        if (round === 0) this.#parts.set(document, pieces.length);
      }
    }
    return words;
  }

  async #resultOf(
    document: DocumentLine,
    at: { readonly line: number; readonly word: LastWord | undefined; readonly answers: readonly RoundAnswers[] },
  ): Promise<DocumentResult> {
    const { name } = document;
    const parts = this.#parts.get(at.line) ?? 0;
    const failed = (error: NonNullable<DocumentResult['error']>): DocumentResult => ({
      document: name,
      status: 'failed',
      answer: null,
      parts,
      error,
    });
    if ('error' in document) return failed({ code: 'unreadable_document', message: document.error });
    const { fault, stop, schema } = this.#input;
    const answers = at.word && at.answers[at.word.round];
    if (!at.word || !answers) return failed(fault ?? (stop && NOT_ASKED[stop]) ?? EMPTY);
    for (const piece of at.word.pieces) {
      const answer = await answers.of(piece);
      if ('error' in answer) return failed(piece.parts === 1 ? answer.error : ofPart(answer.error, piece));
      if (piece.parts > 1) continue;
      return {
        document: name,
        status: 'answered',
        answer: schema === undefined ? answer.text : (parseJson(answer.text) ?? answer.text),
        parts,
        error: null,
      };
    }
    return failed((stop && NOT_ASKED[stop]) ?? fault ?? UNMERGED);
  }

  #count({ name, version }: DocumentLine, { status, parts, error }: DocumentResult): void {
    this.documents += 1;
    if (status === 'answered') this.answered += 1;
    if (parts > 1) this.split += 1;
    if (error) this.failures[error.code] = (this.failures[error.code] ?? 0) + 1;
    const isSettled = status === 'answered' || error?.code === 'unreadable_document';
    if (isSettled && version !== undefined) this.settled.push([name, version]);
  }
}

function ofPart(
  error: NonNullable<DocumentResult['error']>,
  { part, parts }: Piece,
): NonNullable<DocumentResult['error']> {
  return { ...error, message: `Part ${part + 1} of ${parts}: ${error.message}` };
}

const EMPTY: AnalysisFault = { code: 'empty_document', message: 'The document has no text.' };
const UNMERGED: AnalysisFault = {
  code: 'context_length_exceeded',
  message: 'The answers of its parts are too long to be merged.',
};
const NOT_ASKED: Readonly<Record<AnalysisStop, AnalysisFault>> = {
  cancelled: { code: 'analysis_cancelled', message: 'The analysis was cancelled before the document was done.' },
  deadline: { code: 'analysis_expired', message: 'The deadline passed before the document was done.' },
  cost: { code: 'cost_limit_reached', message: 'max_cost_usd was reached before the document was done.' },
};
