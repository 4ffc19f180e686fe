// A refusal as the answer: nobody shops for another answer unasked, unless the model is set to fail over.

import type { TargetFailure } from '../src/domain/route.ts';
import { targetName } from '../src/domain/target.ts';
import type { InferenceRun, RoundOutcome } from './inference-run.ts';

/** Null when the round was not stopped, or its last failure is no refusal. */
export function refusalOf(
  run: InferenceRun,
  round: { readonly type: RoundOutcome['type']; readonly failed: readonly TargetFailure[] },
): Extract<RoundOutcome, { type: 'answered' }> | null {
  const by = round.failed.at(-1);
  if (round.type !== 'stopped' || by?.failure.kind !== 'refused') return null;
  const { target, failure } = by;
  const name = targetName(target);
  const record = run.calls.findLast((call) => call.target === name);
  return {
    type: 'answered',
    result: {
      answer: {
        text: null,
        refusal: failure.providerMessage ?? failure.message,
        toolCalls: [],
        finishReason: { unified: 'stop', raw: null },
        usage: record?.usage ?? null,
        model: record?.model ?? target.model,
      },
      target: name,
    },
  };
}
