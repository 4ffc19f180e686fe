// Our prompt as the AI SDK's call options. Pure; must not know any vendor.

import type {
  LanguageModelV3CallOptions,
  LanguageModelV3FilePart,
  LanguageModelV3Message,
  LanguageModelV3TextPart,
  LanguageModelV3ToolChoice,
} from '@ai-sdk/provider';
import { isTextType, mediaTypeOf } from '../../src/domain/capabilities.ts';
import { parseJson } from '../../src/domain/json-value.ts';
import type { ContentPart, Message, Params, Prompt, ResponseFormat } from '../../src/domain/prompt.ts';
import type { Vendor } from './vendor.ts';

export type CallOptions =
  | { readonly type: 'options'; readonly options: LanguageModelV3CallOptions }
  /** The request itself is wrong: no target could take it. */
  | { readonly type: 'invalid'; readonly param: string; readonly because: string };

export function callOptions(prompt: Prompt, imageOptions?: Vendor['imageOptions']): CallOptions {
  const messages: LanguageModelV3Message[] = [];
  const toolNames = new Map<string, string>();
  for (const [index, message] of prompt.messages.entries()) {
    const converted = convertMessage(message, { toolNames, imageOptions });
    if (typeof converted === 'string') return { type: 'invalid', param: `messages[${index}]`, because: converted };
    messages.push(converted);
  }
  return {
    type: 'options',
    options: {
      prompt: messages,
      ...sampling(prompt.params),
      ...(prompt.tools && { tools: prompt.tools.map(convertTool) }),
      ...(prompt.toolChoice !== undefined && { toolChoice: convertToolChoice(prompt.toolChoice) }),
      ...(prompt.responseFormat && { responseFormat: convertFormat(prompt.responseFormat) }),
    },
  };
}

interface Conversion {
  /** By the id of the call, as a result has to repeat it. */
  readonly toolNames: Map<string, string>;
  readonly imageOptions: Vendor['imageOptions'];
}

/** A text says what is wrong with the message. */
function convertMessage(message: Message, { toolNames, imageOptions }: Conversion): LanguageModelV3Message | string {
  if (message.role === 'system') return { role: 'system', content: message.text };
  if (message.role === 'user') return convertUser(message.parts, imageOptions);
  if (message.role === 'assistant') return convertAssistant(message, toolNames);
  const { toolCallId, text } = message;
  const toolName = toolNames.get(toolCallId);
  if (toolName === undefined) return 'answers a tool call that no message before it makes';
  const output = { type: 'text', value: text } as const;
  return { role: 'tool', content: [{ type: 'tool-result', toolCallId, toolName, output }] };
}

function convertUser(
  parts: readonly ContentPart[],
  imageOptions: Vendor['imageOptions'],
): LanguageModelV3Message | string {
  const content: (LanguageModelV3TextPart | LanguageModelV3FilePart)[] = [];
  for (const part of parts) {
    const converted = part.type === 'text' ? textPart(part.text) : convertFile(part, imageOptions);
    if (converted === null) return 'has a part whose URL cannot be read';
    content.push(converted);
  }
  return { role: 'user', content };
}

function convertFile(
  part: Exclude<ContentPart, { readonly type: 'text' }>,
  imageOptions: Vendor['imageOptions'],
): LanguageModelV3FilePart | LanguageModelV3TextPart | null {
  const detail = part.type === 'image' ? part.detail : undefined;
  const options = imageOptions && detail !== undefined ? { providerOptions: imageOptions(detail) } : {};
  const filename = part.type === 'file' && part.filename !== undefined ? { filename: part.filename } : {};
  const inline = readDataUrl(part.url);
  // Few APIs know files of text; every model reads text.
  if (inline && part.type === 'file' && isTextType(inline.mediaType)) return textPart(fileText(part, inline.data));
  if (inline) return { type: 'file', ...inline, ...filename, ...options };
  if (part.type === 'file' || !URL.canParse(part.url)) return null;
  const url = new URL(part.url);
  return { type: 'file', mediaType: imageType(url), data: url, ...options };
}

/** Some APIs want to know before they have looked. */
function imageType({ pathname }: URL): string {
  const extension = /\.(png|webp|gif|heic|heif)$/i.exec(pathname)?.[1]?.toLowerCase();
  return `image/${extension ?? '*'}`;
}

function textPart(text: string): LanguageModelV3TextPart {
  return { type: 'text', text };
}

function fileText({ filename }: { readonly filename?: string }, base64: string): string {
  const text = Buffer.from(base64, 'base64').toString('utf8');
  return filename === undefined ? text : `${filename}:\n${text}`;
}

/** `data:image/png;base64,…`, or with its bytes percent-encoded. */
function readDataUrl(url: string): { readonly mediaType: string; readonly data: string } | null {
  const comma = url.indexOf(',');
  if (!url.startsWith('data:') || comma === -1) return null;
  const header = url.slice('data:'.length, comma);
  const mediaType = mediaTypeOf(url) ?? 'text/plain';
  const body = url.slice(comma + 1);
  if (header.endsWith(';base64')) return { mediaType, data: body };
  try {
    return { mediaType, data: Buffer.from(decodeURIComponent(body)).toString('base64') };
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

function convertAssistant(
  message: Extract<Message, { readonly role: 'assistant' }>,
  toolNames: Map<string, string>,
): LanguageModelV3Message | string {
  const content: Extract<LanguageModelV3Message, { role: 'assistant' }>['content'] = [];
  if (message.text !== null && message.text !== '') content.push({ type: 'text', text: message.text });
  for (const { id, name, arguments: text } of message.toolCalls) {
    toolNames.set(id, name);
    const input = parseArguments(text);
    if (input === undefined) return `has a call of the tool ${name} whose arguments are not JSON`;
    content.push({ type: 'tool-call', toolCallId: id, toolName: name, input });
  }
  return { role: 'assistant', content };
}

function parseArguments(text: string): unknown {
  return text.trim() === '' ? {} : parseJson(text);
}

function sampling(params: Params): Partial<LanguageModelV3CallOptions> {
  const { maxTokens, temperature, topP, presencePenalty, frequencyPenalty, stop, seed } = params;
  return {
    ...(maxTokens !== undefined && { maxOutputTokens: maxTokens }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { topP }),
    ...(presencePenalty !== undefined && { presencePenalty }),
    ...(frequencyPenalty !== undefined && { frequencyPenalty }),
    ...(stop !== undefined && { stopSequences: [...stop] }),
    ...(seed !== undefined && { seed }),
  };
}

function convertTool(
  tool: NonNullable<Prompt['tools']>[number],
): NonNullable<LanguageModelV3CallOptions['tools']>[number] {
  return {
    type: 'function',
    name: tool.name,
    ...(tool.description !== undefined && { description: tool.description }),
    inputSchema: tool.parameters ?? { type: 'object', properties: {} },
    ...(tool.strict !== undefined && { strict: tool.strict }),
  };
}

function convertToolChoice(choice: NonNullable<Prompt['toolChoice']>): LanguageModelV3ToolChoice {
  return typeof choice === 'string' ? { type: choice } : { type: 'tool', toolName: choice.name };
}

function convertFormat(format: ResponseFormat): NonNullable<LanguageModelV3CallOptions['responseFormat']> {
  if (format.type === 'text') return { type: 'text' };
  if (format.type === 'json') return { type: 'json' };
  return {
    type: 'json',
    name: format.name,
    schema: format.schema,
    ...(format.description !== undefined && { description: format.description }),
  };
}
