// What a provider has given for a line: read by the AI SDK, and judged as every answer is.

import type { LanguageModelV3GenerateResult } from '@ai-sdk/provider';
import type { Answer, Usage } from '../../../src/domain/answer.ts';
import type { CallFailure } from '../../../src/domain/failure.ts';
import type { Prompt } from '../../../src/domain/prompt.ts';
import { targetName } from '../../../src/domain/target.ts';
import { classifyError, providerWords } from '../errors/classify.ts';
import type { RawAnswer } from '../judge.ts';
import { judgeAnswer } from '../judge.ts';
import { kindOf, sentence } from '../outcome.ts';
import { usageOf } from '../usage.ts';
import type { FinishMeaning, Vendor } from '../vendor.ts';
import type { LaneResult } from './lane.ts';
import type { Lane, PreparedLane } from './line-request.ts';
import { prepareLane } from './line-request.ts';

/** Reads one line at a time. */
export interface LineReader {
  read(line: { readonly prompt: Prompt; readonly result: GivenResult }): Promise<ReadLine>;
}

type GivenResult = Extract<LaneResult, { readonly type: 'answer' | 'error' }>;

/** `usage`: what the provider has counted, also of an answer that is not accepted. */
type ReadLine =
  | { readonly type: 'answered'; readonly answer: Answer; readonly usage: Usage | null }
  | { readonly type: 'failed'; readonly failure: CallFailure; readonly usage: Usage | null };

export async function createLineReader(lane: Lane): Promise<LineReader> {
  const prepared = await prepareLane(lane);
  return {
    read: async ({ prompt, result }) =>
      'failure' in prepared
        ? { type: 'failed', failure: prepared.failure, usage: null }
        : new Reading(lane, prepared).read(prompt, result),
  };
}

class Reading {
  readonly #lane: Lane;
  readonly #prepared: PreparedLane;

  constructor(lane: Lane, prepared: PreparedLane) {
    this.#lane = lane;
    this.#prepared = prepared;
  }

  async read(prompt: Prompt, result: GivenResult): Promise<ReadLine> {
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
    const usage = usageOf(given.usage);
    const outputLimit = vendor.outputLimit(given.request?.body);
    const isClientsLimit = outputLimit !== null && outputLimit === prompt.params.maxTokens;
    const raw = rawAnswer({ given, vendor, usage, facts, wantsLogprobs: call.expectation.wantsLogprobs });
    const named = { ...raw, servedModel: facts.servedModel ?? given.response?.modelId ?? this.#lane.target.model };
    const verdict = judgeAnswer(named, { ...call.expectation, outputLimit, isClientsLimit });
    if (verdict.type === 'answer') return { type: 'answered', answer: verdict.answer, usage };
    return { ...this.#rejected(verdict.kind, verdict.because, verdict.words), usage };
  }

  #errorOf({ status, body }: Extract<GivenResult, { readonly type: 'error' }>): CallFailure {
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

function rawAnswer(input: {
  readonly given: LanguageModelV3GenerateResult;
  readonly vendor: Vendor;
  readonly usage: Usage | null;
  readonly facts: ReturnType<NonNullable<Vendor['documentFacts']>>;
  readonly wantsLogprobs: boolean;
}): Omit<RawAnswer, 'servedModel'> {
  const { given, vendor, usage, facts, wantsLogprobs } = input;
  const { content, finishReason } = given;
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
    usage,
    isComplete: true,
    refusal: facts.refusal ?? null,
    blockReason: null,
    fingerprint: facts.fingerprint ?? null,
    logprobs: wantsLogprobs ? (facts.logprobs ?? null) : null,
  };
}
