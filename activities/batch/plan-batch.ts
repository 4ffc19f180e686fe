// The activity `planBatch`: reads the input file once, finds every fault in it, notes where each line begins, and makes
// portions that fit every lane.

import type { LineRules, BatchPlan, LineFault, Portion } from '../../src/domain/batch.ts';
import { laneUsd, lineTokens, syncUsd } from '../../src/domain/batch-cost.ts';
import type { LaneLimits } from '../../src/domain/batch-limits.ts';
import { tightest } from '../../src/domain/batch-limits.ts';
import type { Target } from '../../src/domain/target.ts';
import { batchLimitsOf } from '../providers/registry.ts';
import type { BatchDeps } from './batch-deps.ts';
import { lineGroups, NotUtf8 } from './text-lines.ts';
import { indexKey } from './lines.ts';

export interface PlanBatchInput extends LineRules {
  readonly batchId: string;
  readonly inputFileId: string;
  readonly lanes: readonly Target[];
  /** Whose ordinary price a rescue is estimated by. */
  readonly syncTarget: Target | null;
}

/** Of one portion, whatever the lanes take: what is lost with a lane that fails is not everything. */
const MOST: LaneLimits = { lines: 25_000, bytes: 64 * 1024 * 1024 };
/** As many as somebody can mend at once; the others come to light with the next try. */
const MOST_FAULTS = 100;
/** A vendor's own form of a line may be longer than OpenAI's. */
const GROWTH = 1.5;

export async function planBatch(deps: BatchDeps, input: PlanBatchInput): Promise<BatchPlan> {
  const content = await deps.files.read(input.inputFileId);
  if (!content) return invalid([fault('file_not_found', `There is no file ${input.inputFileId}.`)]);
  const plan = new Planning(deps, input);
  try {
    for await (const texts of lineGroups(content, { strict: true })) {
      for (const text of texts) plan.add(text);
    }
  } catch (error) {
    if (error instanceof NotUtf8) return invalid([...plan.faults, fault('invalid_utf8', error.message)]);
    throw error;
  }
  if (plan.faults.length > 0) return invalid(plan.faults);
  if (plan.total === 0) return invalid([fault('empty_file', 'The file has no lines.')]);
  await deps.blobs.put(indexKey(input.batchId), plan.index());
  return { total: plan.total, faults: [], portions: plan.portions() };
}

class Planning {
  readonly faults: LineFault[] = [];
  readonly #readLine: BatchDeps['readLine'];
  readonly #input: PlanBatchInput;
  readonly #limits: LaneLimits;
  readonly #ids = new Set<string>();
  readonly #begins: number[] = [];
  readonly #done: Portion[] = [];
  #at = 0;
  #open: { from: number; bytes: number; inputTokens: number; outputTokens: number } = emptyPortion(0);

  constructor({ readLine, providers }: BatchDeps, input: PlanBatchInput) {
    this.#readLine = readLine;
    this.#input = input;
    const ofLanes = input.lanes.flatMap(({ provider }) => {
      const settings = providers.get(provider);
      return (settings && batchLimitsOf(settings)) ?? [];
    });
    this.#limits = tightest(ofLanes, MOST);
  }

  get total(): number {
    return this.#begins.length;
  }

  add(text: string): void {
    const bytes = Buffer.byteLength(text) + 1;
    const line = this.total + 1;
    this.#begins.push(this.#at);
    this.#at += bytes;
    if (this.faults.length >= MOST_FAULTS) return;
    const read = this.#readLine(text, this.#input);
    if ('fault' in read) {
      this.faults.push({ ...read.fault, line });
      return;
    }
    if (this.#ids.has(read.customId)) {
      const message = 'The custom_id of this line is that of an earlier one.';
      this.faults.push({ code: 'duplicate_custom_id', message, param: 'custom_id', line });
      return;
    }
    this.#ids.add(read.customId);
    const tokens = lineTokens(read.prompt);
    const grown = Math.ceil(bytes * GROWTH) + 256;
    const isFull = this.total - this.#open.from > this.#limits.lines || this.#open.bytes + grown > this.#limits.bytes;
    if (isFull && this.total - 1 > this.#open.from) this.#close(this.total - 1);
    this.#open.bytes += grown;
    this.#open.inputTokens += tokens.input;
    this.#open.outputTokens += tokens.output;
  }

  index(): Uint8Array {
    return new Uint8Array(Float64Array.from([...this.#begins, this.#at]).buffer);
  }

  portions(): readonly Portion[] {
    if (this.total > this.#open.from) this.#close(this.total);
    return this.#done;
  }

  #close(to: number): void {
    const { from, inputTokens, outputTokens } = this.#open;
    const { lanes, syncTarget } = this.#input;
    const tokens = { input: inputTokens, output: outputTokens };
    this.#done.push({
      lines: [[from, to]],
      laneUsd: lanes.map((target) => laneUsd(tokens, target)),
      syncUsd: syncTarget && syncUsd(tokens, syncTarget),
    });
    this.#open = emptyPortion(to);
  }
}

function emptyPortion(from: number) {
  return { from, bytes: 0, inputTokens: 0, outputTokens: 0 };
}

function invalid(faults: readonly LineFault[]): BatchPlan {
  return { total: 0, faults, portions: [] };
}

function fault(code: string, message: string): LineFault {
  return { code, message, param: 'input_file_id', line: null };
}
