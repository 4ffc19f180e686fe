// The one place where a failed call becomes what Temporal is told: kind, whether to retry, when, and every record.

import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { CallModelFailure } from '../src/domain/call.ts';
import type { RetryDecision } from '../src/domain/failure.ts';

export function callFailure(details: CallModelFailure, decision: RetryDecision): ApplicationFailure {
  const { kind, message } = details.failure;
  return ApplicationFailure.create({
    type: kind,
    message,
    nonRetryable: !decision.retry,
    ...(decision.retry && { nextRetryDelay: Math.max(1, decision.delayMs) }),
    details: [details],
    // Expected, and logged by us: the SDK would log the details too, in which the provider's words are.
    category: ApplicationFailureCategory.BENIGN,
  });
}
