// Which rules befall a batch when it is created, and which a call of the API.

import type { BatchCall, BatchCallFault, BatchFault, BatchRule } from './batch-fault.ts';

/** By type, so that each can be asked for. */
export type BatchFaults = { readonly [T in BatchFault['type']]?: Extract<BatchFault, { type: T }> };

export class BatchRules {
  #entries: Entry[] = [];

  /** Returns what removes the rule again. */
  add(rule: BatchRule): () => void {
    const entry: Entry = { rule, befell: 0 };
    this.#entries.unshift(entry);
    return () => {
      this.#entries = this.#entries.filter((other) => other !== entry);
    };
  }

  clear(): void {
    this.#entries = [];
  }

  forBatch(batch: { readonly account: string; readonly model: string }): BatchFaults {
    const faults = new Map<string, BatchFault>();
    for (const entry of this.#entries) {
      const { account, model, fault } = entry.rule;
      if (isOfCall(fault) || faults.has(fault.type) || isUsedUp(entry)) continue;
      if ((account ?? batch.account) !== batch.account || (model ?? batch.model) !== batch.model) continue;
      entry.befell++;
      faults.set(fault.type, fault);
    }
    return Object.fromEntries(faults);
  }

  forCall(made: { readonly account: string; readonly call: BatchCall }): BatchCallFault | null {
    for (const entry of this.#entries) {
      const { account, fault } = entry.rule;
      if (!isOfCall(fault) || isUsedUp(entry) || callOf(fault) !== made.call) continue;
      if ((account ?? made.account) !== made.account) continue;
      entry.befell++;
      return fault;
    }
    return null;
  }
}

interface Entry {
  readonly rule: BatchRule;
  befell: number;
}

function isUsedUp({ rule, befell }: Entry): boolean {
  return befell >= (rule.times ?? Infinity);
}

function isOfCall(fault: BatchFault | BatchCallFault): fault is BatchCallFault {
  return fault.type === 'error' || fault.type === 'lost-reply' || fault.type === 'cut-results';
}

function callOf(fault: BatchCallFault): BatchCall {
  if (fault.type === 'cut-results') return 'results';
  return fault.type === 'error' ? fault.on : fault.to;
}
