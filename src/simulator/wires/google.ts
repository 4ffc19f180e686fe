// Gemini's generateContent format: the model in the path, candidates of parts, usage in every chunk, no end event.
// Streams are always server-sent events, whether or not `alt=sse` asks for them: every client does.

import { countTokens } from '../answer/tokens.ts';
import { numberOf, objectOf, objectsOf, parseJson, schemaOf, stringOf, stringsOf, textOf } from './read-json.ts';
import type { Ask, Finish, Frames, Json, Reply, ReplyContext, Route, WireFormat } from './wire.ts';
import { dataFrame } from './wire.ts';

const MODELS = ['gemini-2.5-flash', 'gemini-2.5-pro'];

export const google: WireFormat = {
  route,
  read,
  requestId: (id) => id,
  headers: () => ({ vary: 'Origin', 'server-timing': 'gfet4t7; dur=1' }),
  body: (reply, context) => response(context, { ...ended(reply, parts(reply)), usageMetadata: usage(reply) }),
  frames,
  errorFrame: dataFrame,
  keepAlive: ': keep-alive\n\n',
  models: () => ({
    models: MODELS.map((id) => ({
      name: `models/${id}`,
      version: '001',
      displayName: id,
      inputTokenLimit: 1_048_576,
      outputTokenLimit: 65_536,
      supportedGenerationMethods: ['generateContent'],
    })),
  }),
};

/** The same models at Vertex AI's address in express mode. */
export const vertex: WireFormat = {
  ...google,
  route: ({ method, path }) => route({ method, path: path.replace(/^v1\/publishers\/google\//, 'v1beta/') }),
};

function route({ method, path }: { method: string; path: string }): Route | null {
  if (method === 'GET' && path === 'v1beta/models') return { type: 'models' };
  const [, model, verb] = /^v1beta\/models\/(.+):(generateContent|streamGenerateContent)$/.exec(path) ?? [];
  if (method !== 'POST' || !model) return null;
  return { type: 'inference', model: decodeURIComponent(model), stream: verb === 'streamGenerateContent' };
}

function read(body: Json, { model = '', stream = false }: { model?: string; stream?: boolean }): Ask | null {
  const contents = objectsOf(body['contents']);
  if (contents.length === 0) return null;
  const config = objectOf(body['generationConfig']);
  const system = textOf(objectOf(body['systemInstruction'])['parts']);
  const texts = contents.map((content) => textOf(content['parts']));
  return {
    model,
    stream,
    system,
    text: texts.filter((text, i) => contents[i]?.['role'] !== 'model' && text !== '').at(-1) ?? '',
    inputTokens: countTokens(system + texts.join('')),
    maxTokens: numberOf(config['maxOutputTokens']),
    stop: stringsOf(config['stopSequences']),
    json: jsonWanted(config),
    tool: forcedTool(body),
    prefix: '',
    streamUsage: true,
  };
}

function jsonWanted(config: Json): Ask['json'] {
  if (config['responseMimeType'] !== 'application/json') return null;
  return { schema: schemaOf(config['responseJsonSchema'] ?? config['responseSchema']) };
}

function forcedTool(body: Json): Ask['tool'] {
  const config = objectOf(objectOf(body['toolConfig'])['functionCallingConfig']);
  if (config['mode'] !== 'ANY') return null;
  const declared = objectsOf(body['tools']).flatMap((tool) => objectsOf(tool['functionDeclarations']));
  const allowed = stringsOf(config['allowedFunctionNames']);
  const tool = declared.find((each) => allowed.length === 0 || allowed.includes(stringOf(each['name'])));
  if (!tool) return null;
  return { name: stringOf(tool['name']), parameters: objectOf(tool['parametersJsonSchema'] ?? tool['parameters']) };
}

const finishWords: Readonly<Record<Finish, string>> = {
  stop: 'STOP',
  length: 'MAX_TOKENS',
  'tool-calls': 'STOP',
  refused: 'SAFETY',
  blocked: 'PROHIBITED_CONTENT',
};

function response({ id, model }: ReplyContext, fields: Json): Json {
  return { ...fields, modelVersion: model, responseId: id.slice(0, 22) };
}

/** The end of an answer; a blocked prompt has no candidate at all. */
function ended(reply: Reply, saidLast: readonly Json[]): Json {
  if (reply.finish === 'blocked') return { promptFeedback: { blockReason: reply.blockReason ?? 'PROHIBITED_CONTENT' } };
  const finishReason = reply.rawFinish === undefined ? finishWords[reply.finish] : reply.rawFinish;
  return { candidates: [candidate(saidLast, finishReason === null ? {} : { finishReason })] };
}

function candidate(said: readonly Json[], fields: Json): Json {
  return { content: { ...(said.length > 0 && { parts: said }), role: 'model' }, ...fields, index: 0 };
}

function parts(reply: Reply): readonly Json[] {
  const { toolCall, text } = reply;
  if (!toolCall) return text.length > 0 ? [{ text: text.join('') }] : [];
  const args = parseJson(toolCall.arguments.join(''));
  // A call that the token limit cut is left out.
  return args === undefined ? [] : [{ functionCall: { name: toolCall.name, args } }];
}

/** A tool call comes in one piece, with the finish reason. */
function frames(reply: Reply, context: ReplyContext): Frames {
  return {
    opening: [],
    tokens: reply.text.map((text, index) =>
      dataFrame(
        response(context, {
          candidates: [candidate([{ text }], {})],
          usageMetadata: usage({ ...reply, outputTokens: index + 1 }),
        }),
      ),
    ),
    closing: [
      dataFrame(
        response(context, { ...ended(reply, reply.toolCall ? parts(reply) : []), usageMetadata: usage(reply) }),
      ),
    ],
  };
}

function usage({ inputTokens, outputTokens }: Reply): Json {
  return {
    promptTokenCount: inputTokens,
    ...(outputTokens > 0 && { candidatesTokenCount: outputTokens }),
    totalTokenCount: inputTokens + outputTokens,
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: inputTokens }],
  };
}
