// The activity `finishBatch`: out of all outcomes makes the output file and the error file, in which every line is once,
// and the manifest, which outlives the workflow. Done again, it makes the same.

import type { LineRules, BatchManifest, BatchPlan, BatchStop, ReachedAt, StepRecord } from '../../src/domain/batch.ts';
import { costOf } from '../../src/domain/call.ts';
import { hasLine, lineSetOf } from '../../src/domain/line-set.ts';
import { endStatus, summaryOf, sumUsage, sumUsd } from '../../src/domain/batch-route.ts';
import type { Target } from '../../src/domain/target.ts';
import type { BatchDeps } from './batch-deps.ts';
import { blobGroups, inPieces, inputGroups, readIndex } from './lines.ts';
import { type FailedLine, readOutcomeRow, requestId } from './outcome-rows.ts';

export interface FinishBatchInput extends LineRules {
  readonly batchId: string;
  readonly inputFileId: string;
  readonly owner: string | null;
  readonly plan: BatchPlan;
  readonly stop: BatchStop | null;
  readonly steps: readonly StepRecord[];
  /** By whose ordinary price the saving is told. */
  readonly syncTarget: Target | null;
  readonly estimateUsd: number | null;
  readonly reachedAt: ReachedAt;
}

export async function finishBatch(deps: BatchDeps, input: FinishBatchInput): Promise<BatchManifest> {
  const { batchId, owner, plan, stop, steps, syncTarget } = input;
  const merge = new Merge(deps, input);
  const outputFileId = await fileOf(
    deps,
    { id: fileId(batchId, 'out'), owner, filename: `${batchId}_output.jsonl` },
    merge.answers(),
  );
  const errorFileId = await fileOf(
    deps,
    { id: fileId(batchId, 'err'), owner, filename: `${batchId}_error.jsonl` },
    merge.errors(),
  );
  const usage = sumUsage(steps.map((step) => step.usage));
  const manifest: BatchManifest = {
    id: batchId,
    status: endStatus(stop, plan.faults.length > 0),
    stop,
    faults: plan.faults,
    total: plan.total,
    answered: merge.answered,
    failed: plan.total - merge.answered,
    outputFileId,
    errorFileId,
    steps: steps.map(summaryOf),
    usage,
    costUsd: sumUsd(steps.map(({ costUsd }) => costUsd)),
    syncUsd: syncTarget && costOf(usage, syncTarget.price),
    estimateUsd: input.estimateUsd,
    reachedAt: input.reachedAt,
    endedAt: new Date().toISOString(),
  };
  await deps.batchRecords.writeEnd(manifest);
  return manifest;
}

/** The same however often it is made. */
function fileId(batchId: string, which: 'out' | 'err'): string {
  return `file-${batchId.slice('batch_'.length)}${which}`;
}

/** Null when there are no lines. */
async function fileOf(
  { files }: BatchDeps,
  file: { readonly id: string; readonly owner: string | null; readonly filename: string },
  groups: AsyncGenerator<readonly string[]>,
): Promise<string | null> {
  const first = await groups.next();
  if (first.done) return null;
  const all = (async function* () {
    yield first.value;
    yield* groups;
  })();
  const { id, owner, filename } = file;
  await files.create({ id, content: inPieces(all), facts: () => ({ purpose: 'batch_output', filename, owner }) });
  return id;
}

interface Reason {
  readonly target: string;
  readonly kind: string;
  readonly message: string;
  readonly providerMessage?: string;
}

class Merge {
  answered = 0;
  readonly #deps: BatchDeps;
  readonly #input: FinishBatchInput;
  readonly #hasAnswer: Uint8Array;
  /** Of lines that some step has not answered; few, unless everything fails. */
  readonly #reasons = new Map<number, Reason[]>();

  constructor(deps: BatchDeps, input: FinishBatchInput) {
    this.#deps = deps;
    this.#input = input;
    this.#hasAnswer = new Uint8Array(input.plan.total);
  }

  async *answers(): AsyncGenerator<readonly string[]> {
    for (const key of this.#input.steps.flatMap(({ outcomes }) => outcomes)) {
      for await (const rows of blobGroups(this.#deps.blobs, key)) {
        const answers = rows.flatMap((row) => this.#answerOf(row));
        if (answers.length > 0) yield answers;
      }
    }
  }

  #answerOf(row: string): readonly string[] {
    const outcome = readOutcomeRow(row);
    if ('kind' in outcome) this.#note(outcome);
    if ('kind' in outcome || this.#hasAnswer[outcome.line] === 1) return [];
    this.#hasAnswer[outcome.line] = 1;
    this.answered += 1;
    return [outcome.output];
  }

  /** To be read after the answers. */
  async *errors(): AsyncGenerator<readonly string[]> {
    const { batchId, inputFileId } = this.#input;
    const lines = lineSetOf([...this.#hasAnswer.keys()].filter((line) => this.#hasAnswer[line] === 0));
    if (lines.length === 0) return;
    const index = await readIndex(this.#deps.blobs, batchId);
    for await (const group of inputGroups(this.#deps.files, { fileId: inputFileId, index, lines })) {
      yield group.map(({ line, text }) => {
        const { customId } = this.#deps.readPlannedLine(text, this.#input);
        const error = this.#errorOf(line);
        return JSON.stringify({ id: requestId(batchId, line), custom_id: customId, response: null, error });
      });
    }
  }

  #note({ line, target, kind, message, providerMessage }: FailedLine): void {
    const reasons = this.#reasons.get(line) ?? [];
    const words = providerMessage === undefined ? {} : { providerMessage };
    reasons.push({ target, kind, message, ...words });
    this.#reasons.set(line, reasons);
  }

  /** Of steps that came to nothing, and had the line. */
  #wholeFailures(line: number): readonly Reason[] {
    return this.#input.steps.flatMap(({ failure, target, rest }) =>
      failure && target !== null && hasLine(rest, line) ? [{ target, ...failure }] : [],
    );
  }

  #errorOf(line: number) {
    const reasons = [...this.#wholeFailures(line), ...(this.#reasons.get(line) ?? [])];
    const stopped = this.#input.stop && STOPPED[this.#input.stop];
    const last = reasons.at(-1);
    const { code, message } = stopped ?? {
      code: (last?.kind ?? 'unknown').replaceAll('-', '_'),
      message: last?.message ?? 'No lane has answered the line, and it was not to be rescued.',
    };
    const attempts = reasons.map(({ providerMessage, ...reason }) => ({
      ...reason,
      ...(providerMessage !== undefined && { provider_message: providerMessage }),
    }));
    return { code, message, attempts };
  }
}

/** OpenAI's words, where it has any. */
const STOPPED: Readonly<Record<BatchStop, { readonly code: string; readonly message: string }>> = {
  cancelled: { code: 'batch_cancelled', message: 'The batch was cancelled before the line was answered.' },
  deadline: { code: 'batch_expired', message: 'The deadline of the batch passed before the line was answered.' },
  cost: { code: 'cost_limit_reached', message: 'max_cost_usd was reached before the line was answered.' },
};
