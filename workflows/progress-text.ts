// The sentences that Temporal's UI and a failed inference show. Never a prompt or an answer.

import type { CallRecord } from '../src/domain/call.ts';
import type { CommonInput, InferenceFailureCode } from '../src/domain/inference.ts';
import type { TargetFailure } from '../src/domain/route.ts';
import { targetName } from '../src/domain/target.ts';
import type { Verdict } from '../src/domain/verdict.ts';

/** Markdown for the workflow's current details. */
export function progressText(progress: { readonly now: string; readonly calls: readonly CallRecord[] }): string {
  const { now, calls } = progress;
  const shown = calls.slice(-SHOWN_CALLS).map((call) => {
    const attempt = call.attempt > 1 ? `, attempt ${call.attempt}` : '';
    const billed = call.possiblyBilled ? ', possibly billed' : '';
    return `- ${call.target}${attempt}: ${call.kind ?? call.outcome} after ${call.durationMs} ms${billed}`;
  });
  return shown.length === 0 ? now : [now, '', ...shown].join('\n');
}

const SHOWN_CALLS = 20;

export function failureMessage(failed: {
  readonly code: InferenceFailureCode;
  readonly failed: readonly TargetFailure[];
  readonly input: Pick<CommonInput, 'model' | 'deadlineMs'>;
  readonly verdict: Verdict | null;
}): string {
  const { code, input, verdict } = failed;
  const trail = failed.failed.map(({ target, failure }) => `${targetName(target)}: ${failure.kind}`).join(', ');
  if (code === 'consensus_split') return `The models of ${input.model} do not agree. ${verdict?.because ?? ''}`;
  if (code === 'consensus_inconclusive')
    return `Too few models of ${input.model} have voted. ${verdict?.because ?? ''}`;
  if (code === 'all_targets_failed') return `All targets of ${input.model} failed (${trail}).`;
  if (code === 'deadline_exceeded') {
    return `The deadline of ${input.deadlineMs / 1000} s passed before a target answered${trail && ` (${trail})`}.`;
  }
  return failed.failed.at(-1)?.failure.message ?? `No target of ${input.model} can take this request.`;
}
