// How one attempt at one target ends, whatever was asked of it, and the words for it.

import {
  InvalidResponseDataError,
  JSONParseError,
  TypeValidationError,
  UnsupportedFunctionalityError,
} from '@ai-sdk/provider';
import type { Dispatcher } from 'undici';
import type { Answer, Usage } from '../../src/domain/answer.ts';
import type { RateHeaders } from '../../src/domain/budget.ts';
import type { CallFailure, FailureKind } from '../../src/domain/failure.ts';
import type { Passage } from '../../src/domain/line.ts';
import type { Prompt } from '../../src/domain/prompt.ts';
import type { Reask } from '../../src/domain/reask.ts';
import { type Target, targetName } from '../../src/domain/target.ts';
import { failureSentence } from './errors/classify.ts';
import type { NotCalledError } from './not-called.ts';
import type { ProviderSettings } from './registry.ts';
import type { AttemptLimits } from './watch.ts';

export interface CallInput {
  /** Undefined: this worker does not know the provider. */
  readonly settings: ProviderSettings | undefined;
  readonly target: Target;
  readonly prompt: Prompt;
  /** Goes out as the header of this name. */
  readonly traceparent: string | null;
  readonly limits: AttemptLimits;
  /** Any of them ends the attempt at once. */
  readonly cancelSignals: readonly AbortSignal[];
  readonly connections: Dispatcher;
  /** Where the text goes as it comes. */
  readonly passage?: Passage | undefined;
}

export type CallOutcome<Answered = Answer> =
  | {
      readonly type: 'answered';
      readonly answer: Answered;
      /** @default false */
      readonly isRepaired?: boolean;
      readonly meta: CallMeta;
    }
  | {
      readonly type: 'failed';
      readonly failure: CallFailure;
      readonly meta: CallMeta;
      /** How a further attempt at this target should ask. */
      readonly reask?: Reask;
    };

export interface CallMeta {
  readonly servedModel: string;
  readonly firstTokenMs: number | null;
  readonly durationMs: number;
  readonly usage: Usage | null;
  readonly providerRequestId: string | null;
  readonly possiblyBilled: boolean;
  /** The request went out. */
  readonly isSent: boolean;
  /** What the answer said of the provider's rate limits. */
  readonly rate: RateHeaders | null;
}

export function kindOf(error: unknown): FailureKind {
  if (UnsupportedFunctionalityError.isInstance(error)) return 'unsupported';
  const isUnreadable =
    TypeValidationError.isInstance(error) ||
    JSONParseError.isInstance(error) ||
    InvalidResponseDataError.isInstance(error);
  return isUnreadable ? 'malformed' : 'unknown';
}

export function notCalled(target: Target, { kind, message }: NotCalledError): CallFailure {
  return { kind, message: sentence(target, kind, message) };
}

export function errorCode(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

export function sentence(target: Target, kind: FailureKind, because?: string): string {
  return `${targetName(target)} ${failureSentence(kind)}${because === undefined ? '' : ` (${because})`}.`;
}

export function unsent(target: Target, failure: CallFailure): Extract<CallOutcome, { type: 'failed' }> {
  const meta = { servedModel: target.model, firstTokenMs: null, durationMs: 0, usage: null };
  const unknown = { providerRequestId: null, possiblyBilled: false, isSent: false, rate: null };
  return { type: 'failed', failure, meta: { ...meta, ...unknown } };
}
