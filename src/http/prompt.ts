// OpenAI's request body to the domain's prompt: snake_case to camelCase, and null to left out. Pure; no validation.

import { expectOf } from '../domain/expectation.ts';
import type { ContentPart, Message, Params, Prompt, ResponseFormat, Tool, ToolChoice } from '../domain/prompt.ts';
import type { ChatFields, samplingFields } from './chat-schema.ts';
import type { z } from 'zod';
import { given } from './given.ts';
import type { ChatMessage } from './message-schema.ts';

export function promptOf(body: ChatFields): Prompt {
  return given({
    messages: body.messages.map(messageOf),
    tools: body.tools?.length ? body.tools.map(toolOf) : null,
    toolChoice: body.tool_choice && toolChoiceOf(body.tool_choice),
    parallelToolCalls: body.parallel_tool_calls,
    responseFormat: body.response_format && responseFormatOf(body.response_format),
    expect: body.expect && [expectOf(body.expect)],
    params: { ...paramsOf(body), ...answerParamsOf(body) },
    user: body.user,
  });
}

export function paramsOf(fields: z.output<z.ZodObject<typeof samplingFields>>): Params {
  return given({
    maxTokens: fields.max_completion_tokens ?? fields.max_tokens,
    temperature: fields.temperature,
    topP: fields.top_p,
    presencePenalty: fields.presence_penalty,
    frequencyPenalty: fields.frequency_penalty,
    stop: typeof fields.stop === 'string' ? [fields.stop] : fields.stop,
    seed: fields.seed,
    reasoningEffort: fields.reasoning_effort,
  });
}

function answerParamsOf(body: ChatFields): Params {
  const retention = body.prompt_cache_retention;
  return given({
    logprobs: body.logprobs === true ? (body.top_logprobs ?? 0) : null,
    verbosity: body.verbosity,
    serviceTier: serviceTierOf(body.service_tier),
    promptCacheKey: body.prompt_cache_key,
    promptCacheRetention: retention === 'in_memory' ? 'in-memory' : retention,
    safetyIdentifier: body.safety_identifier,
  });
}

/** `scale` is what an account at OpenAI has bought: `auto` takes it there. */
export function serviceTierOf(tier: ChatFields['service_tier']): Params['serviceTier'] | null {
  return tier === 'auto' || tier === 'scale' ? null : tier;
}

function messageOf(message: ChatMessage): Message {
  if (message.role === 'user') {
    const { content, name } = message;
    // No API beside OpenAI's has a field for who of several users speaks.
    const said = name == null ? '' : `${name}: `;
    if (typeof content === 'string') return { role: 'user', parts: [textPart(said + content)] };
    return { role: 'user', parts: [...(said === '' ? [] : [textPart(said)]), ...content.map(partOf)] };
  }
  if (message.role === 'assistant') {
    return {
      role: 'assistant',
      // A refusal of an earlier turn is what the assistant said then.
      text: message.content == null ? (message.refusal ?? null) : textOf(message.content),
      toolCalls: (message.tool_calls ?? []).map((call) => ({
        id: call.id,
        name: call.function.name,
        arguments: call.function.arguments,
      })),
    };
  }
  const text = textOf(message.content);
  return message.role === 'tool' ? { role: 'tool', toolCallId: message.tool_call_id, text } : { role: 'system', text };
}

type TextLike =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'refusal'; readonly refusal: string };

function textOf(content: string | readonly TextLike[]): string {
  if (typeof content === 'string') return content;
  return content.map((part) => (part.type === 'text' ? part.text : part.refusal)).join('\n');
}

function textPart(text: string): ContentPart {
  return { type: 'text', text };
}

type UserContent = Extract<ChatMessage, { role: 'user' }>['content'];

function partOf(part: Exclude<UserContent, string>[number]): ContentPart {
  if (part.type === 'text') return textPart(part.text);
  return part.type === 'image_url'
    ? given({ type: 'image', url: part.image_url.url, detail: part.image_url.detail } as const)
    : given({ type: 'file', url: part.file.file_data, filename: part.file.filename } as const);
}

function toolOf({ function: tool }: NonNullable<ChatFields['tools']>[number]): Tool {
  return given({ name: tool.name, description: tool.description, parameters: tool.parameters, strict: tool.strict });
}

function toolChoiceOf(choice: NonNullable<ChatFields['tool_choice']>): ToolChoice {
  return typeof choice === 'string' ? choice : { name: choice.function.name };
}

function responseFormatOf(format: NonNullable<ChatFields['response_format']>): ResponseFormat {
  if (format.type === 'text') return { type: 'text' };
  if (format.type === 'json_object') return { type: 'json' };
  const { name, description, schema, strict } = format.json_schema;
  return given({ type: 'json-schema', name, description, schema, strict } as const);
}
