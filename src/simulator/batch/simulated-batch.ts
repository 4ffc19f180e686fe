// One batch: its lines, read once in the background and remembered by where they lie, and the results they lead to.

import { drawn } from '../drawn.ts';
import type { Wire } from '../simulator.ts';
import { parseJson } from '../wires/read-json.ts';
import type { WireFormat } from '../wires/wire.ts';
import { isInShare } from './batch-fault.ts';
import type { BatchFaults } from './batch-rules.ts';
import type { Stand } from './life.ts';
import { standAt } from './life.ts';
import type { BatchLine, LineEnd } from './line.ts';
import { endOf } from './line.ts';
import type { SpooledFile, SpooledLine } from './spool.ts';

export interface BatchOrder {
  readonly id: string;
  readonly account: string;
  readonly wire: Wire;
  readonly model: string;
  readonly endpoint: string;
  readonly inputFileId: string | null;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly displayName: string | null;
  readonly createdAtMs: number;
  readonly durationMs: number;
  readonly faults: BatchFaults;
  readonly input: SpooledFile;
  readonly format: WireFormat;
  /** Null: a line that the provider cannot read. */
  readonly readLine: (value: unknown) => BatchLine | null;
  /** Why the provider refuses the file as a whole. */
  readonly refusal?: BatchRefusal;
  readonly maxLines: number;
  /** What is done of a batch that has expired or was cancelled can be read, and is billed. */
  readonly keepsPart: boolean;
}

export interface BatchRefusal {
  readonly code: string;
  readonly message: string;
  readonly line: number | null;
}

export interface BatchTally {
  readonly total: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export interface LineResult {
  readonly id: string;
  /** Null: it never had its turn. */
  readonly end: LineEnd | null;
}

export class SimulatedBatch {
  readonly order: BatchOrder;
  /** All lines have been read. */
  readonly prepared: Promise<void>;
  refusals: readonly BatchRefusal[] = [];
  lines: readonly LineRecord[] = [];
  #cancelledAtMs: number | null = null;
  #isPrepared = false;

  constructor(order: BatchOrder) {
    this.order = order;
    // Nobody may be waiting for it, and a rejection that nobody sees would end the process.
    this.prepared = this.#prepare()
      .catch((error: unknown) => {
        this.refusals = [{ code: 'server_error', message: `The lines cannot be read: ${String(error)}`, line: null }];
      })
      .finally(() => {
        this.#isPrepared = true;
      });
  }

  get cancelledAtMs(): number | null {
    return this.#cancelledAtMs;
  }

  cancel(nowMs: number): void {
    this.#cancelledAtMs ??= nowMs;
  }

  at(nowMs: number): Stand {
    const { createdAtMs, durationMs, faults } = this.order;
    if (!this.#isPrepared) return { phase: 'waiting', end: null, done: 0, endedAtMs: null };
    const isRefused = this.refusals.length > 0;
    const cancelledAtMs = this.#cancelledAtMs;
    return standAt({ createdAtMs, durationMs, faults, isRefused, lines: this.lines.length, cancelledAtMs }, nowMs);
  }

  /** What is done, and was worked for. */
  done(stand: Stand): readonly LineRecord[] {
    const isLost = !this.order.keepsPart && (stand.end === 'expired' || stand.end === 'cancelled');
    return isLost ? [] : this.lines.slice(0, stand.done).filter(({ end }) => end !== 'late');
  }

  tally(stand: Stand): BatchTally {
    const done = this.done(stand);
    const answers = done.filter(({ end }) => end === 'answer');
    const sum = (count: (line: LineRecord) => number) => answers.reduce((total, line) => total + count(line), 0);
    return {
      total: stand.end === 'failed' ? 0 : this.lines.length,
      succeeded: answers.length,
      failed: done.length - answers.length,
      inputTokens: sum(({ inputTokens }) => inputTokens),
      outputTokens: sum(({ outputTokens }) => outputTokens),
    };
  }

  /** Made while it is read. */
  async *results(stand: Stand): AsyncGenerator<LineResult> {
    const { faults, input } = this.order;
    const done = new Set(this.done(stand));
    const inOrder = this.lines.flatMap((line) => Array.from({ length: copiesOf(faults, line.id) }, () => line));
    const lines = faults.unordered ? shuffled(inOrder) : inOrder;
    const file = input.reader();
    try {
      for (const line of lines) {
        const read = done.has(line) ? this.#read(file.read(line)) : null;
        yield { id: line.id, end: read && this.#endOf(read, stand.endedAtMs ?? 0) };
      }
    } finally {
      file.close();
    }
  }

  async #prepare(): Promise<void> {
    const lines: LineRecord[] = [];
    const ids = new Set<string>();
    const { faults, input, refusal, maxLines } = this.order;
    const refuse = (code: string, message: string, line: number | null) => {
      this.refusals = [{ code, message, line }];
    };
    if (refusal) return refuse(refusal.code, refusal.message, refusal.line);
    for await (const spooled of input.lines()) {
      const number = lines.length + 1;
      const line = this.#read(spooled.text);
      if (!line) return refuse('invalid_json_line', 'This line is not parseable as valid JSON.', number);
      if (ids.has(line.id)) {
        return refuse('duplicate_custom_id', `The custom_id '${line.id}' is also that of an earlier line.`, number);
      }
      ids.add(line.id);
      if (number > maxLines) {
        return refuse('too_many_tasks', `The batch has more than ${maxLines} requests.`, null);
      }
      lines.push(this.#record(line, spooled));
      if (number % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    if (lines.length === 0) return refuse('empty_file', 'The file has no lines.', null);
    this.lines = lines;
    if (!faults.failed) return;
    const { code, message = 'The batch was refused.' } = faults.failed;
    refuse(code, message, null);
  }

  #read(text: string): BatchLine | null {
    return this.order.readLine(parseJson(text));
  }

  #record(line: BatchLine, { offset, length }: SpooledLine): LineRecord {
    const { expired } = this.order.faults;
    const place = { id: line.id, offset, length };
    const end = this.#endOf(line, 0);
    if (expired && !isInShare(expired.answered, line.id)) return { ...place, ...NO_TOKENS, end: 'late' };
    if (end.type === 'error') return { ...place, ...NO_TOKENS, end: 'error' };
    const { inputTokens, outputTokens } = end.reply;
    return { ...place, end: 'answer', inputTokens, outputTokens };
  }

  #endOf(line: BatchLine, atMs: number): LineEnd {
    const { id, wire, format, model, faults } = this.order;
    return endOf({ line, wire, format, model, faults, atMs, batchId: id });
  }
}

const NO_TOKENS = { inputTokens: 0, outputTokens: 0 };

export interface LineRecord {
  readonly id: string;
  readonly offset: number;
  readonly length: number;
  /** `late`: the batch expires before its turn. */
  readonly end: 'answer' | 'error' | 'late';
  readonly inputTokens: number;
  readonly outputTokens: number;
}

function copiesOf({ missing, duplicate }: BatchFaults, id: string): number {
  if (missing && isInShare(missing.share, id)) return 0;
  return duplicate && isInShare(duplicate.share, id) ? 2 : 1;
}

function shuffled(lines: readonly LineRecord[]): readonly LineRecord[] {
  const places = new Map(lines.map((line) => [line, drawn('order', line.id)]));
  return [...lines].sort((a, b) => (places.get(a) ?? 0) - (places.get(b) ?? 0));
}
