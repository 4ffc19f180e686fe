// Anthropic's messages API.

import { createAnthropic } from '@ai-sdk/anthropic';
import type { Prompt } from '../../src/domain/prompt.ts';
import { classifyAnthropic } from './errors/anthropic.ts';
import { countIn, hasOnly, onlyRecord } from './plain-json.ts';
import { isRecord, parseEvent, sseEvent } from './sse.ts';
import { usageOfCounts } from './usage.ts';
import type { PlainAnswer, Vendor, WireReader } from './vendor.ts';
import { WireState } from './wire-state.ts';

export const anthropic: Vendor = {
  languageModel: ({ model, baseUrl, apiKey, fetch }) =>
    createAnthropic({ baseURL: `${baseUrl}/v1`, apiKey: apiKey ?? '', fetch })(model),
  providerOptions: ({ prompt }) => ({
    anthropic: {
      ...thinking(prompt),
      ...(prompt.user !== undefined && { metadata: { userId: prompt.user } }),
      ...(prompt.parallelToolCalls !== undefined && { disableParallelToolUse: !prompt.parallelToolCalls }),
    },
  }),
  // Later models refuse it: https://docs.claude.com/en/docs/build-with-claude/prompt-engineering/prefill-claudes-response
  continues: (model) => /^claude-(?:3|(?:haiku|sonnet|opus)-4(?:-[015]|-2025|$))/.test(model),
  requestIdHeader: 'request-id',
  newReader: (onText) => new AnthropicReader(onText),
  plainAnswer,
  // Always there: the API asks for it, and the AI SDK fills in the model's own ceiling.
  outputLimit: (body) => (isRecord(body) && typeof body['max_tokens'] === 'number' ? body['max_tokens'] : null),
  finishReasons: {
    end_turn: 'stop',
    stop_sequence: 'stop',
    tool_use: 'tool-calls',
    max_tokens: 'length',
    model_context_window_exceeded: 'truncated',
    refusal: 'refused',
    // Half an answer that wants to be sent back for its other half; the AI SDK would call it a stop.
    pause_turn: 'malformed',
    compaction: 'malformed',
  },
  classify: classifyAnthropic,
};

/** The API takes no thinking where a tool has to be called, and the effort is the hint of the two. */
function thinking({ params, toolChoice }: Prompt): Record<string, string | { type: string }> {
  const isForced = toolChoice === 'required' || typeof toolChoice === 'object';
  const effort = isForced && params.reasoningEffort !== undefined ? 'none' : params.reasoningEffort;
  if (effort === undefined) return {};
  if (effort === 'none') return { thinking: { type: 'disabled' } };
  return { thinking: { type: 'adaptive' }, effort: effort === 'minimal' ? 'low' : effort };
}

/** One block of text. */
function plainAnswer(body: unknown): PlainAnswer | null {
  if (!isRecord(body)) return null;
  const { type, model, content, stop_reason: finishReason, usage } = body;
  const block = onlyRecord(content);
  const text = block?.['text'];
  const isPlain =
    type === 'message' &&
    typeof model === 'string' &&
    typeof finishReason === 'string' &&
    block?.['type'] === 'text' &&
    typeof text === 'string' &&
    text !== '' &&
    hasOnly(block, OF_BLOCK) &&
    hasOnly(body, OF_MESSAGE) &&
    isRecord(usage) &&
    hasOnly(usage, OF_USAGE);
  if (!isPlain) return null;
  const [fresh, output] = [countIn(usage, 'input_tokens'), countIn(usage, 'output_tokens')];
  const cacheRead = countIn(usage, 'cache_read_input_tokens');
  const cacheWrite = countIn(usage, 'cache_creation_input_tokens');
  const input = fresh + cacheRead + cacheWrite;
  if (Number.isNaN(input + output)) return null;
  return {
    text,
    finishReason,
    usage: usageOfCounts({ input, cached: cacheRead, output, reasoning: undefined, raw: usage }),
    servedModel: model,
  };
}

const OF_BLOCK: ReadonlySet<string> = new Set(['type', 'text']);
const OF_MESSAGE: ReadonlySet<string> = new Set(['id', 'type', 'role', 'model', 'content', 'stop_reason', 'usage']);
const OF_USAGE: ReadonlySet<string> = new Set([
  'input_tokens',
  'output_tokens',
  'cache_read_input_tokens',
  'cache_creation_input_tokens',
  'cache_creation',
  'service_tier',
]);

type Event = Readonly<Record<string, unknown>>;

class AnthropicReader extends WireState implements WireReader {
  #held: { readonly index: unknown; readonly type: string; readonly field: string; text: string } | null = null;

  take(data: string): string {
    const event = parseEvent(data);
    if (!event) {
      this.isMalformed = true;
      return this.rest() + sseEvent(data);
    }
    switch (event['type']) {
      case 'ping':
        return '';
      case 'content_block_delta':
        return this.#delta(data, event);
      case 'content_block_start':
        // Text and thinking begin empty; a block of any other kind has something in it at once.
        if (isRecord(event['content_block']) && event['content_block']['type'] !== 'text') this.tokens++;
        break;
      case 'message_start':
        if (isRecord(event['message']) && typeof event['message']['model'] === 'string') {
          this.servedModel = event['message']['model'];
        }
        break;
      case 'message_delta':
        this.#noteRefusal(event['delta']);
        break;
      case 'message_stop':
        this.isComplete = true;
        break;
      case 'error':
        this.error = event;
        break;
      default:
        break;
    }
    return this.rest() + sseEvent(data);
  }

  rest(): string {
    if (!this.#held) return '';
    const { index, type, field, text } = this.#held;
    this.#held = null;
    return sseEvent(JSON.stringify({ type: 'content_block_delta', index, delta: { type, [field]: text } }));
  }

  #delta(data: string, event: Event): string {
    this.tokens++;
    const { delta, index } = event;
    const field = isRecord(delta) ? JOINABLE[String(delta['type'])] : undefined;
    const text = isRecord(delta) && field !== undefined ? delta[field] : undefined;
    if (!isRecord(delta) || field === undefined || typeof text !== 'string') return this.rest() + sseEvent(data);
    if (field === 'text') this.onText(text);
    if (this.#held && this.#held.index === index && this.#held.field === field) {
      this.#held.text += text;
      return '';
    }
    const earlier = this.rest();
    this.#held = { index, type: String(delta['type']), field, text };
    return earlier;
  }

  /** The reason for a refusal comes beside the text: https://docs.claude.com/en/docs/test-and-evaluate/strengthen-guardrails/handle-streaming-refusals */
  #noteRefusal(delta: unknown): void {
    if (!isRecord(delta) || delta['stop_reason'] !== 'refusal') return;
    const details = delta['stop_details'];
    const words = isRecord(details) ? (details['explanation'] ?? details['category']) : undefined;
    this.refusal = typeof words === 'string' ? words : '';
  }
}

const JOINABLE: Readonly<Record<string, string>> = {
  text_delta: 'text',
  thinking_delta: 'thinking',
  input_json_delta: 'partial_json',
};
