// The activity `collectResults`: reads what a provider's batch has given, whatever its order, and judges each answer.
// Results meet the lines they answer as both are read; those that come out of order are met when all have come.

import type { Usage } from '../../src/domain/answer.ts';
import type { LineRules, LineOutcome, StepRecord } from '../../src/domain/batch.ts';
import { batchCostOf } from '../../src/domain/batch-cost.ts';
import { sumUsage } from '../../src/domain/batch-route.ts';
import type { FailureKind } from '../../src/domain/failure.ts';
import type { LineSet } from '../../src/domain/line-set.ts';
import { lineSetOf } from '../../src/domain/line-set.ts';
import type { Target } from '../../src/domain/target.ts';
import { targetName } from '../../src/domain/target.ts';
import type { LaneResult } from '../providers/batch/lane.ts';
import { createLineReader } from '../providers/batch/line-answer.ts';
import type { BatchDeps, BatchLine } from './batch-deps.ts';
import { connectLane } from './connect-lane.ts';
import { LineWalk } from './line-walk.ts';
import { type InputLine, type LineIndex, inPieces, inputGroups, readIndex } from './lines.ts';
import { outcomeRow } from './outcome-rows.ts';
import { ResultSpool } from './result-spool.ts';
import { once } from './step-records.ts';

export interface CollectResultsInput extends LineRules {
  readonly batchId: string;
  readonly inputFileId: string;
  readonly target: Target;
  readonly key: string;
  /** Of the provider's batch. */
  readonly id: string;
  /** Those that were sent. */
  readonly lines: LineSet;
}

export type CollectResultsResult = Pick<
  StepRecord,
  'answered' | 'rest' | 'failures' | 'costUsd' | 'usage' | 'outcomes'
>;

export function collectResults(deps: BatchDeps, input: CollectResultsInput): Promise<CollectResultsResult> {
  return once(deps, { key: input.key, part: 'collected' }, () => collect(deps, input));
}

async function collect(deps: BatchDeps, input: CollectResultsInput): Promise<CollectResultsResult> {
  const connection = await connectLane(deps, input.target);
  const spool = await ResultSpool.open(input);
  try {
    const collecting = await Collecting.begin(deps, input, spool);
    const outcomes = `${input.key}.outcomes`;
    await deps.blobs.write(outcomes, inPieces(collecting.outcomes(connection.results(input.id))));
    const { unknown, duplicates } = spool;
    if (unknown + duplicates > 0) {
      const what = { target: targetName(input.target), batch: input.id, unknown, duplicates };
      deps.logger.warn(what, 'A provider has given results that nobody asked for, or twice.');
    }
    return { ...collecting.sums(), outcomes: [outcomes] };
  } finally {
    await spool.remove();
  }
}

type LineReader = Awaited<ReturnType<typeof createLineReader>>;
type Read = Awaited<ReturnType<LineReader['read']>>;

class Collecting {
  readonly #deps: BatchDeps;
  readonly #input: CollectResultsInput;
  readonly #spool: ResultSpool;
  readonly #reader: LineReader;
  readonly #index: LineIndex;
  readonly #rest: number[] = [];
  readonly #failures: Partial<Record<FailureKind, number>> = {};
  readonly #createdAt = new Date().toISOString();
  #answered = 0;
  #costUsd: number | null = 0;
  #usage: Usage = sumUsage([]);

  private constructor(
    deps: BatchDeps,
    input: CollectResultsInput,
    parts: {
      readonly spool: ResultSpool;
      readonly reader: LineReader;
      readonly index: LineIndex;
    },
  ) {
    this.#deps = deps;
    this.#input = input;
    this.#spool = parts.spool;
    this.#reader = parts.reader;
    this.#index = parts.index;
  }

  static async begin(deps: BatchDeps, input: CollectResultsInput, spool: ResultSpool): Promise<Collecting> {
    const settings = deps.providers.get(input.target.provider);
    if (!settings) throw new Error('The lane was connected without its settings.');
    const reader = await createLineReader({ settings, target: input.target });
    const index = await readIndex(deps.blobs, input.batchId);
    return new Collecting(deps, input, { spool, reader, index });
  }

