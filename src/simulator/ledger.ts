// What the simulated providers would bill, by their own count: to hold a caller's bill against.

import type { SimulatedBatch } from './batch/simulated-batch.ts';
import type { Stand } from './batch/life.ts';
import type { Wire } from './simulator.ts';

/** The answers of one account and model in one mode, together. */
export interface LedgerEntry {
  readonly account: string;
  readonly wire: Wire;
  readonly model: string;
  readonly mode: 'sync' | 'batch';
  readonly answers: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

interface BilledLine {
  readonly id: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** A batch as it stands, in the words of no provider. */
export interface RecordedBatch {
  readonly account: string;
  readonly wire: Wire;
  readonly id: string;
  readonly model: string;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly displayName: string | null;
  /** 0 while they are being read. */
  readonly lines: number;
  readonly phase: Stand['phase'];
  readonly end: Stand['end'];
  /** What has been answered so far, whether or not it is among the results. */
  readonly billed: readonly BilledLine[];
}

export function recordOf(batch: SimulatedBatch, nowMs: number): RecordedBatch {
  const { account, wire, id, model, metadata, displayName } = batch.order;
  const stand = batch.at(nowMs);
  const { phase, end } = stand;
  const billed = batch
    .done(stand)
    .filter((line) => line.end === 'answer')
    .map((line) => ({ id: line.id, inputTokens: line.inputTokens, outputTokens: line.outputTokens }));
  return { account, wire, id, model, metadata, displayName, lines: batch.lines.length, phase, end, billed };
}

export class Ledger {
  readonly #entries = new Map<string, LedgerEntry>();

  add(entry: LedgerEntry): void {
    const { account, wire, model, mode, answers, inputTokens, outputTokens } = entry;
    if (answers === 0) return;
    const key = JSON.stringify([account, wire, model, mode]);
    const before = this.#entries.get(key) ?? { answers: 0, inputTokens: 0, outputTokens: 0 };
    this.#entries.set(key, {
      ...entry,
      answers: before.answers + answers,
      inputTokens: before.inputTokens + inputTokens,
      outputTokens: before.outputTokens + outputTokens,
    });
  }

  clear(): void {
    this.#entries.clear();
  }

  /** Of what was added, and of the batches as they stand. */
  with(batches: readonly SimulatedBatch[], nowMs: number): readonly LedgerEntry[] {
    const all = new Ledger();
    for (const entry of this.#entries.values()) all.add(entry);
    for (const batch of batches) {
      const { account, wire, model } = batch.order;
      const { succeeded, inputTokens, outputTokens } = batch.tally(batch.at(nowMs));
      all.add({ account, wire, model, mode: 'batch', answers: succeeded, inputTokens, outputTokens });
    }
    return [...all.#entries.values()];
  }
}
