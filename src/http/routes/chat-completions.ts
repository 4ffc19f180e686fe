// `POST /v1/chat/completions`, OpenAI's: the client stays on the line until the inference has ended.

import type { FastifyReply } from 'fastify';
import type { Inference } from '../../domain/inference.ts';
import { abandon } from '../abandoned.ts';
import type { ChatCompletion } from '../chat-completion.ts';
import { chatCompletionOf, chatCompletionSchema } from '../chat-completion.ts';
import { chatBodySchema } from '../chat-schema.ts';
import { errorSchema } from '../error-schema.ts';
import { failureError } from '../failure-error.ts';
import type { App, HttpContext } from '../http-context.ts';
import { promptOf } from '../prompt.ts';
import { chatHeadersSchema } from '../request-headers.ts';
import { startInference } from '../start-inference.ts';
import { synchronousAnswer } from '../synchronous-answer.ts';

export function registerChatCompletions(app: App, context: HttpContext): void {
  const schema = {
    summary: 'Create a chat completion',
    description:
      "OpenAI's chat completions. Answers when the inference ends or its deadline passes. The headers " +
      '`x-holdfast-inference-id`, `x-holdfast-model`, `x-holdfast-target` and `x-holdfast-calls` tell how it was served, ' +
      '`x-holdfast-verdict` what several models have come to.',
    tags: ['Inferences'],
    headers: chatHeadersSchema,
    body: chatBodySchema,
    response: { 200: chatCompletionSchema, default: errorSchema },
  };
  app.post('/chat/completions', { schema }, async (request, reply) => {
    const { body, headers } = request;
    const place = context.waiting.enter(reply.raw);
    try {
      const started = await startInference(context, request, {
        wayIn: 'chat-completions',
        body,
        prompt: promptOf(body),
        deadline: headers['x-holdfast-deadline'],
        priority: headers['x-holdfast-priority'] === undefined ? undefined : Number(headers['x-holdfast-priority']),
        idempotencyKey: headers['idempotency-key'],
        isDetached: headers['x-holdfast-detach'] === 'true',
      });
      const inference = await synchronousAnswer(context, started, place);
      if (inference) return succeeded(inference, reply);
      await abandon(context, started, reply.log);
      return reply.hijack();
    } finally {
      place.leave();
    }
  });
}

function succeeded(inference: Inference, reply: FastifyReply): ChatCompletion {
  const { id, createdAt, result, memo } = inference;
  if (!result) throw failureError(inference);
  reply.headers({
    'x-holdfast-inference-id': id,
    'x-holdfast-model': headerText(memo.model),
    ...(result.target !== null && { 'x-holdfast-target': headerText(result.target) }),
    'x-holdfast-calls': String(inference.calls.length),
    ...(result.verdict && { 'x-holdfast-verdict': result.verdict.outcome }),
  });
  return chatCompletionOf({ id, createdAt, answer: result.answer });
}

/** Names of models may hold what a header may not. */
function headerText(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, (character) => encodeURIComponent(character));
}
