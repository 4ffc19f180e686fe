// Workflow Type `failover`: one inference, served by a chain of targets.

import { ApplicationFailure, continueAsNew, setHandler } from '@temporalio/workflow';
import type { InferenceInput, InferenceResult } from '../src/domain/inference.ts';
import { Chain } from './chain.ts';
import { progressQuery } from './messages.ts';

export async function failover(input: InferenceInput): Promise<InferenceResult> {
  const chain = new Chain(input);
  setHandler(progressQuery, () => ({ calls: chain.calls }), { description: 'The calls made so far.' });
  const outcome = await chain.run();
  if (outcome.type === 'answered') return outcome.result;
  if (outcome.type === 'continued') return continueAsNew<typeof failover>({ ...input, carried: outcome.carried });
  const { failure } = outcome;
  throw ApplicationFailure.create({
    type: failure.code,
    message: failure.message,
    nonRetryable: true,
    details: [failure],
  });
}
