// The activity `planRound`: writes the input file of a round's batch and the record of its start. The first round asks about
// the documents, or their parts; each further one merges answers of parts. Done again, it makes the same.

import { createHash } from 'node:crypto';
import { Context } from '@temporalio/activity';
import type { AnalysisFault, AnalysisInput, AnalysisRound } from '../../src/domain/analysis.ts';
import type { Piece } from '../../src/domain/analysis-rounds.ts';
import {
  documentRoom,
  instructionsFor,
  mergeGroups,
  mergeInstructions,
  numberedAnswers,
  pieceId,
  roundTimeMs,
} from '../../src/domain/analysis-rounds.ts';
import type { BatchInput, BatchStart } from '../../src/domain/batch.ts';
import type { ModelEntry } from '../../src/domain/catalog.ts';
import { findModel } from '../../src/domain/catalog.ts';
import { formatDuration } from '../../src/domain/duration.ts';
import { analysisKey } from '../../src/domain/ids.ts';
import { splitText } from '../../src/documents/split-text.ts';
import { inPieces, inputLines, readIndex } from '../batch/lines.ts';
import type { DocumentDeps } from './document-deps.ts';
import { piecesKey, piecesOf, RoundAnswers } from './pieces.ts';
import { documentOf } from './read-documents.ts';

export interface PlanRoundInput
  extends Pick<AnalysisInput, 'model' | 'prompt' | 'schema' | 'maxTokens' | 'rescue' | 'owner'> {
  readonly analysisId: string;
  readonly documentsFileId: string;
  /** From 0. */
  readonly round: number;
  /** The round before it; null: this is the first. */
  readonly previous: AnalysisRound | null;
  readonly timeMs: number;
  /** USD; null: no cap. */
  readonly budgetUsd: number | null;
}

export type PlannedRound =
  /** `batch` null: there is nothing to ask. */
  { readonly batch: BatchInput | null; readonly fingerprint: string } | { readonly fault: AnalysisFault };

export async function planRound(deps: DocumentDeps, input: PlanRoundInput): Promise<PlannedRound> {
  const { catalog, files, blobs, batchRecords } = deps;
  const { analysisId, round, model, owner } = input;
  const entry = findModel(catalog, model);
  if (!entry) return { fault: { code: 'model_not_found', message: `There is no model ${JSON.stringify(model)}.` } };
  const room = documentRoom({
    targets: [...lanesOf(entry), ...entry.settings.targets],
    instructions: `${input.prompt}${JSON.stringify(input.schema ?? '')}`,
    ...(input.maxTokens !== undefined && { maxTokens: input.maxTokens }),
  });
  if (room < LEAST_ROOM) {
    const message = 'Beside the instructions and the answer, the context window leaves no room for a document.';
    return { fault: { code: 'context_length_exceeded', message } };
  }
  const name = createHash('sha256').update(`${analysisId}.${round}`).digest('hex').slice(0, 48);
  const batchId = `batch_${name}`;
  const pieces: Piece[] = [];
  const asked = input.previous === null ? firstRound(deps, input, room) : mergeRound(deps, input, input.previous, room);
  const inputFile = await files.create({
    id: `file-${name}in`,
    content: inPieces(requestLines(asked, input, pieces)),
    facts: () => ({ purpose: 'batch', filename: `${analysisId}_round_${round + 1}.jsonl`, owner }),
  });
  await blobs.write(piecesKey(analysisId, round), inPieces(pieces.map((piece) => JSON.stringify(piece))));
  if (pieces.length === 0) return { batch: null, fingerprint: '' };
  const known = await batchRecords.readStart(batchId);
  if (known) return { batch: known.input, fingerprint: known.fingerprint };
  const start = startOf(deps, input, {
    entry,
    batchId,
    inputFileId: inputFile.id,
    hasMore: pieces.some(({ parts }) => parts > 1),
  });
  await batchRecords.writeStart(start);
  return { batch: start.input, fingerprint: start.fingerprint };
}

