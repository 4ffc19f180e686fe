// The chat completions format that OpenAI, DeepSeek and Mistral share; a dialect says where they differ.

import { countTokens } from '../answer/tokens.ts';
import { isJson, numberOf, objectOf, objectsOf, schemaOf, stringOf, stringsOf, textOf } from './read-json.ts';
import type { Ask, Finish, Json, Reply, ReplyContext, Route, WireFormat } from './wire.ts';
import { dataFrame } from './wire.ts';

export interface ChatDialect extends Pick<WireFormat, 'requestId' | 'headers' | 'models'> {
  readonly finishWords: Readonly<Record<Finish, string>>;
  /** OpenAI has a field for refusals; elsewhere they are plain text. */
  readonly refusalField: boolean;
  /** `asked`: a chunk of its own, and only when asked for; `final`: always, in the chunk with the finish reason. */
  readonly streamUsage: 'asked' | 'final';
  /** Mistral streams a tool call in one piece. */
  readonly wholeToolCalls: boolean;
  readonly completionId: (id: string) => string;
  readonly toolCallId: (id: string) => string;
  readonly usage: (reply: Reply) => Json;
  /** Fields of every completion and chunk beside the common ones. */
  readonly extra: Json;
}

export function chatCompletions(dialect: ChatDialect): WireFormat {
  return {
    ...dialect,
    route,
    read,
    body: (reply, context) => ({
      ...base(dialect, context, 'chat.completion'),
      choices: [
        {
          index: 0,
          message: message(dialect, reply, context),
          logprobs: null,
          finish_reason: finishOf(dialect, reply),
        },
      ],
      usage: dialect.usage(reply),
    }),
    frames: (reply, context) => frames(dialect, reply, context),
    errorFrame: dataFrame,
    keepAlive: ': keep-alive\n\n',
  };
}

function route({ method, path }: { method: string; path: string }): Route | null {
  if (method === 'POST' && path === 'v1/chat/completions') return { type: 'inference' };
  return method === 'GET' && path === 'v1/models' ? { type: 'models' } : null;
}

function read(body: Json): Ask | null {
  const messages = objectsOf(body['messages']);
  const model = stringOf(body['model']);
  if (model === '' || messages.length === 0) return null;
  const texts = messages.map((each) => textOf(each['content']));
  const said = (...roles: readonly string[]) => texts.filter((_, i) => roles.includes(stringOf(messages[i]?.['role'])));
  return {
    model,
    stream: body['stream'] === true,
    system: said('system', 'developer').join('\n'),
    text: said('user').at(-1) ?? '',
    inputTokens: countTokens(texts.join('')),
    maxTokens: numberOf(body['max_completion_tokens']) ?? numberOf(body['max_tokens']),
    stop: stringsOf(body['stop']),
    json: jsonWanted(objectOf(body['response_format'])),
    tool: forcedTool(body),
    // Mistral's word for it; others take an assistant's last message for an earlier turn.
    prefix: messages.at(-1)?.['prefix'] === true ? (texts.at(-1) ?? '') : '',
    streamUsage: objectOf(body['stream_options'])['include_usage'] === true,
  };
}

function jsonWanted(format: Json): Ask['json'] {
  if (format['type'] === 'json_object') return { schema: null };
  return format['type'] === 'json_schema' ? { schema: schemaOf(objectOf(format['json_schema'])['schema']) } : null;
}

function forcedTool(body: Json): Ask['tool'] {
  const choice = body['tool_choice'];
  const functions = objectsOf(body['tools']).map((tool) => objectOf(tool['function']));
  const name = isJson(choice) ? objectOf(choice['function'])['name'] : undefined;
  // Mistral says `any` where OpenAI says `required`.
  const tool =
    choice === 'required' || choice === 'any'
      ? functions[0]
      : functions.find((each) => name !== undefined && each['name'] === name);
  return tool ? { name: stringOf(tool['name']), parameters: objectOf(tool['parameters']) } : null;
}

function base(dialect: ChatDialect, { id, model, atMs }: ReplyContext, object: string): Json {
  return { id: dialect.completionId(id), object, created: Math.floor(atMs / 1_000), model, ...dialect.extra };
}

function finishOf({ finishWords }: ChatDialect, reply: Reply): string | null {
  return reply.rawFinish === undefined ? finishWords[reply.finish] : reply.rawFinish;
}

function message(dialect: ChatDialect, reply: Reply, { id }: ReplyContext): Json {
  const said = (dialect.refusalField ? reply.text : [...reply.text, ...reply.refusal]).join('');
  const refusal = reply.refusal.length > 0 ? reply.refusal.join('') : null;
  const isSilent = reply.toolCall !== null || (dialect.refusalField && refusal !== null);
  return {
    role: 'assistant',
    content: isSilent ? null : said,
    ...(dialect.refusalField ? { refusal, annotations: [] } : {}),
    ...(reply.toolCall ? { tool_calls: [toolCall(dialect, reply.toolCall, id)] } : {}),
  };
}

function toolCall(dialect: ChatDialect, call: NonNullable<Reply['toolCall']>, id: string): Json {
  return {
    id: dialect.toolCallId(id),
    type: 'function',
    function: { name: call.name, arguments: call.arguments.join('') },
  };
}

function frames(dialect: ChatDialect, reply: Reply, context: ReplyContext) {
  const start = base(dialect, context, 'chat.completion.chunk');
  const isAsked = dialect.streamUsage === 'asked' && context.streamUsage;
  const noUsage = isAsked ? { usage: null } : {};
  const chunk = (delta: Json, finish_reason: string | null = null) => ({
    ...start,
    choices: [{ index: 0, delta, logprobs: null, finish_reason }],
    ...noUsage,
  });
  const deltas = tokenDeltas(dialect, reply, context);
  const last = chunk(deltas.last, finishOf(dialect, reply));
  return {
    opening: [dataFrame(chunk(deltas.first))],
    tokens: deltas.tokens.map((delta) => dataFrame(chunk(delta))),
    closing: [
      dataFrame(dialect.streamUsage === 'final' ? { ...last, usage: dialect.usage(reply) } : last),
      ...(isAsked ? [dataFrame({ ...start, choices: [], usage: dialect.usage(reply) })] : []),
      dataFrame('[DONE]'),
    ],
  };
}

function tokenDeltas(dialect: ChatDialect, reply: Reply, { id }: ReplyContext) {
  const call = reply.toolCall;
  if (call && dialect.wholeToolCalls) {
    const tool_calls = [{ ...toolCall(dialect, call, id), index: 0 }];
    return { first: { role: 'assistant', content: '' }, tokens: [], last: { content: '', tool_calls } };
  }
  if (call) {
    const opened = { ...toolCall(dialect, { ...call, arguments: [] }, id), index: 0 };
    return {
      first: { role: 'assistant', content: null, tool_calls: [opened] },
      tokens: call.arguments.map((token) => ({ tool_calls: [{ index: 0, function: { arguments: token } }] })),
      last: {},
    };
  }
  const content = (token: string): Json => ({ content: token });
  const refused = dialect.refusalField ? (token: string): Json => ({ refusal: token }) : content;
  return {
    first: { role: 'assistant', content: '', ...(dialect.refusalField ? { refusal: null } : {}) },
    tokens: [...reply.text.map(content), ...reply.refusal.map(refused)],
    // Mistral's strict client wants a content in every delta that is not a call.
    last: dialect.wholeToolCalls ? { content: '' } : {},
  };
}
