// What lines of a batch may ask, endpoint by endpoint: how a body is read, and how its answer is shown. As the endpoint itself
// does it. Pure.

import type { z } from 'zod';
import type { Answer } from '../domain/answer.ts';
import type { BatchEndpoint } from '../domain/batch.ts';
import type { Prompt } from '../domain/prompt.ts';
import { chatCompletionOf } from './chat-completion.ts';
import type { ChatFields } from './chat-schema.ts';
import { chatBodySchema } from './chat-schema.ts';
import { promptOf } from './prompt.ts';
import { responseOf, shownRequest } from './responses/response-object.ts';
import { responsePromptOf } from './responses/response-prompt.ts';
import type { ResponseFields } from './responses/response-schema.ts';
import { responseBodySchema } from './responses/response-schema.ts';

export interface BatchLine {
  readonly customId: string;
  readonly prompt: Prompt;
  readonly render: (answered: Answered) => unknown;
}

/** `id`: an inference's, or one without a prefix. */
interface Answered {
  readonly id: string;
  readonly createdAt: string;
  readonly answer: Answer;
  readonly target: string | null;
}

export type BatchBodyFields = ChatFields | ResponseFields;

interface Endpoint {
  readonly schema: z.ZodType<BatchBodyFields & Readonly<Record<string, unknown>>>;
  /** Fields of the body that make no sense where nobody waits. */
  readonly unable: readonly string[];
  readonly ask: (body: BatchBodyFields) => Pick<BatchLine, 'prompt' | 'render'>;
}

export const batchEndpoints: Readonly<Record<BatchEndpoint, Endpoint>> = {
  '/v1/chat/completions': {
    schema: chatBodySchema,
    unable: ['stream'],
    ask: (body) => ({
      prompt: promptOf(body as ChatFields),
      render: (answered) => chatCompletionOf({ ...answered, id: chatId(answered.id) }),
    }),
  },
  '/v1/responses': {
    schema: responseBodySchema,
    // A line may be answered by a provider's batch, and then there is no inference to continue or to read.
    unable: ['stream', 'background', 'previous_response_id', 'store'],
    ask: (body) => askForResponse(body as ResponseFields),
  },
};

function chatId(id: string): string {
  return id.startsWith('inf-') ? id : `chatcmpl-${id}`;
}

function askForResponse(body: ResponseFields): Pick<BatchLine, 'prompt' | 'render'> {
  const prompt = responsePromptOf(body, []);
  const { model, metadata } = body;
  const memo = { background: false, store: false, hasInstructions: body.instructions != null };
  const request = shownRequest(prompt, memo);
  return {
    prompt,
    render: (answered) =>
      responseOf({ ...answered, status: 'completed', error: null, model, metadata: metadata ?? {}, request, memo }),
  };
}
