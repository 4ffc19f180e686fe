// Who resolves a vote, as far as it can be known: the API says it in a header of the update, where Temporal's UI has none.
// Whatever name stands in the update itself is not believed. A header is not signed: whoever may write to the namespace
// with a client of their own is trusted. Loaded beside the workflows, as an interceptor of all.

import { defaultPayloadConverter } from '@temporalio/common';
import type { UpdateInput, WorkflowInterceptors } from '@temporalio/workflow';
import type { Resolver } from '../src/domain/hold.ts';
import { resolveUpdate } from './messages.ts';

/** As `src/temporal/resolve-inference.ts` sends it. */
const HEADER = 'holdfast-resolver';

export function interceptors(): WorkflowInterceptors {
  return {
    inbound: [
      {
        validateUpdate: (input, next) => next(withResolver(input)),
        handleUpdate: (input, next) => next(withResolver(input)),
      },
    ],
  };
}

function withResolver(input: UpdateInput): UpdateInput {
  if (input.name !== resolveUpdate.name) return input;
  const [message, ...others] = input.args;
  const header = input.headers[HEADER];
  const resolver: Resolver = header
    ? { by: defaultPayloadConverter.fromPayload<string | null>(header), via: 'api' }
    : { by: null, via: 'temporal' };
  const isObject = typeof message === 'object' && message !== null;
  return { ...input, args: [isObject ? { ...message, ...resolver } : message, ...others] };
}
