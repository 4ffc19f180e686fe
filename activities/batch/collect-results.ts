// The activity `collectResults`: reads what a provider's batch has given, whatever its order, and judges each answer.
// Results are first laid out by line in a file of this machine, then met with the lines they answer: memory stays small.

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
import type { BatchDeps } from './batch-deps.ts';
import { connectLane } from './connect-lane.ts';
import { type InputLine, inPieces, inputLines, readIndex } from './lines.ts';
import { createPulse } from './pulse.ts';
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
    const pulse = createPulse();
    let read = 0;
    for await (const results of connection.results(input.id)) {
      await spool.add(results);
      pulse({ read: (read += results.length) });
    }
    await spool.flush();
    const { unknown, duplicates } = spool;
    if (unknown + duplicates > 0) {
      const what = { target: targetName(input.target), batch: input.id, unknown, duplicates };
      deps.logger.warn(what, 'A provider has given results that nobody asked for, or twice.');
    }
    const collecting = await Collecting.begin(deps, input, spool);
    const outcomes = `${input.key}.outcomes`;
    await deps.blobs.write(outcomes, inPieces(collecting.outcomes()));
    return { ...collecting.sums(), outcomes: [outcomes] };
  } finally {
    await spool.remove();
  }
}

type LineReader = Awaited<ReturnType<typeof createLineReader>>;

class Collecting {
  readonly #deps: BatchDeps;
  readonly #input: CollectResultsInput;
  readonly #spool: ResultSpool;
  readonly #reader: LineReader;
  readonly #lines: AsyncIterable<readonly InputLine[]>;
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
      readonly lines: AsyncIterable<readonly InputLine[]>;
    },
  ) {
    this.#deps = deps;
    this.#input = input;
    this.#spool = parts.spool;
    this.#reader = parts.reader;
    this.#lines = parts.lines;
  }

  static async begin(deps: BatchDeps, input: CollectResultsInput, spool: ResultSpool): Promise<Collecting> {
    const settings = deps.providers.get(input.target.provider);
    if (!settings) throw new Error('The lane was connected without its settings.');
    const reader = await createLineReader({ settings, target: input.target });
    const index = await readIndex(deps.blobs, input.batchId);
    const lines = inputLines(deps.files, { fileId: input.inputFileId, index, lines: input.lines });
    return new Collecting(deps, input, { spool, reader, lines });
  }

  async *outcomes(): AsyncGenerator<readonly string[]> {
    const pulse = createPulse();
    for await (const lines of this.#lines) {
      pulse({ judged: this.#answered + this.#rest.length });
      const results = await this.#spool.take(lines.map(({ line }) => line));
      const outcomes: string[] = [];
      for (const [place, { line, text }] of lines.entries()) {
        const { customId, prompt } = this.#deps.readPlannedLine(text, this.#input);
        const result = results[place] ?? null;
        const given = result && isGiven(result) ? { prompt, result } : null;
        const read = given && (this.#reader.readPlain(given) ?? (await this.#reader.read(given)));
        const outcome = this.#outcomeOf({ line, customId, result, read });
        this.#count(outcome);
        outcomes.push(JSON.stringify(outcome));
      }
      yield outcomes;
    }
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
    readonly result: LaneResult | null;
    readonly read: Awaited<ReturnType<LineReader['read']>> | null;
  }): LineOutcome {
    const { line, customId, result, read } = of;
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
    const id = `chatcmpl-${this.#input.batchId.slice('batch_'.length)}-${line}`;
    const body = this.#deps.renderAnswer({ id, createdAt: this.#createdAt, answer: read.answer, target });
    return { ...base, costUsd, body };
  }
}

/** The provider had come to the line, and has said what came of it. */
function isGiven(result: LaneResult): result is Extract<LaneResult, { readonly type: 'answer' | 'error' }> {
  return result.type === 'answer' || result.type === 'error';
}
