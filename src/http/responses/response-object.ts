// An inference as one of OpenAI's responses, at any moment of its life. Pure: what the request said is taken from the
// prompt, so that it is the same whoever asks and whenever.

import type { Answer, Usage } from '../../domain/answer.ts';
import type { Inference, ResponseMemo } from '../../domain/inference.ts';
import type { Prompt, ResponseFormat, Tool, ToolCall } from '../../domain/prompt.ts';
import { tokenLogprobs } from '../chat-completion.ts';
import { failureError } from '../failure-error.ts';
import { functionCallId, messageId, responseId } from './response-id.ts';
import type {
  FunctionCallItem,
  MessageContent,
  MessageItem,
  OutputItem,
  ResponseObject,
  TextContent,
} from './response-object-schema.ts';

export interface ResponseParts {
  readonly inference: Inference;
  readonly request: ShownRequest;
  readonly memo: ResponseMemo;
}

/** What a response shows of its request again: all but the input. */
export type ShownRequest = Omit<Prompt, 'messages'> & { readonly instructions: string | null };

export function shownRequest({ messages, ...rest }: Prompt, { hasInstructions }: ResponseMemo): ShownRequest {
  const [first] = messages;
  return { ...rest, instructions: hasInstructions && first?.role === 'system' ? first.text : null };
}

export function responseObject({ inference, request, memo }: ResponseParts): ResponseObject {
  const { id, createdAt, status, result, failure } = inference;
  const { metadata, model } = inference.memo;
  const error = status === 'failed' && failure ? errorOf(inference) : null;
  const answer = result?.answer ?? null;
  return responseOf({ id, createdAt, status: STATUSES[status], error, answer, model, metadata, request, memo });
}

/** `id`: of what has answered, which the ids of the response and its items are made of. */
export function responseOf(
  parts: Omit<ResponseParts, 'inference'> &
    Pick<Inference, 'id' | 'createdAt'> &
    Pick<Inference['memo'], 'model' | 'metadata'> &
    Pick<ResponseObject, 'status' | 'error'> & { readonly answer: Answer | null },
): ResponseObject {
  const { id, createdAt, status, error, answer, model, metadata, request, memo } = parts;
  const { instructions, params, toolChoice, user } = request;
  const incomplete = answer && incompleteReason(answer);
  const usage = answer?.usage && usageOf(answer.usage);
  return {
    id: responseId(id),
    object: 'response',
    created_at: Math.floor(Date.parse(createdAt) / 1000),
    status: incomplete ? 'incomplete' : status,
    background: memo.background,
    error,
    incomplete_details: incomplete && { reason: incomplete },
    instructions,
    max_output_tokens: params.maxTokens ?? null,
    metadata: { ...metadata },
    model: answer?.model ?? model,
    output: answer ? [...outputOf(id, answer)] : [],
    parallel_tool_calls: request.parallelToolCalls ?? true,
    previous_response_id: memo.previousResponseId ?? null,
    reasoning: { effort: params.reasoningEffort ?? null, summary: null },
    service_tier: params.serviceTier ?? 'auto',
    store: memo.store,
    temperature: params.temperature ?? null,
    text: { format: formatOf(request.responseFormat), verbosity: params.verbosity ?? null },
    tool_choice: typeof toolChoice === 'object' ? { type: 'function', name: toolChoice.name } : (toolChoice ?? 'auto'),
    tools: (request.tools ?? []).map(toolOf),
    top_logprobs: params.logprobs ?? 0,
    top_p: params.topP ?? null,
    truncation: 'disabled',
    ...(usage && { usage }),
    ...(user !== undefined && { user }),
    ...(params.promptCacheKey !== undefined && { prompt_cache_key: params.promptCacheKey }),
    ...(params.safetyIdentifier !== undefined && { safety_identifier: params.safetyIdentifier }),
  };
}

const STATUSES: Readonly<Record<Inference['status'], ResponseObject['status']>> = {
  running: 'in_progress',
  waiting: 'queued',
  succeeded: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
};

/** The message, unless the model has only called functions, and its calls. */
function outputOf(id: string, answer: Answer): readonly OutputItem[] {
  const status = incompleteReason(answer) ? 'incomplete' : 'completed';
  const content = contentOf(answer);
  return [
    ...(content ? [messageItem(id, status, [content])] : []),
    ...answer.toolCalls.map((call, index) => functionCallItem(functionCallId(id, index), call)),
  ];
}

export function messageItem(id: string, status: MessageItem['status'], content: MessageContent[]): MessageItem {
  return { type: 'message', id: messageId(id), role: 'assistant', status, content };
}

export function textContent(text: string, logprobs: Answer['logprobs'] = []): TextContent {
  return { type: 'output_text', text, annotations: [], logprobs: logprobs.map(tokenLogprobs) };
}

function contentOf({ text, refusal, logprobs }: Answer): MessageContent | null {
  if (refusal !== null) return { type: 'refusal', refusal };
  return text ? textContent(text, logprobs) : null;
}

function functionCallItem(id: string, call: ToolCall): FunctionCallItem {
  const { id: callId, name, arguments: text } = call;
  return { type: 'function_call', id, call_id: callId, name, arguments: text, status: 'completed' };
}

function incompleteReason({ finishReason, refusal }: Answer): 'max_output_tokens' | 'content_filter' | null {
  // A refusal is whole, whatever word its provider ends it with.
  if (refusal !== null) return null;
  if (finishReason.unified === 'length') return 'max_output_tokens';
  return finishReason.unified === 'content-filter' ? 'content_filter' : null;
}

function errorOf(inference: Inference): ResponseObject['error'] {
  const { code, message } = failureError(inference).fields;
  return { code, message };
}

function formatOf(format: ResponseFormat | undefined): ResponseObject['text']['format'] {
  if (format?.type === 'json') return { type: 'json_object' };
  if (format?.type !== 'json-schema') return { type: 'text' };
  const { name, description = null, schema, strict = null } = format;
  return { type: 'json_schema', name, description, schema: { ...schema }, strict };
}

function toolOf({ name, description, parameters, strict }: Tool): ResponseObject['tools'][number] {
  return {
    type: 'function',
    name,
    description: description ?? null,
    parameters: parameters ? { ...parameters } : null,
    strict: strict ?? null,
  };
}

/**
 * A usage that is known in part only is left to `calls[]`. The details are always there, since clients read them without
 * a look whether they are: there 0 also means that the provider says nothing of it.
 */
function usageOf(usage: Usage): NonNullable<ResponseObject['usage']> | null {
  const { inputTokens, outputTokens, cachedInputTokens, reasoningTokens } = usage;
  if (inputTokens === null || outputTokens === null) return null;
  return {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: cachedInputTokens ?? 0 },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: reasoningTokens ?? 0 },
    total_tokens: inputTokens + outputTokens,
  };
}
