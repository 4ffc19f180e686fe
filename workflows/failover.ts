// Workflow Type `failover`: one inference, served by a chain of targets.

import { ApplicationFailure, continueAsNew, setHandler } from '@temporalio/workflow';
import type { InferenceInput, InferenceResult } from '../src/domain/inference.ts';
import { Chain } from './chain.ts';
import { progressQuery } from './messages.ts';

export async function failover(input: InferenceInput): Promise<InferenceResult> {
  const chain = new Chain(input);
  setHandler(progressQuery, () => ({ calls: chain.calls }), { description: 'The calls made so far.' });
  const outcome = await chain.run();
  switch (outcome.type) {
    case 'answered':
      return outcome.result;
    case 'failed':
      throw ApplicationFailure.create({
        type: outcome.failure.code,
        message: outcome.failure.message,
        nonRetryable: true,
        details: [outcome.failure],
      });
    case 'continued':
      return continueAsNew<typeof failover>({ ...input, carried: outcome.carried });
  }
}
