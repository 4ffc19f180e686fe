// Whether what came over the wire is an answer: complete, not empty, not cut, not refused, JSON where asked for.

import type { Answer, FinishReason, TokenLogprobs, Usage } from '../../src/domain/answer.ts';
import type { FailureKind } from '../../src/domain/failure.ts';
import type { Reask } from '../../src/domain/reask.ts';
import { answerReask } from '../../src/domain/reask.ts';
import type { Prompt, ToolCall } from '../../src/domain/prompt.ts';
import type { AnswerCheck, AnswerFault } from '../expect/answer-check.ts';
import type { SchemaCheck } from '../expect/schema-check.ts';
import { isJson, isLeftOpen, readJsonAnswer } from './json-answer.ts';
import type { FinishMeaning } from './vendor.ts';

/** An answer as it came, before anybody believes it. */
export interface RawAnswer {
  readonly text: string;
  readonly toolCalls: readonly ToolCall[];
  /** The provider's own word; null when none came. */
  readonly rawFinishReason: string | null;
  readonly finishMeaning: FinishMeaning | undefined;
  readonly usage: Usage | null;
  readonly servedModel: string;
  /** The wire's sign of completeness was seen. */
  readonly isComplete: boolean;
  readonly refusal: string | null;
  readonly blockReason: string | null;
  readonly fingerprint: string | null;
  /** Null when nobody asked for them, or none came. */
  readonly logprobs: readonly TokenLogprobs[] | null;
}

/** What was asked for, as far as it decides. */
export interface Expectation {
  readonly responseFormat: Prompt['responseFormat'];
  readonly schema: Extract<SchemaCheck, { readonly type: 'checker' }> | null;
  readonly wantsLogprobs: boolean;
  /** Of the tools whose arguments the client wants to be as their schema says. */
  readonly strictTools: ReadonlyMap<string, Extract<SchemaCheck, { readonly type: 'checker' }>>;
  /** What `expect` asks for; null: nothing. */
  readonly check: AnswerCheck | null;
  /** The limit of output tokens that went out, and whether it is the client's own. */
  readonly outputLimit: number | null;
  readonly isClientsLimit: boolean;
  /** The target's, when it is configured. */
  readonly contextWindow: number | null;
}

export type Verdict =
  /** `isRepaired`: what came was not plain JSON, and is now. */
  | { readonly type: 'answer'; readonly answer: Answer; readonly isRepaired: boolean }
  | {
      readonly type: 'rejected';
      readonly kind: FailureKind;
      readonly because: string;
      readonly words?: string;
      /** The same target may put it right when it is told what is wrong. */
      readonly reask?: Reask;
    };

export function judgeAnswer(raw: RawAnswer, expected: Expectation): Verdict {
  if (raw.blockReason !== null) return reject('content-filtered', 'it blocked the prompt', raw.blockReason);
  const meaning = raw.finishMeaning;
  if (meaning === undefined || !raw.isComplete) return withoutEnd(raw);
  if (raw.refusal !== null) return reject('refused', 'the model declined', raw.refusal || raw.text);
  if (meaning !== 'stop' && meaning !== 'length' && meaning !== 'tool-calls') {
    const words = meaning === 'refused' ? raw.text : (raw.rawFinishReason ?? '');
    return reject(meaning, `its finish reason is ${raw.rawFinishReason}`, words);
  }
  const isEmpty = raw.text.trim() === '' && raw.toolCalls.length === 0;
  if (meaning === 'length') {
    if (isEmpty) return reject('truncated', 'all of its tokens went into thinking, none into an answer');
    // As the client wanted it to be cut, half an answer is what was asked for: nothing else is asked of it.
    const isAsked = expected.isClientsLimit && reachedLimit(raw.usage, expected.outputLimit);
    return isAsked ? accept(raw, 'length') : reject('truncated', 'it ran into a limit that the client did not set');
  }
  if (isEmpty) return reject('empty', 'there is no text and no tool call in it');
  if (isAtOurLimit(raw.usage, expected)) {
    return reject('truncated', 'it ends exactly at a limit of tokens, although it claims to be whole');
  }
  return raw.toolCalls.length > 0 ? judgeToolCalls(raw, expected) : judgeText(raw, meaning, expected);
}

