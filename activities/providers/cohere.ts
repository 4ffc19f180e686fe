// Cohere's chat, version 2: events of its own, finish reasons in capitals.

import { createCohere } from '@ai-sdk/cohere';
import type { Prompt } from '../../src/domain/prompt.ts';
import { classifyCohere } from './errors/cohere.ts';
import { isRecord, parseEvent, sseEvent } from './sse.ts';
import type { Vendor, WireReader } from './vendor.ts';
import { WireState } from './wire-state.ts';

export const cohere: Vendor = {
  languageModel: ({ model, baseUrl, apiKey, fetch }) =>
    createCohere({ baseURL: baseUrl, apiKey: apiKey ?? '', fetch })(model),
  providerOptions: ({ prompt }) => ({ cohere: thinking(prompt.params.reasoningEffort) }),
  imageOptions: (detail) => ({ cohere: { detail } }),
  requestIdHeader: 'x-debug-trace-id',
  newReader: (onText) => new CohereReader(onText),
  outputLimit: (body) => (isRecord(body) && typeof body['max_tokens'] === 'number' ? body['max_tokens'] : null),
  finishReasons: {
    COMPLETE: 'stop',
    STOP_SEQUENCE: 'stop',
    MAX_TOKENS: 'length',
    TOOL_CALL: 'tool-calls',
    ERROR: 'malformed',
    TIMEOUT: 'timeout',
    ERROR_TOXIC: 'content-filtered',
    ERROR_LIMIT: 'truncated',
  },
  classify: classifyCohere,
};

/** Tokens of thought for the lower efforts; the highest has no limit of its own. */
function thinking(effort: Prompt['params']['reasoningEffort']): {
  thinking?: { type: 'enabled' | 'disabled'; tokenBudget?: number };
} {
  if (effort === undefined) return {};
  if (effort === 'none') return { thinking: { type: 'disabled' } };
  if (effort === 'minimal' || effort === 'low') return { thinking: { type: 'enabled', tokenBudget: 1_024 } };
  return { thinking: { type: 'enabled', ...(effort === 'medium' && { tokenBudget: 8_192 }) } };
}

type Event = Readonly<Record<string, unknown>>;

class CohereReader extends WireState implements WireReader {
  #held: { readonly event: Event; text: string } | null = null;

  take(data: string): string {
    // The stream may end with the mark of OpenAI's wire, which the AI SDK knows too.
    if (data === '[DONE]') return this.rest() + sseEvent(data);
    const event = parseEvent(data);
    if (!event) {
      this.isMalformed = true;
      return this.rest() + sseEvent(data);
    }
    const content = contentOf(event);
    switch (event['type']) {
      case 'content-delta':
        if (typeof content['text'] === 'string' && content['text'] !== '') return this.#hold(event, content['text']);
        if (content['thinking']) this.tokens++;
        break;
      case 'tool-plan-delta':
      case 'tool-call-start':
      case 'tool-call-delta':
        this.tokens++;
        break;
      case 'message-end':
        this.#noteEnd(event);
        break;
      default:
        // `{"message": "…"}` without a type is an error, and the AI SDK would not understand it.
        if (event['type'] === undefined) this.error = event;
    }
    return this.rest() + sseEvent(data);
  }

  rest(): string {
    if (!this.#held) return '';
    const { event, text } = this.#held;
    this.#held = null;
    return sseEvent(JSON.stringify({ ...event, delta: { message: { content: { text } } } }));
  }

  #hold(event: Event, text: string): string {
    this.tokens++;
    this.onText(text);
    if (this.#held && this.#held.event['index'] === event['index']) {
      this.#held.text += text;
      return '';
    }
    const earlier = this.rest();
    this.#held = { event, text };
    return earlier;
  }

  #noteEnd(event: Event): void {
    this.isComplete = true;
    const delta = isRecord(event['delta']) ? event['delta'] : {};
    const words = delta['error'];
    if (delta['finish_reason'] === 'ERROR' && typeof words === 'string') this.error = { message: words };
  }
}

function contentOf(event: Event): Event {
  const delta = isRecord(event['delta']) ? event['delta'] : {};
  const message = isRecord(delta['message']) ? delta['message'] : {};
  return isRecord(message['content']) ? message['content'] : {};
}
