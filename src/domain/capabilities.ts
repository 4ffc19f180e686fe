// What a prompt needs of a target, and what a target is known to lack. Whatever is part of the meaning of a request
// rules a target out; a mere hint is left out of what it is sent. Pure judgement over the vendors' table of facts.

import type { ContentPart, Params, Prompt, Tool } from './prompt.ts';

/** Each rules a target out that lacks it. */
type Need =
  | 'tools'
  | 'tool-choice-required'
  | 'tool-choice-named'
  /** At most one tool call in an answer. */
  | 'single-tool-calls'
  | 'images'
  /** That the provider fetches an image by itself. */
  | 'image-urls'
  | 'pdfs'
  | 'audio'
  /** Any other file that is not text: text goes into the message. */
  | 'files'
  | 'stop'
  | 'logprobs';

/** Each is dropped where a target lacks it: the answer may be another one, but not one to another question. */
type Hint = 'strict-tools' | 'seed' | 'presence-penalty' | 'frequency-penalty' | 'reasoning-effort';

/** Forms of JSON that the API itself knows, any object or one held to a schema; what it lacks is told in words. */
export type JsonForm = 'json' | 'json-schema';

/** What is known of some of a vendor's models. What is not said is not known, and so tried. */
export interface CapabilityRow {
  /** A regular expression for the models' names. @default all models */
  readonly models?: string;
  readonly lacks?: readonly (Need | Hint | JsonForm)[];
  /** Stop sequences in one request. */
  readonly maxStops?: number;
  /** Alternatives of a token, with their log probabilities. */
  readonly maxLogprobs?: number;
}

export interface Capabilities {
  readonly lacks: ReadonlySet<Need | Hint | JsonForm>;
  readonly maxStops: number;
  readonly maxLogprobs: number;
}

/** All rows that apply to the model count. */
export function capabilitiesOf(rows: readonly CapabilityRow[], model: string): Capabilities {
  const own = rows.filter(({ models }) => models === undefined || new RegExp(models, 'i').test(model));
  return {
    lacks: new Set(own.flatMap(({ lacks = [] }) => lacks)),
    maxStops: Math.min(...own.map(({ maxStops = Infinity }) => maxStops), Infinity),
    maxLogprobs: Math.min(...own.map(({ maxLogprobs = Infinity }) => maxLogprobs), Infinity),
  };
}

export interface Inability {
  /** The request's parameter, as OpenAI's API names it. */
  readonly param: string;
  /** What exactly of it the target cannot do. */
  readonly what: string;
}

/** The first thing of the prompt that the target is known not to be able to do; null: none. */
export function inabilityOf(prompt: Prompt, capabilities: Capabilities): Inability | null {
  const { lacks, maxStops, maxLogprobs } = capabilities;
  for (const { need, param, what } of needsOf(prompt)) if (lacks.has(need)) return { param, what };
  const { stop = [], logprobs = 0 } = prompt.params;
  if (stop.length > maxStops) return { param: 'stop', what: `more than ${maxStops} stop sequences` };
  if (logprobs > maxLogprobs)
    return { param: 'top_logprobs', what: `more than ${maxLogprobs} alternatives of a token` };
  return null;
}

/** The prompt without the hints that the target does not take. */
export function withoutHints(prompt: Prompt, { lacks }: Capabilities): Prompt {
  const dropped = HINTS.flatMap(([hint, field]) => (lacks.has(hint) ? [field] : []));
  const params = Object.fromEntries(
    Object.entries(prompt.params).filter(([field]) => !dropped.some((each) => each === field)),
  );
  // Whether the arguments are as the schema says is looked at when they have come, too.
  const tools = lacks.has('strict-tools') ? prompt.tools?.map(withoutStrictness) : prompt.tools;
  return { ...prompt, params, ...(tools && { tools }) };
}

function withoutStrictness({ name, description, parameters }: Tool): Tool {
  return { name, ...(description !== undefined && { description }), ...(parameters && { parameters }) };
}

const HINTS: readonly (readonly [Hint, keyof Params])[] = [
  ['seed', 'seed'],
  ['presence-penalty', 'presencePenalty'],
  ['frequency-penalty', 'frequencyPenalty'],
  ['reasoning-effort', 'reasoningEffort'],
];

interface NeedOf extends Inability {
  readonly need: Need;
}

function needsOf(prompt: Prompt): readonly NeedOf[] {
  return [...toolNeeds(prompt), ...contentNeeds(prompt), ...paramNeeds(prompt.params)];
}

function toolNeeds({ tools = [], toolChoice, parallelToolCalls }: Prompt): readonly NeedOf[] {
  if (tools.length === 0 || toolChoice === 'none') return [];
  const needs: NeedOf[] = [{ need: 'tools', param: 'tools', what: 'tools' }];
  if (toolChoice === 'required') {
    needs.push({ need: 'tool-choice-required', param: 'tool_choice', what: 'to be made to call a tool' });
  } else if (typeof toolChoice === 'object') {
    needs.push({ need: 'tool-choice-named', param: 'tool_choice', what: 'to be made to call a certain tool' });
  }
  if (parallelToolCalls === false) {
    needs.push({ need: 'single-tool-calls', param: 'parallel_tool_calls', what: 'to call one tool at a time' });
  }
  return needs;
}

function contentNeeds({ messages }: Prompt): readonly NeedOf[] {
  const parts = messages.flatMap((message) => (message.role === 'user' ? message.parts : []));
  const needs = new Set(parts.flatMap(needsOfPart));
  return [...needs].map((need) => ({ need, param: 'messages', what: CONTENTS[need] }));
}

const CONTENTS = {
  images: 'images',
  'image-urls': 'images by address',
  pdfs: 'PDF files',
  audio: 'audio',
  files: 'files of this kind',
} as const;

function needsOfPart(part: ContentPart): readonly (keyof typeof CONTENTS)[] {
  if (part.type === 'text') return [];
  const mediaType = mediaTypeOf(part.url);
  if (part.type === 'image') return mediaType === null ? ['images', 'image-urls'] : ['images'];
  if (mediaType === null || isTextType(mediaType)) return [];
  if (mediaType.startsWith('image/')) return ['images'];
  if (mediaType.startsWith('audio/')) return ['audio'];
  return [mediaType === 'application/pdf' ? 'pdfs' : 'files'];
}

/** Of a `data:` URL, in lower case; null when it is none. */
export function mediaTypeOf(url: string): string | null {
  const type = /^data:([^;,]*)/i.exec(url)?.[1];
  return type === undefined ? null : type.toLowerCase() || 'text/plain';
}

/** A file that can stand in a message as what it is. */
export function isTextType(mediaType: string): boolean {
  return mediaType.startsWith('text/') || mediaType === 'application/json';
}

function paramNeeds({ stop = [], logprobs }: Params): readonly NeedOf[] {
  return [
    ...(stop.length > 0 ? [{ need: 'stop', param: 'stop', what: 'stop sequences' } as const] : []),
    ...(logprobs === undefined ? [] : [{ need: 'logprobs', param: 'logprobs', what: 'log probabilities' } as const]),
  ];
}
