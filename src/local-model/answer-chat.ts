// Answers one chat completion from the local model, whole or as a stream. Must not know routes.

import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { sendError } from './api-error.ts';
import { readChatRequest } from './chat-request.ts';
import type { LocalAnswer, LocalModel } from './local-model.ts';

export async function answerChat(input: {
  readonly model: LocalModel;
  readonly modelName: string;
  readonly body: string;
  readonly response: ServerResponse;
}): Promise<void> {
  const { model, modelName, body, response } = input;
  const read = readChatRequest(body);
  if (read.type === 'error') return sendError(response, read.error);
  const { request } = read;
  if (request.model !== modelName) {
    const message = `There is no model ${request.model} here, only ${modelName}.`;
    return sendError(response, { ...INVALID, status: 404, code: 'model_not_found', param: 'model', message });
  }
  const prompt = model.toPrompt(request.messages);
  if (prompt.length + (request.maxTokens ?? 1) > model.contextTokens) {
    const message = `The messages have ${prompt.length} tokens, and ${request.maxTokens ?? 1} are wanted for the answer: the context holds ${model.contextTokens}.`;
    return sendError(response, { ...INVALID, code: 'context_length_exceeded', param: 'messages', message });
  }
  const reply = request.isStreamed ? streamedReply : wholeReply;
  const { onText, onEnd } = reply({ response, modelName, isUsageStreamed: request.isUsageStreamed });
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const answer = await model.answer({
    prompt,
    maxTokens: request.maxTokens ?? model.contextTokens - prompt.length,
    sampling: request.sampling,
    signal: gone.signal,
    onText,
  });
  if (answer !== null) onEnd(answer, usage(prompt.length, answer.tokens));
}

const INVALID = { status: 400, type: 'invalid_request_error' } as const;

interface Reply {
  readonly onText: (text: string) => void;
  readonly onEnd: (answer: LocalAnswer, usage: Usage) => void;
}

type Usage = ReturnType<typeof usage>;

function usage(prompt: number, completion: number) {
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

function wholeReply({ response, modelName }: { response: ServerResponse; modelName: string }): Reply {
  let content = '';
  return {
    onText: (text) => {
      content += text;
    },
    onEnd: ({ finishReason }, used) => {
      const message = { role: 'assistant', content, refusal: null };
      const choices = [{ index: 0, message, logprobs: null, finish_reason: finishReason }];
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ ...heading('chat.completion', modelName), choices, usage: used }));
    },
  };
}

function streamedReply(input: { response: ServerResponse; modelName: string; isUsageStreamed: boolean }): Reply {
  const { response, modelName, isUsageStreamed } = input;
  const head = heading('chat.completion.chunk', modelName);
  const send = (fields: object) => response.write(`data: ${JSON.stringify({ ...head, ...fields })}\n\n`);
  const sendDelta = (delta: object, finishReason: string | null = null) =>
    send({
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
      ...(isUsageStreamed && { usage: null }),
    });
  let isOpen = false;
  // Not sooner: until the first token it may still become an error with a status of its own.
  const open = () => {
    if (isOpen) return;
    isOpen = true;
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    sendDelta({ role: 'assistant', content: '' });
  };
  return {
    onText: (text) => {
      open();
      sendDelta({ content: text });
    },
    onEnd: ({ finishReason }, used) => {
      open();
      sendDelta({}, finishReason);
      if (isUsageStreamed) send({ choices: [], usage: used });
      response.end('data: [DONE]\n\n');
    },
  };
}

function heading(object: string, model: string) {
  return { id: `chatcmpl-${randomUUID()}`, object, created: Math.floor(Date.now() / 1_000), model };
}
