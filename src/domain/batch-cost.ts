// What lines of a batch cost, before and after: by a target's price, and at its lane by the share of it that batches cost.
// What is unknown is null, never 0. Pure.

import type { Usage } from './answer.ts';
import { costOf } from './call.ts';
import type { StepSummary } from './batch.ts';
import type { Prompt } from './prompt.ts';
import type { Price, Target } from './target.ts';
import { estimateInputTokens, USUAL_OUTPUT } from './token-estimate.ts';

export interface LineTokens {
  readonly input: number;
  readonly output: number;
}

/** By estimate; the output as long as the client allows, or as is usual. */
export function lineTokens(prompt: Prompt): LineTokens {
  return { input: estimateInputTokens(prompt), output: prompt.params.maxTokens ?? USUAL_OUTPUT };
}

export function laneUsd(tokens: LineTokens, { price }: Pick<Target, 'price'>): number | null {
  return usdOf(tokens, batchPrice(price));
}

export function syncUsd(tokens: LineTokens, { price }: Pick<Target, 'price'>): number | null {
  return usdOf(tokens, price);
}

/** Of a line's answer at its lane, by the provider's own count. */
export function batchCostOf(usage: Usage | null, { price }: Pick<Target, 'price'>): number | null {
  return costOf(usage, batchPrice(price));
}

function usdOf({ input, output }: LineTokens, price: Price | undefined): number | null {
  return price ? (input * price.input + output * price.output) / 1_000_000 : null;
}

function batchPrice(price: Price | undefined): Price | undefined {
  if (price?.batch === undefined) return undefined;
  return { input: price.input * price.batch, output: price.output * price.batch };
}

/** Lines that went on to a second step: another lane, or the rescue. */
export function redrivenLines(steps: readonly Pick<StepSummary, 'portion' | 'lines'>[]): number {
  const seen = new Map<number, number>();
  let lines = 0;
  for (const { portion, lines: given } of steps) {
    const before = seen.get(portion) ?? 0;
    if (before === 1) lines += given;
    seen.set(portion, before + 1);
  }
  return lines;
}
