// What a provider has given for a line: read by the AI SDK, and judged as every answer is.

import type { LanguageModelV3GenerateResult } from '@ai-sdk/provider';
import type { Answer, Usage } from '../../../src/domain/answer.ts';
import type { CallFailure } from '../../../src/domain/failure.ts';
import type { Prompt } from '../../../src/domain/prompt.ts';
import { targetName } from '../../../src/domain/target.ts';
import { hasFixedRoom } from '../../../src/domain/token-estimate.ts';
import { classifyError, providerWords } from '../errors/classify.ts';
import type { Expectation, RawAnswer } from '../judge.ts';
import { judgeAnswer } from '../judge.ts';
import { kindOf, sentence } from '../outcome.ts';
import { usageOf } from '../usage.ts';
import type { FinishMeaning, Vendor } from '../vendor.ts';
import type { LaneResult } from './lane.ts';
import type { Lane, PreparedLane } from './line-request.ts';
import { prepareLane } from './line-request.ts';
import { shapeOf } from './prompt-shape.ts';

/** Reads one line at a time. */
export interface LineReader {
  read(line: GivenLine): Promise<ReadLine>;
  /** At once, if it is a plain text to a prompt as others have been read before; null: `read` has to look at it. */
  readPlain(line: GivenLine): ReadLine | null;
}

interface GivenLine {
  readonly prompt: Prompt;
  readonly result: Extract<LaneResult, { readonly type: 'answer' | 'error' }>;
}

/** `usage`: what the provider has counted, also of an answer that is not accepted. */
type ReadLine =
  | { readonly type: 'answered'; readonly answer: Answer; readonly usage: Usage | null }
  | { readonly type: 'failed'; readonly failure: CallFailure; readonly usage: Usage | null };

/** What is asked of an answer, whatever the texts of its prompt say. */
type Asked = Omit<Expectation, 'isClientsLimit'>;

export async function createLineReader(lane: Lane): Promise<LineReader> {
  const prepared = await prepareLane(lane);
  if (!('failure' in prepared)) return new LaneReader(lane, prepared);
  const { failure } = prepared;
  return { read: async () => ({ type: 'failed', failure, usage: null }), readPlain: () => null };
}

class LaneReader implements LineReader {
  readonly #lane: Lane;
  readonly #prepared: PreparedLane;
  /** By the key of the prompt's shape. */
  readonly #asked = new Map<string, Asked>();

  constructor(lane: Lane, prepared: PreparedLane) {
    this.#lane = lane;
    this.#prepared = prepared;
  }

  readPlain({ prompt, result }: GivenLine): ReadLine | null {
    const { vendor } = this.#prepared;
    const plain = result.type === 'answer' && vendor.plainAnswer?.(result.body);
    const asked = plain && this.#asked.get(this.#keyOf(prompt) ?? '');
    if (!asked) return null;
    const { text, usage, finishReason, servedModel } = plain;
    const facts = vendor.documentFacts?.(result.body) ?? {};
    const raw = {
      text,
      toolCalls: [],
      rawFinishReason: finishReason,
      finishMeaning: vendor.finishReasons[finishReason],
      ...restOf({ usage, facts, wantsLogprobs: asked.wantsLogprobs }),
    };
    return this.#judged({ raw, servedModel: facts.servedModel ?? servedModel, asked, prompt });
  }

  async read({ prompt, result }: GivenLine): Promise<ReadLine> {
    const { vendor, model, prepare } = this.#prepared;
    if (result.type === 'error') return this.#failed(this.#errorOf(result));
    const call = await prepare(prompt);
    if (call.type === 'failed') return this.#failed(call.failure);
    const facts = vendor.documentFacts?.(result.body) ?? {};
    if (facts.blockReason != null) {
      return this.#rejected('content-filtered', 'it blocked the prompt', facts.blockReason);
    }
    let given: LanguageModelV3GenerateResult;
    try {
      given = await model.read(call.options, JSON.stringify(result.body));
    } catch (error) {
      return this.#failed(this.#unreadable(error));
    }
    const asked = { ...call.expectation, outputLimit: vendor.outputLimit(given.request?.body) };
    this.#note(prompt, asked);
    const { wantsLogprobs } = asked;
    const raw = {
      ...givenAnswer(given, vendor),
      ...restOf({ usage: usageOf(given.usage), facts, wantsLogprobs }),
    };
    return this.#judged({ raw, servedModel: facts.servedModel ?? given.response?.modelId, asked, prompt });
  }

