// Workflow Type `failover`: one inference, served by a chain of targets.

import { ApplicationFailure, continueAsNew, isCancellation, setHandler } from '@temporalio/workflow';
import type { InferenceInput, InferenceResult } from '../src/domain/inference.ts';
import { Chain } from './chain.ts';
import { progressQuery } from './messages.ts';
import { observer } from './observer.ts';

export async function failover(input: InferenceInput): Promise<InferenceResult> {
  const chain = new Chain(input);
  setHandler(progressQuery, () => ({ calls: chain.calls }), { description: 'The calls made so far.' });
  const ended = (outcome: 'succeeded' | 'failed' | 'cancelled', code: string | null) =>
    observer.inferenceEnded({ model: input.model, outcome, code, durationMs: chain.spentMs() });
  try {
    const outcome = await chain.run();
    if (outcome.type === 'continued')
      return await continueAsNew<typeof failover>({ ...input, carried: outcome.carried });
    if (outcome.type === 'answered') {
      ended('succeeded', null);
      return outcome.result;
    }
    const { failure } = outcome;
    ended('failed', failure.code);
    throw ApplicationFailure.create({
      type: failure.code,
      message: failure.message,
      nonRetryable: true,
      details: [failure],
    });
  } catch (error) {
    if (isCancellation(error)) ended('cancelled', 'inference_cancelled');
    throw error;
  }
}
