// Google's Gemini API (`streamGenerateContent`).

import { createGoogleGenerativeAI } from '@ai-sdk/google';
import type { ReasoningEffort } from '../../src/domain/prompt.ts';
import { classifyGoogle } from './errors/google.ts';
import { countIn, hasOnly, onlyRecord } from './plain-json.ts';
import { isRecord, parseEvent, sseEvent } from './sse.ts';
import { usageOfCounts } from './usage.ts';
import type { PlainAnswer, Vendor, WireReader } from './vendor.ts';
import { WireState } from './wire-state.ts';

export const google: Vendor = {
  languageModel: ({ model, baseUrl, apiKey, fetch }) =>
    createGoogleGenerativeAI({ baseURL: baseUrl, apiKey: apiKey ?? '', fetch })(model),
  providerOptions: ({ model, prompt }) => ({ google: thinking(model, prompt.params.reasoningEffort) }),
  requestIdHeader: 'x-request-id',
  newReader: (onText) => new GoogleReader(onText),
  documentFacts: (body) => {
    const { promptFeedback: feedback, modelVersion } = isRecord(body) ? body : {};
    const reason = isRecord(feedback) ? feedback['blockReason'] : null;
    return {
      servedModel: typeof modelVersion === 'string' ? modelVersion : null,
      blockReason: typeof reason === 'string' ? reason : null,
    };
  },
  plainAnswer,
  outputLimit: (body) => {
    const config = isRecord(body) ? body['generationConfig'] : undefined;
    return isRecord(config) && typeof config['maxOutputTokens'] === 'number' ? config['maxOutputTokens'] : null;
  },
  finishReasons: {
    STOP: 'stop',
    MAX_TOKENS: 'length',
    // More would come under a further request, which would be a second call in one attempt.
    CONTINUATION: 'truncated',
    SAFETY: 'content-filtered',
    RECITATION: 'content-filtered',
    BLOCKLIST: 'content-filtered',
    PROHIBITED_CONTENT: 'content-filtered',
    SPII: 'content-filtered',
    LANGUAGE: 'content-filtered',
    IMAGE_SAFETY: 'content-filtered',
  },
  classify: classifyGoogle,
  embeddings: {
    model: ({ model, baseUrl, apiKey, fetch }) =>
      createGoogleGenerativeAI({ baseURL: baseUrl, apiKey: apiKey ?? '', fetch }).embedding(model),
    options: ({ dimensions }) => ({ google: dimensions === undefined ? {} : { outputDimensionality: dimensions } }),
    // It names neither model nor places; newer models count tokens.
    read: (body) => {
      const usage = isRecord(body) ? body['usageMetadata'] : undefined;
      const tokens = isRecord(usage) ? usage['promptTokenCount'] : undefined;
      return { servedModel: null, inputTokens: typeof tokens === 'number' && tokens > 0 ? tokens : null, order: null };
    },
  },
};

/** One candidate, of parts that are text. */
function plainAnswer(body: unknown): PlainAnswer | null {
  if (!isRecord(body) || body['promptFeedback'] !== undefined) return null;
  const { candidates, usageMetadata: usage } = body;
  const candidate = onlyRecord(candidates);
  if (!candidate || !isRecord(usage) || !hasOnly(candidate, OF_CANDIDATE)) return null;
  const { content, finishReason } = candidate;
  const parts = isRecord(content) && Array.isArray(content['parts']) ? content['parts'] : [];
  const texts = parts.flatMap((part: unknown) => {
    const text = isRecord(part) && hasOnly(part, OF_PART) ? part['text'] : undefined;
    return typeof text === 'string' ? [text] : [];
  });
  const text = texts.join('');
  if (typeof finishReason !== 'string' || texts.length !== parts.length || text === '') return null;
  const input = countIn(usage, 'promptTokenCount');
  const cached = countIn(usage, 'cachedContentTokenCount');
  const reasoning = countIn(usage, 'thoughtsTokenCount');
  const output = countIn(usage, 'candidatesTokenCount') + reasoning;
  if (Number.isNaN(input + cached + output)) return null;
  return {
    text,
    finishReason,
    usage: usageOfCounts({ input, cached, output, reasoning, raw: usage }),
    servedModel: null,
  };
}

const OF_CANDIDATE: ReadonlySet<string> = new Set(['content', 'finishReason', 'index']);
const OF_PART: ReadonlySet<string> = new Set(['text']);

/** Tokens of thought that Google's own OpenAI-compatible endpoint takes for each effort. */
const THINKING_BUDGET: Readonly<Record<ReasoningEffort, number>> = {
  none: 0,
  minimal: 1_024,
  low: 1_024,
  medium: 8_192,
  high: 24_576,
  xhigh: 24_576,
  max: 24_576,
};

function thinking(model: string, effort: ReasoningEffort | undefined): Record<string, Record<string, string | number>> {
  if (effort === undefined) return {};
  if (model.includes('gemini-2')) return { thinkingConfig: { thinkingBudget: THINKING_BUDGET[effort] } };
  const level = effort === 'none' ? 'minimal' : effort === 'xhigh' || effort === 'max' ? 'high' : effort;
  return { thinkingConfig: { thinkingLevel: level } };
}

class GoogleReader extends WireState implements WireReader {
  take(data: string): string {
    const event = parseEvent(data);
    if (event) this.#note(event);
    else this.isMalformed = true;
    return sseEvent(data);
  }

  rest(): string {
    return '';
  }

  #note(event: Readonly<Record<string, unknown>>): void {
    if (event['error']) this.error = event;
    if (typeof event['modelVersion'] === 'string') this.servedModel = event['modelVersion'];
    const feedback = event['promptFeedback'];
    if (isRecord(feedback) && typeof feedback['blockReason'] === 'string') {
      this.blockReason = feedback['blockReason'];
      this.isComplete = true;
    }
    const candidate: unknown = Array.isArray(event['candidates']) ? event['candidates'][0] : undefined;
    if (!isRecord(candidate)) return;
    const parts = isRecord(candidate['content']) ? candidate['content']['parts'] : undefined;
    if (Array.isArray(parts)) {
      if (parts.some(carriesContent)) this.tokens++;
      for (const part of parts) {
        if (isRecord(part) && typeof part['text'] === 'string' && part['thought'] !== true) this.onText(part['text']);
      }
    }
    // There is no end event: the last chunk is the one with the reason.
    if (candidate['finishReason'] != null) this.isComplete = true;
  }
}

function carriesContent(part: unknown): boolean {
  return isRecord(part) && Object.entries(part).some(([name, value]) => name !== 'thought' && value !== '');
}