  #judged(input: {
    readonly raw: Omit<RawAnswer, 'servedModel'>;
    readonly servedModel: string | null | undefined;
    readonly asked: Asked;
    readonly prompt: Prompt;
  }): ReadLine {
    const { raw, asked, prompt } = input;
    const { usage } = raw;
    const { outputLimit } = asked;
    const isClientsLimit = outputLimit !== null && outputLimit === prompt.params.maxTokens;
    const servedModel = input.servedModel ?? this.#lane.target.model;
    const verdict = judgeAnswer({ ...raw, servedModel }, { ...asked, isClientsLimit });
    if (verdict.type === 'answer') return { type: 'answered', answer: verdict.answer, usage };
    return { ...this.#rejected(verdict.kind, verdict.because, verdict.words), usage };
  }

  #note(prompt: Prompt, asked: Asked): void {
    const key = this.#keyOf(prompt);
    if (key === null || this.#asked.has(key)) return;
    // Where each line has a shape of its own, none comes up again.
    if (this.#asked.size >= MOST_SHAPES) this.#asked.clear();
    this.#asked.set(key, asked);
  }

  #keyOf(prompt: Prompt): string | null {
    return hasFixedRoom(prompt, this.#lane.target) ? (shapeOf(prompt)?.key ?? null) : null;
  }

  #errorOf({ status, body }: Extract<LaneResult, { readonly type: 'error' }>): CallFailure {
    const answer = { status, headers: {}, retryAfterMs: null, body };
    const target = targetName(this.#lane.target);
    return classifyError({ vendor: this.#prepared.vendor, answer, target, nowMs: Date.now() });
  }

  #unreadable(error: unknown): CallFailure {
    const kind = kindOf(error) === 'unknown' ? 'malformed' : kindOf(error);
    return { kind, message: sentence(this.#lane.target, kind) };
  }

  #rejected(kind: CallFailure['kind'], because: string, said?: string): ReadLine {
    const words = said === undefined ? undefined : providerWords(said);
    const message = sentence(this.#lane.target, kind, because);
    return this.#failed({ kind, message, ...(words !== undefined && { providerMessage: words }) });
  }

  #failed(failure: CallFailure): ReadLine {
    return { type: 'failed', failure, usage: null };
  }
}

const MOST_SHAPES = 100;

type Told = 'text' | 'toolCalls' | 'rawFinishReason' | 'finishMeaning';

function givenAnswer({ content, finishReason }: LanguageModelV3GenerateResult, vendor: Vendor): Pick<RawAnswer, Told> {
  const rawFinishReason = finishReason.raw ?? null;
  let finishMeaning: FinishMeaning | undefined;
  if (rawFinishReason !== null) finishMeaning = vendor.finishReasons[rawFinishReason];
  // The AI SDK may ask for JSON through a tool of its own making, and gives the call back as text.
  if (finishMeaning === 'tool-calls' && finishReason.unified === 'stop') finishMeaning = 'stop';
  return {
    text: content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join(''),
    toolCalls: content.flatMap((part) =>
      part.type === 'tool-call' ? [{ id: part.toolCallId, name: part.toolName, arguments: part.input || '{}' }] : [],
    ),
    rawFinishReason,
    finishMeaning,
  };
}

function restOf(input: {
  readonly usage: Usage | null;
  readonly facts: ReturnType<NonNullable<Vendor['documentFacts']>>;
  readonly wantsLogprobs: boolean;
}): Omit<RawAnswer, Told | 'servedModel'> {
  const { usage, facts, wantsLogprobs } = input;
  return {
    usage,
    isComplete: true,
    refusal: facts.refusal ?? null,
    blockReason: null,
    fingerprint: facts.fingerprint ?? null,
    logprobs: wantsLogprobs ? (facts.logprobs ?? null) : null,
  };
}
