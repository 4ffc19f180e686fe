// Anthropic's messages format: content blocks, named events, usage split over the stream's first and last event.

import { countTokens } from '../answer/tokens.ts';
import { numberOf, objectOf, objectsOf, parseJson, schemaOf, stringOf, stringsOf, textOf } from './read-json.ts';
import type { Ask, Finish, Frames, Json, Reply, ReplyContext, WireFormat } from './wire.ts';

const MODELS = ['claude-sonnet-4-5', 'claude-haiku-4-5'];

export const anthropic: WireFormat = {
  route({ method, path }) {
    if (method === 'POST' && path === 'v1/messages') return { type: 'inference' };
    return method === 'GET' && path === 'v1/models' ? { type: 'models' } : null;
  },
  read,
  requestId: (id) => `req_${id.slice(0, 24)}`,
  headers: ({ id, atMs, limit }) => ({
    'request-id': `req_${id.slice(0, 24)}`,
    'anthropic-organization-id': '00000000-0000-0000-0000-000000000000',
    ...(limit && {
      'anthropic-ratelimit-requests-limit': String(limit.limit),
      'anthropic-ratelimit-requests-remaining': String(limit.remaining),
      'anthropic-ratelimit-requests-reset': rfc3339(atMs + limit.resetMs),
      'anthropic-ratelimit-input-tokens-limit': '2000000',
      'anthropic-ratelimit-input-tokens-remaining': '1999000',
      'anthropic-ratelimit-input-tokens-reset': rfc3339(atMs),
      'anthropic-ratelimit-output-tokens-limit': '400000',
      'anthropic-ratelimit-output-tokens-remaining': '399000',
      'anthropic-ratelimit-output-tokens-reset': rfc3339(atMs),
    }),
  }),
  body: (reply, context) => ({
    ...message(context),
    content: blocks(reply, context),
    ...stop(reply),
    usage: usage(reply.inputTokens, reply.outputTokens),
  }),
  frames,
  errorFrame: (body) => event({ type: 'error', ...objectOf(body) }),
  keepAlive: 'event: ping\ndata: {"type": "ping"}\n\n',
  models: () => ({
    data: MODELS.map((id) => ({ type: 'model', id, display_name: id, created_at: '2025-09-29T00:00:00Z' })),
    has_more: false,
    first_id: MODELS[0],
    last_id: MODELS.at(-1),
  }),
};

function read(body: Json): Ask | null {
  const messages = objectsOf(body['messages']);
  const model = stringOf(body['model']);
  const maxTokens = numberOf(body['max_tokens']);
  if (model === '' || messages.length === 0 || maxTokens === null) return null;
  const system = textOf(body['system']);
  const texts = messages.map((each) => textOf(each['content']));
  const format = objectOf(objectOf(body['output_config'])['format']);
  return {
    model,
    stream: body['stream'] === true,
    system,
    text: texts.filter((text, i) => messages[i]?.['role'] === 'user' && text !== '').at(-1) ?? '',
    inputTokens: countTokens(system + texts.join('')),
    maxTokens,
    stop: stringsOf(body['stop_sequences']),
    json: format['type'] === 'json_schema' ? { schema: schemaOf(format['schema']) } : null,
    tool: forcedTool(body),
    prefix: messages.at(-1)?.['role'] === 'assistant' ? (texts.at(-1) ?? '') : '',
    streamUsage: true,
  };
}

function forcedTool(body: Json): Ask['tool'] {
  const choice = objectOf(body['tool_choice']);
  const tools = objectsOf(body['tools']);
  const tool = choice['type'] === 'any' ? tools[0] : tools.find((each) => each['name'] === choice['name']);
  return tool ? { name: stringOf(tool['name']), parameters: objectOf(tool['input_schema']) } : null;
}

function message({ id, model }: ReplyContext): Json {
  return { id: `msg_${id.slice(0, 24)}`, type: 'message', role: 'assistant', model };
}

function usage(inputTokens: number, outputTokens: number): Json {
  return {
    input_tokens: inputTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: outputTokens,
    service_tier: 'standard',
  };
}

const stopWords: Readonly<Record<Finish, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  'tool-calls': 'tool_use',
  refused: 'refusal',
  blocked: 'refusal',
};

function stop(reply: Reply): Json {
  const stop_reason = reply.rawFinish === undefined ? stopWords[reply.finish] : reply.rawFinish;
  const stop_details =
    stop_reason === 'refusal' ? { type: 'refusal', category: 'cyber', explanation: 'The request was declined.' } : null;
  return { stop_reason, stop_sequence: null, stop_details };
}

/** A refusal has no content: what was streamed before it is to be thrown away. */
function blocks(reply: Reply, { id }: ReplyContext): readonly Json[] {
  const { toolCall, text } = reply;
  if (toolCall) {
    return [{ type: 'tool_use', id: toolId(id), name: toolCall.name, input: inputOf(toolCall.arguments) }];
  }
  return text.length > 0 ? [{ type: 'text', text: text.join(''), citations: null }] : [];
}

/** Arguments cut by the token limit are no JSON, and Anthropic then leaves out what it could not read. */
function inputOf(tokens: readonly string[]): Json {
  return objectOf(parseJson(tokens.join('')));
}

function toolId(id: string): string {
  return `toolu_${id.slice(0, 24)}`;
}

function frames(reply: Reply, context: ReplyContext): Frames {
  const { toolCall } = reply;
  const isEmpty = !toolCall && reply.text.length === 0;
  const content_block = toolCall
    ? { type: 'tool_use', id: toolId(context.id), name: toolCall.name, input: {} }
    : { type: 'text', text: '' };
  const deltas = toolCall
    ? toolCall.arguments.map((partial_json) => ({ type: 'input_json_delta', partial_json }))
    : reply.text.map((text) => ({ type: 'text_delta', text }));
  const started = {
    ...message(context),
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: usage(reply.inputTokens, 1),
  };
  return {
    opening: [
      event({ type: 'message_start', message: started }),
      ...(isEmpty ? [] : [event({ type: 'content_block_start', index: 0, content_block })]),
      anthropic.keepAlive,
    ],
    tokens: deltas.map((delta) => event({ type: 'content_block_delta', index: 0, delta })),
    closing: [
      ...(isEmpty ? [] : [event({ type: 'content_block_stop', index: 0 })]),
      event({ type: 'message_delta', delta: stop(reply), usage: usage(reply.inputTokens, reply.outputTokens) }),
      event({ type: 'message_stop' }),
    ],
  };
}

function event(data: Json): string {
  return `event: ${stringOf(data['type'])}\ndata: ${JSON.stringify(data)}\n\n`;
}

function rfc3339(atMs: number): string {
  return new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z');
}