const LEAST_ROOM = 200;

function lanesOf({ batchTargets, settings }: ModelEntry) {
  return batchTargets ?? settings.targets;
}

interface Asked {
  readonly piece: Piece;
  readonly instructions: string;
  readonly text: string;
}

async function* firstRound(deps: DocumentDeps, input: PlanRoundInput, room: number): AsyncGenerator<Asked> {
  const index = await readIndex(deps.blobs, analysisKey(input.analysisId));
  const all = { fileId: input.documentsFileId, index, lines: [[0, index.length - 1]] as const };
  if (index.length === 1) return;
  for await (const { line, text } of inputLines(deps.files, all)) {
    const document = documentOf(text);
    if (!document || 'error' in document) continue;
    const parts = splitText(document.text, { tokens: room });
    for (const [part, content] of parts.entries()) {
      const piece = { document: line, part, parts: parts.length };
      yield { piece, instructions: instructionsFor(input.prompt, piece), text: content };
    }
  }
}

/** Of documents whose parts have all been answered; the others have failed. */
async function* mergeRound(
  deps: DocumentDeps,
  input: PlanRoundInput,
  previous: AnalysisRound,
  room: number,
): AsyncGenerator<Asked> {
  const { analysisId, round, prompt } = input;
  const answers = await RoundAnswers.read(deps.files, previous);
  for await (const pieces of piecesOf(deps, { analysisId, round: round - 1 })) {
    if (pieces.length === 1) continue;
    const texts: string[] = [];
    for (const piece of pieces) {
      const answer = await answers.of(piece);
      if ('text' in answer) texts.push(answer.text);
    }
    const begins = texts.length === pieces.length ? mergeGroups(texts, room) : null;
    if (!begins) continue;
    for (const [part, begin] of begins.entries()) {
      const piece = { document: pieces[0]?.document ?? 0, part, parts: begins.length };
      const group = texts.slice(begin, begins[part + 1]);
      yield { piece, instructions: mergeInstructions(prompt, piece), text: numberedAnswers(group, begin) };
    }
  }
}

async function* requestLines(
  asked: AsyncIterable<Asked>,
  { model, schema, maxTokens }: PlanRoundInput,
  pieces: Piece[],
): AsyncGenerator<string> {
  for await (const { piece, instructions, text } of asked) {
    if (pieces.push(piece) % 100 === 0) Context.current().heartbeat();
    const body = {
      model,
      messages: [
        { role: 'system', content: instructions },
        { role: 'user', content: text },
      ],
      ...(maxTokens !== undefined && { max_completion_tokens: maxTokens }),
      ...(schema !== undefined && {
        response_format: { type: 'json_schema', json_schema: { name: 'answer', schema } },
      }),
    };
    yield JSON.stringify({ custom_id: pieceId(piece), method: 'POST', url: '/v1/chat/completions', body });
  }
}

function startOf(
  { catalog }: DocumentDeps,
  { analysisId, model, owner, rescue, timeMs, budgetUsd }: PlanRoundInput,
  made: {
    readonly entry: ModelEntry;
    readonly batchId: string;
    readonly inputFileId: string;
    readonly hasMore: boolean;
  },
): BatchStart {
  const { entry, batchId, inputFileId, hasMore } = made;
  const deadlineMs = roundTimeMs(timeMs, hasMore);
  const batch: BatchInput = {
    id: batchId,
    inputFileId,
    endpoint: '/v1/chat/completions',
    model,
    ...(entry.expect && { expect: entry.expect }),
    settings: entry.settings,
    lanes: lanesOf(entry),
    deadlineMs,
    rescue,
    maxCostUsd: budgetUsd,
    rules: catalog.batchRules,
    owner,
    configHash: catalog.configHash,
  };
  return {
    input: batch,
    createdAt: new Date().toISOString(),
    metadata: { analysis: analysisId },
    completionWindow: formatDuration(deadlineMs),
    fingerprint: createHash('sha256').update(batchId).digest('hex'),
  };
}
