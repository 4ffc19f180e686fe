// The response that a request continues: what was said in it comes before the new input.

import type { Inference } from '../../domain/inference.ts';
import type { Message, Prompt } from '../../domain/prompt.ts';
import type { Caller } from '../auth.ts';
import { maySee } from '../auth.ts';
import { ApiError, temporalUnavailable } from '../errors.ts';
import type { HttpContext } from '../http-context.ts';
import { inferenceIdOf } from './response-id.ts';
import { messagesOfPrevious } from './response-prompt.ts';

/** Nothing of it when the request names none. */
export async function previousMessages(
  context: HttpContext,
  id: string | null | undefined,
  caller: Caller,
): Promise<readonly Message[]> {
  if (id == null) return [];
  const inferenceId = inferenceIdOf(id);
  const outcome = inferenceId === null ? null : await context.inferences.get(inferenceId);
  if (outcome?.type === 'unavailable') throw temporalUnavailable({ shouldRetry: true });
  const inference = outcome?.type === 'found' ? outcome.inference : null;
  const memo = inference?.memo.response;
  if (!inference || !memo?.store || !maySee(caller, inference.memo.owner)) {
    throw unusable('previous_response_not_found', 'names a response that is not there, or was not stored');
  }
  if (!inference.result) {
    throw unusable(
      'invalid_value',
      `names a response that is ${inference.status}: only an answered one can be continued`,
    );
  }
  const prompt = await promptOfInference(context, inference);
  return messagesOfPrevious({ prompt, hasInstructions: memo.hasInstructions, answer: inference.result.answer });
}

/** What an inference that is there was asked. */
export async function promptOfInference({ inferences }: HttpContext, { id }: Pick<Inference, 'id'>): Promise<Prompt> {
  const outcome = await inferences.prompt(id);
  if (outcome.type === 'unavailable') throw temporalUnavailable({ shouldRetry: true });
  if (outcome.type === 'not-found') throw new Error(`Inference ${id} disappeared while it was read.`);
  return outcome.prompt;
}

function unusable(code: 'previous_response_not_found' | 'invalid_value', words: string): ApiError {
  const param = 'previous_response_id';
  return new ApiError({ code, message: `${param} ${words}. Nothing was started.`, param });
}
