// The activity `uploadLines`: makes each line what the lane's provider takes, spools it to a file of this machine, and
// brings that to the provider. Lines that the lane cannot take, or that the money is not enough for, stay behind.

import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { LineRules, LineOutcome } from '../../src/domain/batch.ts';
import { laneUsd, lineTokens } from '../../src/domain/batch-cost.ts';
import type { CallFailure, FailureKind } from '../../src/domain/failure.ts';
import type { LineSet } from '../../src/domain/line-set.ts';
import { lineSetOf } from '../../src/domain/line-set.ts';
import type { Prompt } from '../../src/domain/prompt.ts';
import type { Target } from '../../src/domain/target.ts';
import { targetName } from '../../src/domain/target.ts';
import type { BatchConnection, UploadedLines } from '../providers/batch/lane.ts';
import { LineEncoder } from '../providers/batch/line-encoder.ts';
import { createLineWriter } from '../providers/batch/line-request.ts';
import type { BatchDeps } from './batch-deps.ts';
import { connectLane } from './connect-lane.ts';
import { outcomeRow } from './outcome-rows.ts';
import { keyOf, once } from './step-records.ts';
import { lineId } from './line-id.ts';
import { type InputLine, inPieces, inputGroups, readIndex } from './lines.ts';

export interface UploadLinesInput extends LineRules {
  readonly batchId: string;
  readonly inputFileId: string;
  readonly target: Target;
  /** Of the step, and of the try. */
  readonly name: string;
  readonly lines: LineSet;
  /** By the estimates of the lines; null: no limit. */
  readonly budgetUsd: number | null;
}

export interface UploadLinesResult {
  /** Of the provider's batch that is to be. */
  readonly key: string;
  readonly uploaded: UploadedLines;
  /** The blob with the encoded lines, where the provider takes them with the creation; null: it has them. */
  readonly spool: string | null;
  readonly sent: LineSet;
  /** Lines that were not sent. */
  readonly rest: LineSet;
  /** Some of those for want of money. */
  readonly isCut: boolean;
  readonly refused: {
    readonly failures: Readonly<Partial<Record<FailureKind, number>>>;
    readonly outcomes: readonly string[];
  };
}

export async function uploadLines(deps: BatchDeps, input: UploadLinesInput): Promise<UploadLinesResult> {
  const key = keyOf(input);
  return once(deps, { key, part: 'uploaded' }, () => upload(deps, { ...input, key }));
}

type Keyed = UploadLinesInput & { readonly key: string };

async function upload(deps: BatchDeps, input: Keyed): Promise<UploadLinesResult> {
  const { target, key } = input;
  const connection = await connectLane(deps, target);
  const path = join(tmpdir(), `holdfast-${randomUUID()}.jsonl`);
  try {
    const translation = await Translation.begin(deps, input, connection);
    const index = await readIndex(deps.blobs, input.batchId);
    const lines = inputGroups(deps.files, { fileId: input.inputFileId, index, lines: input.lines });
    await pipeline(inPieces(translation.encoded(lines)), createWriteStream(path, { mode: 0o600 }));
    const result = await translation.result();
    if (result.sent.length === 0) return { ...result, uploaded: { type: 'inline' }, spool: null };
    const uploaded = await connection.upload({ key, path });
    if (uploaded.type === 'file') return { ...result, uploaded, spool: null };
    const spool = `${key}.lines`;
    await deps.blobs.write(spool, readPieces(path));
    return { ...result, uploaded, spool };
  } finally {
    await rm(path, { force: true });
  }
}

async function* readPieces(path: string): AsyncGenerator<Uint8Array> {
  const { createReadStream } = await import('node:fs');
  yield* createReadStream(path, { highWaterMark: 256 * 1024 }) as AsyncIterable<Uint8Array>;
}

class Translation {
  readonly #deps: BatchDeps;
  readonly #input: Keyed;
  readonly #encoder: LineEncoder;
  readonly #sent: number[] = [];
  readonly #rest: number[] = [];
  readonly #refused: LineOutcome[] = [];
  #isCut = false;
  #spentUsd = 0;

  private constructor(deps: BatchDeps, input: Keyed, encoder: LineEncoder) {
    this.#deps = deps;
    this.#input = input;
    this.#encoder = encoder;
  }

  static async begin(deps: BatchDeps, input: Keyed, connection: BatchConnection): Promise<Translation> {
    const settings = deps.providers.get(input.target.provider);
    if (!settings) throw new Error('The lane was connected without its settings.');
    const { target } = input;
    const writer = await createLineWriter({ settings, target });
    const encode: BatchConnection['encode'] = (line) => connection.encode(line);
    return new Translation(deps, input, new LineEncoder({ target, writer, encode }));
  }

  async *encoded(groups: AsyncIterable<readonly InputLine[]>): AsyncGenerator<readonly string[]> {
    for await (const lines of groups) {
      const encoded: string[] = [];
      for (const { line, text } of lines) {
        const { customId, prompt } = this.#deps.readPlannedLine(text, this.#input);
        if (!this.#canPay(prompt)) {
          this.#isCut = true;
          this.#rest.push(line);
          continue;
        }
        const asked = { id: lineId(this.#input.key, line), prompt };
        const written = this.#encoder.like(asked) ?? (await this.#encoder.write(asked));
        if (typeof written !== 'string') {
          this.#refuse(line, customId, written);
          continue;
        }
        this.#sent.push(line);
        encoded.push(written);
      }
      yield encoded;
    }
  }

  async result(): Promise<Omit<UploadLinesResult, 'uploaded' | 'spool'>> {
    const failures: Partial<Record<FailureKind, number>> = {};
    for (const outcome of this.#refused) {
      if ('kind' in outcome) failures[outcome.kind] = (failures[outcome.kind] ?? 0) + 1;
    }
    const outcomes = `${this.#input.key}.refused`;
    const hasOutcomes = this.#refused.length > 0;
    if (hasOutcomes)
      await this.#deps.blobs.write(
        outcomes,
        inPieces(this.#refused.map((refused) => outcomeRow(this.#input.batchId, refused))),
      );
    return {
      key: this.#input.key,
      sent: lineSetOf(this.#sent),
      rest: lineSetOf(this.#rest),
      isCut: this.#isCut,
      refused: { failures, outcomes: hasOutcomes ? [outcomes] : [] },
    };
  }

  #canPay(prompt: Prompt): boolean {
    const { budgetUsd, target } = this.#input;
    const usd = budgetUsd === null ? null : laneUsd(lineTokens(prompt), target);
    if (budgetUsd === null || usd === null) return true;
    // Sums of fractions come out a little above or below.
    if (this.#spentUsd + usd > budgetUsd * (1 + 1e-9)) return false;
    this.#spentUsd += usd;
    return true;
  }

  #refuse(line: number, customId: string, { kind, message, providerMessage }: CallFailure): void {
    const words = providerMessage === undefined ? {} : { providerMessage };
    this.#rest.push(line);
    this.#refused.push({ line, customId, target: targetName(this.#input.target), costUsd: 0, kind, message, ...words });
  }
}
