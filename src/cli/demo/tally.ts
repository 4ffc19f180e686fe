// What the demo's inferences came to, counted from what the API says of them at the end. Pure.

import type { CallView, InferenceView } from '../api-client.ts';

export interface Tally {
  readonly asked: number;
  readonly answered: number;
  /** Ids that were accepted and have no answer. */
  readonly lost: readonly string[];
  readonly possiblyBilled: number;
  readonly targets: readonly TargetTally[];
}

interface TargetTally {
  readonly target: string;
  readonly calls: number;
  /** How many calls ended in which way: `succeeded`, or the kind of their failure. */
  readonly outcomes: Readonly<Record<string, number>>;
}

export function tallyOf(submittedIds: readonly string[], inferences: readonly InferenceView[]): Tally {
  const answered = new Set(inferences.filter((inference) => answerOf(inference) !== null).map(({ id }) => id));
  const calls = inferences.flatMap((inference) => inference.calls);
  const targets = [...new Set(calls.map((call) => call.target))];
  return {
    asked: submittedIds.length,
    answered: submittedIds.filter((id) => answered.has(id)).length,
    lost: submittedIds.filter((id) => !answered.has(id)),
    possiblyBilled: calls.filter((call) => call.possibly_billed).length,
    targets: targets.map((target) => targetTally(target, calls)),
  };
}

/** The text that the model answered, or null. */
export function answerOf(inference: InferenceView): string | null {
  const { status, output } = inference;
  const text =
    status === 'succeeded' && output?.object === 'chat.completion' ? output.choices[0]?.message.content : null;
  return text ? text : null;
}

/** How a call ended, in one word. */
export function endOf(call: CallView): string {
  return call.kind ?? call.outcome;
}

function targetTally(target: string, allCalls: readonly CallView[]): TargetTally {
  const calls = allCalls.filter((call) => call.target === target);
  const outcomes: Record<string, number> = {};
  for (const call of calls) outcomes[endOf(call)] = (outcomes[endOf(call)] ?? 0) + 1;
  return { target, calls: calls.length, outcomes };
}