function withoutEnd(raw: RawAnswer): Verdict {
  if (raw.isComplete && raw.rawFinishReason !== null) {
    return reject('malformed', 'its finish reason is not known', raw.rawFinishReason);
  }
  return raw.isComplete
    ? reject('malformed', 'it has no finish reason')
    : reject('connection', 'the stream ended before the answer did');
}

function judgeToolCalls(raw: RawAnswer, { strictTools }: Expectation): Verdict {
  for (const { name, arguments: text } of raw.toolCalls) {
    if (isJson(text) && (strictTools.get(name)?.faultOf(text) ?? null) !== null) {
      return reject('schema-invalid', 'the arguments of a tool call do not match its schema');
    }
    if (isJson(text)) continue;
    return isLeftOpen(text)
      ? reject('truncated', 'the arguments of a tool call are left open')
      : reject('malformed', 'the arguments of a tool call are not JSON');
  }
  return accept(raw, 'tool-calls');
}

function judgeText(raw: RawAnswer, meaning: 'stop' | 'tool-calls', expected: Expectation): Verdict {
  if (meaning === 'tool-calls') return reject('malformed', 'it claims tool calls and has none');
  if (expected.wantsLogprobs && raw.logprobs === null) {
    return reject('unsupported', 'log probabilities were asked for, and there are none');
  }
  const isFormat = expected.responseFormat !== undefined && expected.responseFormat.type !== 'text';
  if (!isFormat && !expected.check?.asksJson) return judgeExpected(raw, expected);
  const json = readJsonAnswer(raw.text);
  if (json.type === 'open') return reject('truncated', 'its JSON is left open');
  if (json.type === 'none') {
    const { because } = json;
    return poor(raw, isFormat ? 'schema-invalid' : 'expectation-failed', { because, detail: because });
  }
  const fault = expected.schema?.faultOf(json.text) ?? null;
  if (fault !== null) {
    const because = 'its JSON does not match the schema';
    return poor(raw, 'schema-invalid', { because, detail: `${because}: ${fault}` });
  }
  return judgeExpected({ ...raw, text: json.text }, expected, json.isRepaired);
}

/** Of text alone: calls of tools and refusals have come to their end before. */
function judgeExpected(raw: RawAnswer, { check }: Expectation, isRepaired = false): Verdict {
  const fault = check?.faultOf(raw.text) ?? null;
  return fault === null ? accept(raw, 'stop', isRepaired) : poor(raw, 'expectation-failed', fault);
}

function poor(raw: RawAnswer, kind: FailureKind, fault: AnswerFault): Verdict {
  return { type: 'rejected', kind, because: fault.because, reask: answerReask(raw.text, fault.detail) };
}

/** A limit of the context, too, ends with `length`, but with fewer tokens; counts may differ a little by tokeniser. */
function reachedLimit(usage: Usage | null, limit: number | null): boolean {
  const tokens = usage?.outputTokens ?? null;
  return limit === null || tokens === null || tokens >= Math.floor(limit * 0.9);
}

function isAtOurLimit(usage: Usage | null, { outputLimit, isClientsLimit, contextWindow }: Expectation): boolean {
  const tokens = usage?.outputTokens ?? null;
  if (tokens === null) return false;
  if (contextWindow !== null && (usage?.inputTokens ?? 0) + tokens >= contextWindow) return true;
  return outputLimit !== null && !isClientsLimit && tokens >= outputLimit;
}

function accept(raw: RawAnswer, unified: FinishReason['unified'], isRepaired = false): Verdict {
  return {
    type: 'answer',
    isRepaired,
    answer: {
      text: raw.text === '' ? null : raw.text,
      refusal: null,
      toolCalls: raw.toolCalls,
      finishReason: { unified, raw: raw.rawFinishReason },
      usage: raw.usage,
      model: raw.servedModel,
      ...(raw.fingerprint !== null && { fingerprint: raw.fingerprint }),
      ...(raw.logprobs !== null && { logprobs: raw.logprobs }),
    },
  };
}

function reject(kind: FailureKind, because: string, words = ''): Verdict {
  return { type: 'rejected', kind, because, ...(words !== '' && { words }) };
}
