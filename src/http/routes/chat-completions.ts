// `POST /v1/chat/completions`, OpenAI's: the client stays on the line until the inference has ended.

import { chatCompletionOf, chatCompletionSchema } from '../chat-completion.ts';
import { chatBodySchema } from '../chat-schema.ts';
import { errorSchema } from '../error-schema.ts';
import { failureError } from '../failure-error.ts';
import type { App, HttpContext } from '../http-context.ts';
import { promptOf } from '../prompt.ts';
import { chatHeadersSchema } from '../request-headers.ts';
import { serveStreamingClient } from '../streaming-client.ts';
import { ChatChunks } from '../streams/chat-chunks.ts';
import { servedHeaders, serveWaitingClient } from '../waiting-client.ts';

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
    const wanted = { wayIn: 'chat-completions', body, prompt: promptOf(body) } as const;
    if (body.stream) {
      const includesUsage = body.stream_options?.include_usage === true;
      return serveStreamingClient(
        context,
        { request, reply, headers },
        wanted,
        ({ inference }) => new ChatChunks({ ...inference, includesUsage }),
      );
    }
    const inference = await serveWaitingClient(context, { request, reply, headers }, wanted);
    if (!inference) return reply;
    const { id, createdAt, result } = inference;
    if (!result) throw failureError(inference);
    reply.headers(servedHeaders(inference));
    return chatCompletionOf({ id, createdAt, answer: result.answer, target: result.target });
  });
}
