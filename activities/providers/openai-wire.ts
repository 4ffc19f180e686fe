// The chat completions wire that several vendors speak: its events, finish reasons and limit. No vendor's own words.

import type { TokenLogprob, TokenLogprobs } from '../../src/domain/answer.ts';
import type { DocumentFacts, EmbeddingFacts, FinishMeaning, WireReader } from './vendor.ts';
import { WireState } from './wire-state.ts';
import { isRecord, parseEvent, sseEvent } from './sse.ts';

export const openaiFinishReasons: Readonly<Record<string, FinishMeaning>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool-calls',
  function_call: 'tool-calls',
  content_filter: 'content-filtered',
};

export function openaiOutputLimit(requestBody: unknown): number | null {
  if (!isRecord(requestBody)) return null;
  const limit = requestBody['max_completion_tokens'] ?? requestBody['max_tokens'];
  return typeof limit === 'number' ? limit : null;
}

/** Of an embedding list. */
export function openaiEmbeddingFacts(body: unknown): EmbeddingFacts {
  const { model, usage, data } = isRecord(body) ? body : {};
  const tokens = isRecord(usage) ? usage['prompt_tokens'] : undefined;
  const places = Array.isArray(data) ? data.map((item: unknown) => (isRecord(item) ? item['index'] : undefined)) : [];
  return {
    servedModel: typeof model === 'string' && model !== '' ? model : null,
    // No text is of no token: some servers write 0 where they have not counted.
    inputTokens: typeof tokens === 'number' && tokens > 0 ? tokens : null,
    order: places.every((place) => typeof place === 'number') ? places : null,
  };
}

/** Of a chat completion in one piece. */
export function openaiDocumentFacts(body: unknown): Partial<DocumentFacts> {
  if (!isRecord(body)) return {};
  const { model, system_fingerprint: fingerprint, choices } = body;
  const choice: unknown = Array.isArray(choices) ? choices[0] : undefined;
  const { message, logprobs } = isRecord(choice) ? choice : {};
  const refusal = isRecord(message) ? message['refusal'] : null;
  const tokens = isRecord(logprobs) ? logprobs['content'] : undefined;
  return {
    servedModel: typeof model === 'string' ? model : null,
    fingerprint: typeof fingerprint === 'string' && fingerprint !== '' ? fingerprint : null,
    refusal: typeof refusal === 'string' && refusal !== '' ? refusal : null,
    logprobs: Array.isArray(tokens) ? tokens.flatMap(tokenLogprobs) : null,
  };
}

type Event = Readonly<Record<string, unknown>>;

export class OpenaiWireReader extends WireState implements WireReader {
  #held: { readonly event: Event; readonly field: string; text: string } | null = null;

  take(data: string): string {
    if (data === '[DONE]') {
      this.isComplete = true;
      return this.rest() + sseEvent(data);
    }
    const event = parseEvent(data);
    if (!event) this.isMalformed = true;
    else this.#note(event);
    const delta = event ? soleDelta(event) : null;
    const field = delta && soleText(delta);
    if (event && delta && field) return this.#hold(event, field, delta[field] as string);
    return this.rest() + sseEvent(data);
  }

  rest(): string {
    if (!this.#held) return '';
    const { event, field, text } = this.#held;
    this.#held = null;
    const choice = (event['choices'] as readonly Event[])[0];
    return sseEvent(JSON.stringify({ ...event, choices: [{ ...choice, delta: { [field]: text } }] }));
  }

  #hold(event: Event, field: string, text: string): string {
    if (this.#held?.field === field) {
      this.#held.text += text;
      return '';
    }
    const earlier = this.rest();
    this.#held = { event, field, text };
    return earlier;
  }

  #note(event: Event): void {
    // Mistral and vLLM put an error's fields at the top.
    if (event['error'] || event['object'] === 'error') this.error = event;
    if (this.servedModel === null && typeof event['model'] === 'string' && event['model'] !== '') {
      this.servedModel = event['model'];
    }
    if (this.fingerprint === null && typeof event['system_fingerprint'] === 'string') {
      this.fingerprint = event['system_fingerprint'] || null;
    }
    const choices = event['choices'];
    const choice: unknown = Array.isArray(choices) ? choices[0] : undefined;
    if (!isRecord(choice)) return;
    const logprobs = isRecord(choice['logprobs']) ? choice['logprobs']['content'] : undefined;
    if (Array.isArray(logprobs)) (this.logprobs ??= []).push(...logprobs.flatMap(tokenLogprobs));
    const { delta } = choice;
    if (!isRecord(delta)) return;
    if (carriesContent(delta)) this.tokens++;
    const text = textIn(delta['content']);
    if (text !== '') this.onText(text);
    const refusal = delta['refusal'];
    if (typeof refusal === 'string' && refusal !== '') this.refusal = (this.refusal ?? '') + refusal;
  }
}

function tokenLogprobs(entry: unknown): readonly TokenLogprobs[] {
  const token = tokenLogprob(entry);
  if (!token || !isRecord(entry)) return [];
  const top = Array.isArray(entry['top_logprobs']) ? entry['top_logprobs'] : [];
  return [{ ...token, top: top.flatMap((each: unknown) => tokenLogprob(each) ?? []) }];
}

function tokenLogprob(entry: unknown): TokenLogprob | null {
  if (!isRecord(entry)) return null;
  const { token, logprob, bytes } = entry;
  if (typeof token !== 'string' || typeof logprob !== 'number') return null;
  return { token, logprob, bytes: Array.isArray(bytes) ? bytes.map(Number) : null };
}

/** A text, or parts of which some may be thoughts, as Mistral has them. */
function textIn(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => (isRecord(part) && typeof part['text'] === 'string' ? part['text'] : '')).join('');
}

const JOINABLE = new Set(['content', 'reasoning_content', 'reasoning']);

/** The delta of an event that holds nothing else that matters. */
function soleDelta(event: Event): Event | null {
  const choices = event['choices'];
  if (!Array.isArray(choices) || choices.length !== 1 || event['usage'] != null || event['error']) return null;
  const choice: unknown = choices[0];
  if (!isRecord(choice) || choice['finish_reason'] != null || choice['logprobs'] != null) return null;
  return isRecord(choice['delta']) ? choice['delta'] : null;
}

/** The one field of a delta that has text in it, when there is nothing else in it. */
function soleText(delta: Event): string | null {
  let field: string | null = null;
  for (const name in delta) {
    if (name === 'role' || isVoid(delta[name])) continue;
    if (field !== null || !JOINABLE.has(name) || typeof delta[name] !== 'string') return null;
    field = name;
  }
  return field;
}

function carriesContent(delta: Event): boolean {
  for (const name in delta) {
    if (name !== 'role' && !isVoid(delta[name])) return true;
  }
  return false;
}

function isVoid(value: unknown): boolean {
  return value == null || value === '' || (Array.isArray(value) && value.length === 0);
}
