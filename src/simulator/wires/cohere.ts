// Cohere's chat, version 2: typed events, content in blocks, finish reasons in capitals, usage counted twice.

import { countTokens } from '../answer/tokens.ts';
import { isJson, numberOf, objectOf, objectsOf, schemaOf, stringOf, stringsOf, textOf } from './read-json.ts';
import type { Ask, Finish, Frames, Json, Reply, ReplyContext, Route, WireFormat } from './wire.ts';

const MODELS = ['command-a-03-2025', 'command-r7b-12-2024'];

export const cohere: WireFormat = {
  route,
  read,
  requestId: (id) => id,
  headers: ({ id }) => ({ 'x-debug-trace-id': id, 'x-endpoint-monthly-call-limit': '1000' }),
  body: (reply, { id }) => ({
    id,
    message: {
      role: 'assistant',
      ...(reply.toolCall
        ? { tool_plan: 'I will call it.', tool_calls: [toolCall(reply.toolCall, id)] }
        : { content: [{ type: 'text', text: said(reply).join('') }] }),
    },
    finish_reason: finishOf(reply),
    usage: usage(reply),
  }),
  frames,
  errorFrame: (body) => event(body),
  keepAlive: ': keep-alive\n\n',
  models: () => ({
    models: MODELS.map((name) => ({ name, endpoints: ['chat'], finetuned: false, context_length: 256_000 })),
  }),
};

function route({ method, path }: { method: string; path: string }): Route | null {
  if (method === 'POST' && path === 'v2/chat') return { type: 'inference' };
  return method === 'GET' && path === 'v1/models' ? { type: 'models' } : null;
}

function read(body: Json): Ask | null {
  const messages = objectsOf(body['messages']);
  const model = stringOf(body['model']);
  if (model === '' || messages.length === 0) return null;
  const texts = messages.map((each) => textOf(each['content']));
  const ofRole = (role: string) => texts.filter((_, i) => messages[i]?.['role'] === role);
  const format = objectOf(body['response_format']);
  const tools = objectsOf(body['tools']).map((tool) => objectOf(tool['function']));
  const [tool] = body['tool_choice'] === 'REQUIRED' ? tools : [];
  return {
    model,
    stream: body['stream'] === true,
    system: ofRole('system').join('\n'),
    text: ofRole('user').at(-1) ?? '',
    inputTokens: countTokens(texts.join('')),
    maxTokens: numberOf(body['max_tokens']),
    stop: stringsOf(body['stop_sequences']),
    json: format['type'] === 'json_object' ? { schema: schemaOf(format['json_schema']) } : null,
    tool: tool ? { name: stringOf(tool['name']), parameters: objectOf(tool['parameters']) } : null,
    prefix: '',
    streamUsage: true,
  };
}

const finishWords: Readonly<Record<Finish, string>> = {
  stop: 'COMPLETE',
  length: 'MAX_TOKENS',
  'tool-calls': 'TOOL_CALL',
  refused: 'COMPLETE',
  blocked: 'ERROR_TOXIC',
};

function finishOf(reply: Reply): string | null {
  return reply.rawFinish === undefined ? finishWords[reply.finish] : reply.rawFinish;
}

function said(reply: Reply): readonly string[] {
  return [...reply.text, ...reply.refusal];
}

function usage({ inputTokens, outputTokens }: Reply): Json {
  const tokens = { input_tokens: inputTokens, output_tokens: outputTokens };
  return { billed_units: tokens, tokens };
}

function toolCall(call: NonNullable<Reply['toolCall']>, id: string): Json {
  return {
    id: `${call.name}_${id.slice(0, 12)}`,
    type: 'function',
    function: { name: call.name, arguments: call.arguments.join('') },
  };
}

function frames(reply: Reply, { id }: ReplyContext): Frames {
  const { toolCall: call } = reply;
  const message = (inner: Json, more: Json = {}) => ({ index: 0, delta: { message: inner }, ...more });
  const begun = {
    type: 'message-start',
    id,
    delta: { message: { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] } },
  };
  const end = { type: 'message-end', id, delta: { finish_reason: finishOf(reply), usage: usage(reply) } };
  if (call) {
    const opened = { type: 'tool-call-start', ...message({ tool_calls: toolCall({ ...call, arguments: [] }, id) }) };
    const piece = (text: string) => ({
      type: 'tool-call-delta',
      ...message({ tool_calls: { function: { arguments: text } } }),
    });
    return {
      opening: [event(begun), event(opened)],
      tokens: call.arguments.map((text) => event(piece(text))),
      closing: [event({ type: 'tool-call-end', index: 0 }), event(end)],
    };
  }
  const opened = { type: 'content-start', ...message({ content: { type: 'text', text: '' } }) };
  return {
    opening: [event(begun), event(opened)],
    tokens: said(reply).map((text) => event({ type: 'content-delta', ...message({ content: { text } }) })),
    closing: [event({ type: 'content-end', index: 0 }), event(end)],
  };
}

function event(body: unknown): string {
  const name = isJson(body) && typeof body['type'] === 'string' ? `event: ${body['type']}\n` : '';
  return `${name}data: ${JSON.stringify(body)}\n\n`;
}
