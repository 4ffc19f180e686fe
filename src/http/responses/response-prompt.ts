// The body of OpenAI's responses API to the domain's prompt. Pure; no validation.

import type { Answer } from '../../domain/answer.ts';
import { expectOf } from '../../domain/expectation.ts';
import type {
  ContentPart,
  Message,
  Params,
  Prompt,
  ResponseFormat,
  Tool,
  ToolCall,
  ToolChoice,
} from '../../domain/prompt.ts';
import { given } from '../given.ts';
import { serviceTierOf } from '../prompt.ts';
import type { InputItem } from './input-schema.ts';
import type { ResponseFields } from './response-schema.ts';
import { LOGPROBS } from './response-schema.ts';

/** What an earlier response hands on: all that was said, but its instructions. */
export function messagesOfPrevious(input: {
  readonly prompt: Prompt;
  readonly hasInstructions: boolean;
  readonly answer: Answer;
}): readonly Message[] {
  const { prompt, hasInstructions, answer } = input;
  const { text, refusal, toolCalls } = answer;
  return [...prompt.messages.slice(hasInstructions ? 1 : 0), { role: 'assistant', text: text ?? refusal, toolCalls }];
}

export function responsePromptOf(body: ResponseFields, previous: readonly Message[]): Prompt {
  const { input, instructions, text } = body;
  const said = typeof input === 'string' ? [userMessage(input)] : messagesOf(input);
  return given({
    messages: [
      ...(instructions == null ? [] : [{ role: 'system', text: instructions } as const]),
      ...previous,
      ...said,
    ],
    tools: body.tools?.length ? body.tools.map(toolOf) : null,
    toolChoice: body.tool_choice && toolChoiceOf(body.tool_choice),
    parallelToolCalls: body.parallel_tool_calls,
    responseFormat: text?.format && responseFormatOf(text.format),
    expect: body.expect && [expectOf(body.expect)],
    params: paramsOf(body),
    user: body.user,
  });
}

function paramsOf(body: ResponseFields): Params {
  const { include, service_tier: tier, prompt_cache_retention: retention } = body;
  return given({
    maxTokens: body.max_output_tokens,
    temperature: body.temperature,
    topP: body.top_p,
    reasoningEffort: body.reasoning?.effort,
    logprobs: include?.includes(LOGPROBS) ? (body.top_logprobs ?? 0) : null,
    verbosity: body.text?.verbosity,
    serviceTier: serviceTierOf(tier),
    promptCacheKey: body.prompt_cache_key,
    promptCacheRetention: retention === 'in_memory' ? 'in-memory' : retention,
    safetyIdentifier: body.safety_identifier,
  });
}

/** Texts and calls of the assistant that follow each other are one message, as every other API has them. */
function messagesOf(items: readonly InputItem[]): readonly Message[] {
  const messages: Message[] = [];
  for (const item of items) {
    if (item.type === 'reasoning') continue;
    const message = messageOf(item);
    const last = messages.at(-1);
    if (message.role === 'assistant' && last?.role === 'assistant')
      messages[messages.length - 1] = joined(last, message);
    else messages.push(message);
  }
  return messages;
}

type AssistantMessage = Extract<Message, { readonly role: 'assistant' }>;

function joined(first: AssistantMessage, second: AssistantMessage): AssistantMessage {
  const texts = [first.text, second.text].filter((text) => text !== null);
  return {
    role: 'assistant',
    text: texts.length > 0 ? texts.join('\n') : null,
    toolCalls: [...first.toolCalls, ...second.toolCalls],
  };
}

function messageOf(item: Exclude<InputItem, { readonly type: 'reasoning' }>): Message {
  if (item.type === 'function_call') {
    const call: ToolCall = { id: item.call_id, name: item.name, arguments: item.arguments };
    return { role: 'assistant', text: null, toolCalls: [call] };
  }
  if (item.type === 'function_call_output') {
    return { role: 'tool', toolCallId: item.call_id, text: textOf(item.output) };
  }
  if (item.role === 'user') {
    const { content } = item;
    return typeof content === 'string' ? userMessage(content) : { role: 'user', parts: content.map(partOf) };
  }
  const text = textOf(item.content);
  return item.role === 'assistant' ? { role: 'assistant', text, toolCalls: [] } : { role: 'system', text };
}

function userMessage(text: string): Message {
  return { role: 'user', parts: [{ type: 'text', text }] };
}

type TextLike =
  | { readonly type: 'input_text' | 'output_text'; readonly text: string }
  | { readonly type: 'refusal'; readonly refusal: string };

function textOf(content: string | readonly TextLike[]): string {
  if (typeof content === 'string') return content;
  return content.map((part) => (part.type === 'refusal' ? part.refusal : part.text)).join('\n');
}

type UserContent = Extract<InputItem, { readonly role: 'user' }>['content'];

function partOf(part: Exclude<UserContent, string>[number]): ContentPart {
  switch (part.type) {
    case 'input_text':
      return { type: 'text', text: part.text };
    case 'input_image':
      return given({ type: 'image', url: part.image_url, detail: part.detail } as const);
    case 'input_file':
      return given({ type: 'file', url: part.file_data, filename: part.filename } as const);
  }
}

function toolOf(tool: NonNullable<ResponseFields['tools']>[number]): Tool {
  const { name, description, parameters, strict } = tool;
  return given({ name, description, parameters, strict });
}

function toolChoiceOf(choice: NonNullable<ResponseFields['tool_choice']>): ToolChoice {
  return typeof choice === 'string' ? choice : { name: choice.name };
}

type Format = NonNullable<NonNullable<ResponseFields['text']>['format']>;

function responseFormatOf(format: Format): ResponseFormat {
  if (format.type === 'text') return { type: 'text' };
  if (format.type === 'json_object') return { type: 'json' };
  const { name, description, schema, strict } = format;
  return given({ type: 'json-schema', name, description, schema, strict } as const);
}