  async *outcomes(groups: AsyncIterable<readonly LaneResult[]>): AsyncGenerator<readonly string[]> {
    const walk = new LineWalk(this.#linesOf(this.#input.lines));
    try {
      for await (const results of groups) {
        yield await this.#meet(walk, results);
      }
      await this.#spool.flush();
      yield* this.#late(lineSetOf(await walk.passed()));
    } finally {
      await walk.close();
    }
  }

  /** Results that come as their line does are judged at once; the others wait. */
  async #meet(walk: LineWalk, results: readonly LaneResult[]): Promise<readonly string[]> {
    const rows: string[] = [];
    for (const result of results) {
      const line = this.#spool.claim(result);
      if (line === null) continue;
      while (walk.isBefore(line)) await walk.goOn();
      const input = walk.take(line);
      if (!input) {
        this.#spool.hold(line, result);
        continue;
      }
      const row = this.#rowOf(input, result);
      rows.push(typeof row === 'string' ? row : await row);
    }
    if (this.#spool.isFull) await this.#spool.flush();
    return rows;
  }

  /** Lines whose result came later, or never. */
  async *#late(late: LineSet): AsyncGenerator<readonly string[]> {
    for await (const lines of this.#linesOf(late)) {
      const results = await this.#spool.take(lines.map(({ line }) => line));
      const rows: string[] = [];
      for (const [place, line] of lines.entries()) {
        const row = this.#rowOf(line, results[place] ?? null);
        rows.push(typeof row === 'string' ? row : await row);
      }
      yield rows;
    }
  }

  #linesOf(lines: LineSet): AsyncIterable<readonly InputLine[]> {
    return inputGroups(this.#deps.files, { fileId: this.#input.inputFileId, index: this.#index, lines });
  }

  /** At once where it can be: waiting costs more than most answers. */
  #rowOf({ line, text }: InputLine, result: LaneResult | null): string | Promise<string> {
    const { customId, prompt, render } = this.#deps.readPlannedLine(text, this.#input);
    const settled = (read: Read | null) => {
      const outcome = this.#outcomeOf({ line, customId, render, result, read });
      this.#count(outcome);
      return outcomeRow(this.#input.batchId, outcome);
    };
    if (!result || !isGiven(result)) return settled(null);
    const given = { prompt, result };
    const plain = this.#reader.readPlain(given);
    return plain ? settled(plain) : this.#reader.read(given).then(settled);
  }

  #count(outcome: LineOutcome): void {
    if ('kind' in outcome) {
      this.#rest.push(outcome.line);
      this.#failures[outcome.kind] = (this.#failures[outcome.kind] ?? 0) + 1;
    } else this.#answered += 1;
    this.#costUsd = this.#costUsd === null || outcome.costUsd === null ? null : this.#costUsd + outcome.costUsd;
  }

  sums(): Omit<CollectResultsResult, 'outcomes'> {
    return {
      answered: this.#answered,
      rest: lineSetOf(this.#rest),
      failures: this.#failures,
      costUsd: this.#costUsd,
      usage: this.#usage,
    };
  }

  /** `read`: null where there is nothing to read. */
  #outcomeOf(of: {
    readonly line: number;
    readonly customId: string;
    readonly render: BatchLine['render'];
    readonly result: LaneResult | null;
    readonly read: Read | null;
  }): LineOutcome {
    const { line, customId, render, result, read } = of;
    const target = targetName(this.#input.target);
    const base = { line, customId, target };
    if (!result) return { ...base, costUsd: 0, kind: 'malformed', message: `${target} has lost the line.` };
    if (!read) {
      const kind = result.type === 'expired' ? 'timeout' : 'cancelled';
      return { ...base, costUsd: 0, kind, message: `${target} had not come to the line when its batch ended.` };
    }
    if (read.usage) this.#usage = sumUsage([this.#usage, read.usage]);
    // An error of the line's own is not billed.
    const costUsd = result.type === 'error' ? 0 : batchCostOf(read.usage, this.#input.target);
    if (read.type === 'failed') {
      const { kind, message, providerMessage } = read.failure;
      return { ...base, costUsd, kind, message, ...(providerMessage !== undefined && { providerMessage }) };
    }
    const id = `${this.#input.batchId.slice('batch_'.length)}-${line}`;
    const body = render({ id, createdAt: this.#createdAt, answer: read.answer, target });
    return { ...base, costUsd, body };
  }
}

/** The provider had come to the line, and has said what came of it. */
function isGiven(result: LaneResult): result is Extract<LaneResult, { readonly type: 'answer' | 'error' }> {
  return result.type === 'answer' || result.type === 'error';
}
