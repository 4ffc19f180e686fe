// Tells an inference whose vote is held what a person has decided. Who it is travels in a header of the update, which
// Temporal's UI cannot send.

import type { Client, WorkflowClientInterceptor } from '@temporalio/client';
import {
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure, defaultPayloadConverter } from '@temporalio/common';
import type { Resolution } from '../domain/hold.ts';
import type { ResolveOutcome } from '../domain/inferences.ts';
import type { ResolutionMessage, Resolved, resolveUpdate } from '../../workflows/messages.ts';

const UPDATE: (typeof resolveUpdate)['name'] = 'resolve';
/** As `workflows/resolver.ts` reads it. */
const HEADER = 'holdfast-resolver';

/** A worker has to take it, and to check an answer; its caller is a person. */
export const RESOLVE_LIMIT_MS = 5_000;

export const NOT_HELD: ResolveOutcome = {
  type: 'refused',
  code: 'not_held',
  message: 'The vote of this inference is not held for anybody to resolve.',
};

export const resolverInterceptor: WorkflowClientInterceptor = {
  startUpdate(input, next) {
    if (input.updateName !== UPDATE) return next(input);
    const [{ by = null, ...resolution }] = input.args as [ResolutionMessage];
    const headers = { ...input.headers, [HEADER]: defaultPayloadConverter.toPayload(by) };
    return next({ ...input, args: [resolution], headers });
  },
};

export async function resolveInference(
  client: Client,
  resolve: { readonly id: string; readonly resolution: Resolution; readonly by: string | null },
): Promise<ResolveOutcome> {
  const { id, resolution, by } = resolve;
  try {
    const { isDecided } = await client.workflow
      .getHandle(id)
      .executeUpdate<Resolved, [ResolutionMessage]>(UPDATE, { args: [{ ...resolution, by }] });
    return { type: 'resolved', isDecided };
  } catch (error) {
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return { type: 'unavailable', startUnknown: false };
    // It was held a moment ago: somebody else has been quicker.
    if (error instanceof WorkflowNotFoundError) return NOT_HELD;
    const { cause } = error instanceof WorkflowUpdateFailedError ? error : {};
    if (!(cause instanceof ApplicationFailure) || !isFault(cause.type)) throw error;
    return { type: 'refused', code: cause.type, message: cause.message };
  }
}

const FAULTS = ['not_held', 'invalid_resolution', 'approvals_needed', 'submitter_may_not_resolve'] as const;

function isFault(type: unknown): type is (typeof FAULTS)[number] {
  return FAULTS.some((fault) => fault === type);
}
