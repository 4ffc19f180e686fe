// What the client is told of an inference that failed or was cancelled: by code, once for the waiting client and for
// whoever reads the inference later. Must not show words of a provider but where they are the answer.

import { failureTable } from '../domain/failure.ts';
import type { Inference, InferenceFailure } from '../domain/inference.ts';
import { ApiError } from './errors.ts';

export function failureError(inference: Pick<Inference, 'id' | 'failure' | 'calls'>): ApiError {
  const { id, failure, calls } = inference;
  if (!failure) return internalError(inference);
  const { code, message, cause, verdict } = failure;
  const tried = {
    inferenceId: id,
    calls: failure.calls.length > 0 ? failure.calls : calls,
    ...(verdict && { verdict }),
  };
  switch (code) {
    case 'invalid_request':
    case 'content_filter':
    case 'context_length_exceeded':
    case 'unsupported_parameter':
      return new ApiError({ ...tried, code, message: withProvidersWords(failure), param: cause?.param ?? null });
    case 'all_targets_failed':
    case 'consensus_inconclusive':
      if (failure.isLate) return new ApiError({ ...tried, code, message, status: 504 });
      return isShortage(failure)
        ? new ApiError({ ...tried, code, message, status: 503, retryAfterSeconds: retryAfterSeconds(failure) })
        : new ApiError({ ...tried, code, message });
    case 'consensus_split':
    case 'deadline_exceeded':
    case 'inference_cancelled':
      return new ApiError({ ...tried, code, message });
    case 'internal_error':
      break;
  }
  return internalError(inference);
}

function internalError({ id, calls }: Pick<Inference, 'id' | 'calls'>): ApiError {
  return new ApiError({
    code: 'internal_error',
    message: 'Holdfast itself failed to serve this inference. It can be replayed.',
    inferenceId: id,
    calls,
  });
}

function withProvidersWords({ message, cause }: InferenceFailure): string {
  return cause?.providerMessage ? `${message} The provider says: ${cause.providerMessage}` : message;
}

/** Every target that failed, failed in the end for want of capacity: the same request may well succeed later. */
function isShortage({ calls }: InferenceFailure): boolean {
  const lastKinds = new Map(calls.map((call) => [call.target, call.kind]));
  // A call that was cancelled has not failed.
  const failed = [...lastKinds.values()].filter((kind) => kind !== null && kind !== 'cancelled');
  return failed.length > 0 && failed.every((kind) => failureTable[kind].isShortage);
}

const DEFAULT_RETRY_AFTER_SECONDS = 10;

function retryAfterSeconds({ cause }: InferenceFailure): number {
  return cause?.retryAfterMs === undefined
    ? DEFAULT_RETRY_AFTER_SECONDS
    : Math.max(1, Math.ceil(cause.retryAfterMs / 1000));
}
