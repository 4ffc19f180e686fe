// Amazon Bedrock's Converse and ConverseStream: the model in the path, blocks of content, and binary frames.

import { countTokens } from '../answer/tokens.ts';
import { awsFrame } from './aws-frame.ts';
import { numberOf, objectOf, objectsOf, schemaOf, stringOf, stringsOf, textOf } from './read-json.ts';
import type { Ask, Finish, Frames, Json, Reply, ReplyContext, Route, WireFormat } from './wire.ts';

export const bedrock: WireFormat = {
  route,
  read,
  requestId: (id) => id,
  headers: ({ id }) => ({ 'x-amzn-requestid': id }),
  body: (reply, context) => ({
    output: { message: { role: 'assistant', content: [block(reply, context)] } },
    stopReason: stopReason(reply),
    usage: usage(reply),
    metrics: { latencyMs: 1 },
  }),
  frames,
  streamType: 'application/vnd.amazon.eventstream',
  errorFrame: (body) => {
    const { __type, ...rest } = objectOf(body);
    const name = stringOf(__type);
    return awsFrame('exception', `${name.charAt(0).toLowerCase()}${name.slice(1)}`, rest);
  },
  // Nothing is sent in silence.
  keepAlive: '',
  broken: (frame) => {
    const bytes = Buffer.from(frame);
    // The first character of the payload, which is the last to be an opening brace.
    bytes[bytes.lastIndexOf('{')] = 0x21;
    return bytes;
  },
  models: () => ({
    modelSummaries: [{ modelId: 'amazon.nova-lite-v1:0', modelName: 'Nova Lite', providerName: 'Amazon' }],
  }),
};

function route({ method, path }: { method: string; path: string }): Route | null {
  if (method === 'GET' && path === 'foundation-models') return { type: 'models' };
  const [, model, verb] = /^model\/([^/]+)\/(converse|converse-stream)$/.exec(path) ?? [];
  if (method !== 'POST' || !model) return null;
  return { type: 'inference', model: decodeURIComponent(model), stream: verb === 'converse-stream' };
}

function read(body: Json, { model = '', stream = false }: { model?: string; stream?: boolean }): Ask | null {
  const messages = objectsOf(body['messages']);
  if (messages.length === 0) return null;
  const config = objectOf(body['inferenceConfig']);
  const system = textOf(body['system']);
  const texts = messages.map((each) => textOf(each['content']));
  return {
    model,
    stream,
    system,
    text: texts.filter((text, i) => messages[i]?.['role'] === 'user' && text !== '').at(-1) ?? '',
    inputTokens: countTokens(system + texts.join('')),
    maxTokens: numberOf(config['maxTokens']),
    stop: stringsOf(config['stopSequences']),
    json: jsonWanted(body),
    tool: forcedTool(body),
    prefix: '',
    streamUsage: true,
  };
}

/** Claude's own field, which Converse hands on. */
function jsonWanted(body: Json): Ask['json'] {
  const format = objectOf(objectOf(objectOf(body['additionalModelRequestFields'])['output_config'])['format']);
  return format['type'] === 'json_schema' ? { schema: schemaOf(format['schema']) } : null;
}

function forcedTool(body: Json): Ask['tool'] {
  const config = objectOf(body['toolConfig']);
  const tools = objectsOf(config['tools']).map((tool) => objectOf(tool['toolSpec']));
  const choice = objectOf(config['toolChoice']);
  const named = stringOf(objectOf(choice['tool'])['name']);
  const tool = 'any' in choice ? tools[0] : tools.find(({ name }) => named !== '' && name === named);
  if (!tool) return null;
  return { name: stringOf(tool['name']), parameters: objectOf(objectOf(tool['inputSchema'])['json']) };
}

const stopWords: Readonly<Record<Finish, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  'tool-calls': 'tool_use',
  refused: 'refusal',
  blocked: 'guardrail_intervened',
};

function stopReason(reply: Reply): string | null {
  return reply.rawFinish === undefined ? stopWords[reply.finish] : reply.rawFinish;
}

function usage({ inputTokens, outputTokens }: Reply): Json {
  return { inputTokens, outputTokens, totalTokens: inputTokens + outputTokens };
}

function block(reply: Reply, { id }: ReplyContext): Json {
  const { toolCall } = reply;
  if (!toolCall) return { text: [...reply.text, ...reply.refusal].join('') };
  const input: unknown = JSON.parse(toolCall.arguments.join(''));
  return { toolUse: { toolUseId: toolUseId(id), name: toolCall.name, input } };
}

function toolUseId(id: string): string {
  return `tooluse_${id.slice(0, 22)}`;
}

function frames(reply: Reply, { id }: ReplyContext): Frames {
  const { toolCall } = reply;
  const delta = (inner: Json) => awsFrame('event', 'contentBlockDelta', { contentBlockIndex: 0, delta: inner });
  const start = { contentBlockIndex: 0, start: { toolUse: { toolUseId: toolUseId(id), name: toolCall?.name } } };
  return {
    opening: [
      awsFrame('event', 'messageStart', { role: 'assistant' }),
      ...(toolCall ? [awsFrame('event', 'contentBlockStart', start)] : []),
    ],
    tokens: toolCall
      ? toolCall.arguments.map((input) => delta({ toolUse: { input } }))
      : [...reply.text, ...reply.refusal].map((text) => delta({ text })),
    closing: [
      awsFrame('event', 'contentBlockStop', { contentBlockIndex: 0 }),
      awsFrame('event', 'messageStop', { stopReason: stopReason(reply) }),
      awsFrame('event', 'metadata', { usage: usage(reply), metrics: { latencyMs: 1 } }),
    ],
  };
}
