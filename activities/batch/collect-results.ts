// The activity `collectResults`: reads what a provider's batch has given, whatever its order, and judges each answer.
// Results are first laid out by line in a file of this machine, then met with the lines they answer: memory stays small.

import { randomUUID } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Context } from '@temporalio/activity';
import type { Usage } from '../../src/domain/answer.ts';
import type { LineRules, LineOutcome, StepRecord } from '../../src/domain/batch.ts';
import { batchCostOf } from '../../src/domain/batch-cost.ts';
import { sumUsage } from '../../src/domain/batch-route.ts';
import type { FailureKind } from '../../src/domain/failure.ts';
import type { LineSet } from '../../src/domain/line-set.ts';
import { eachLine, lineCount, lineSetOf } from '../../src/domain/line-set.ts';
import type { Target } from '../../src/domain/target.ts';
import { targetName } from '../../src/domain/target.ts';
import type { LaneResult } from '../providers/batch/lane.ts';
import { createLineReader } from '../providers/batch/line-answer.ts';
import type { BatchDeps } from './batch-deps.ts';
import { connectLane } from './connect-lane.ts';
import { lineOf } from './line-id.ts';
import { inPieces, inputLines, readIndex } from './lines.ts';
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
    let count = 0;
    for await (const result of connection.results(input.id)) {
      await spool.add(result);
      if (++count % 500 === 0) Context.current().heartbeat({ read: count });
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

/** Results by the number of their line, on disk; each line's first result counts. */
class ResultSpool {
  unknown = 0;
  duplicates = 0;
  readonly #key: string;
  readonly #path: string;
  readonly #file: FileHandle;
  /** By place in the set: where the result begins, and its length; 0: there is none. */
  readonly #at: Float64Array;
  readonly #length: Uint32Array;
  readonly #places: Map<number, number> | { readonly from: number; readonly to: number };
  #held: Buffer[] = [];
  #heldBytes = 0;
  #bytes = 0;

  private constructor(path: string, file: FileHandle, { key, lines }: CollectResultsInput) {
    this.#path = path;
    this.#file = file;
    this.#key = key;
    const count = lineCount(lines);
    this.#at = new Float64Array(count);
    this.#length = new Uint32Array(count);
    const [only] = lines;
    this.#places =
      lines.length === 1 && only
        ? { from: only[0], to: only[1] }
        : new Map([...eachLine(lines)].map((line, place) => [line, place]));
  }

  static async open(input: CollectResultsInput): Promise<ResultSpool> {
    const path = join(tmpdir(), `holdfast-${randomUUID()}.results`);
    return new ResultSpool(path, await open(path, 'wx+', 0o600), input);
  }

  async add(result: LaneResult): Promise<void> {
    const line = lineOf(this.#key, result.id);
    const place = line === null ? undefined : this.#placeOf(line);
    if (place === undefined) {
      this.unknown += 1;
      return;
    }
    if (this.#length[place] !== 0) {
      this.duplicates += 1;
      return;
    }
    const bytes = Buffer.from(JSON.stringify(result), 'utf8');
    this.#at[place] = this.#bytes;
    this.#length[place] = bytes.length;
    this.#bytes += bytes.length;
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > MOST_HELD_BYTES) await this.flush();
  }

  async flush(): Promise<void> {
    const bytes = Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    if (bytes.length > 0) await this.#file.appendFile(bytes);
  }

  /** Null when the provider has not given any. */
  async take(line: number): Promise<LaneResult | null> {
    const place = this.#placeOf(line);
    const length = place === undefined ? 0 : (this.#length[place] ?? 0);
    if (place === undefined || length === 0) return null;
    const { buffer } = await this.#file.read(Buffer.alloc(length), 0, length, this.#at[place]);
    return JSON.parse(buffer.toString('utf8')) as LaneResult;
  }

  async remove(): Promise<void> {
    await this.#file.close();
    await rm(this.#path, { force: true });
  }

  #placeOf(line: number): number | undefined {
    const places = this.#places;
    if (places instanceof Map) return places.get(line);
    return line >= places.from && line < places.to ? line - places.from : undefined;
  }
}

const MOST_HELD_BYTES = 1024 * 1024;

type LineReader = Awaited<ReturnType<typeof createLineReader>>;

class Collecting {
  readonly #deps: BatchDeps;
  readonly #input: CollectResultsInput;
  readonly #spool: ResultSpool;
  readonly #reader: LineReader;
  readonly #lines: AsyncIterable<{ readonly line: number; readonly text: string }>;
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
      readonly lines: AsyncIterable<{ readonly line: number; readonly text: string }>;
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

  async *outcomes(): AsyncGenerator<string> {
    for await (const { line, text } of this.#lines) {
      if (line % 500 === 0) Context.current().heartbeat({ judged: line });
      const read = this.#deps.readLine(text, this.#input);
      if ('fault' in read) throw new Error('A line that was valid when the batch was planned is not any more.');
      const outcome = await this.#judge({ line, ...read });
      if ('kind' in outcome) {
        this.#rest.push(line);
        this.#failures[outcome.kind] = (this.#failures[outcome.kind] ?? 0) + 1;
      } else this.#answered += 1;
      this.#costUsd = this.#costUsd === null || outcome.costUsd === null ? null : this.#costUsd + outcome.costUsd;
      yield JSON.stringify(outcome);
    }
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

  async #judge(asked: {
    readonly line: number;
    readonly customId: string;
    readonly prompt: Parameters<LineReader['read']>[0]['prompt'];
  }): Promise<LineOutcome> {
    const { line, customId, prompt } = asked;
    const target = targetName(this.#input.target);
    const base = { line, customId, target };
    const result = await this.#spool.take(line);
    if (!result) return { ...base, costUsd: 0, kind: 'malformed', message: `${target} has lost the line.` };
    if (result.type !== 'answer' && result.type !== 'error') {
      const kind = result.type === 'expired' ? 'timeout' : 'cancelled';
      return { ...base, costUsd: 0, kind, message: `${target} had not come to the line when its batch ended.` };
    }
    const read = await this.#reader.read({ prompt, result });
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
