// Who is tried next in a chain, for how long, and what it means when nobody is left. Pure judgement.

import type { CallFailure } from './failure.ts';
import { failureTable, MIN_ATTEMPT_MS } from './failure.ts';
import type { CommonInput, InferenceFailureCode } from './inference.ts';
import type { CommonSettings } from './model-settings.ts';
import type { Target } from './target.ts';
import { targetName } from './target.ts';
import type { Verdict } from './verdict.ts';

/** A target of the chain that failed in the current round. */
export interface FailedTarget {
  readonly index: number;
  readonly failure: CallFailure;
}

/** The same outside of a chain. */
export interface TargetFailure {
  readonly target: Target;
  readonly failure: CallFailure;
}

/** What is judged of a round needs to know only how its targets failed. */
type Failures = readonly { readonly failure: CallFailure }[];

export type NextStep =
  | { readonly type: 'call'; readonly index: number }
  /** No target would do better: the inference fails with this target's failure. */
  | { readonly type: 'stop'; readonly by: FailedTarget }
  /** Every target that could answer has failed in this round. */
  | { readonly type: 'exhausted' };

export function nextStep(input: {
  readonly targets: readonly Target[];
  /** Indices into `targets`, in the order to try them. */
  readonly order: readonly number[];
  readonly onRefusal: CommonSettings['onRefusal'];
  readonly failed: readonly FailedTarget[];
}): NextStep {
  const { targets, order, onRefusal, failed } = input;
  const decisive = failed.find(({ failure }) => endsInference(failure, onRefusal));
  if (decisive) return { type: 'stop', by: decisive };
  const index = order.find((candidate) => canTake({ targets, failed, candidate }));
  return index === undefined ? { type: 'exhausted' } : { type: 'call', index };
}

/** How many targets could still be called after this one, if it fails without ruling others out. */
export function remainingAfter(input: {
  readonly targets: readonly Target[];
  readonly failed: readonly FailedTarget[];
  readonly index: number;
}): number {
  const { targets, failed, index } = input;
  return targets.filter((_, candidate) => candidate !== index && canTake({ targets, failed, candidate })).length;
}

/**
 * The time that one target may take, retries included. Unless it is the last, enough is kept back for one attempt at
 * the next (or half of what is left, when that is less), so that a failover is always reachable before the deadline.
 */
export function shareOfTime(input: {
  readonly leftMs: number;
  readonly attemptTimeoutMs: number;
  readonly targetsAfter: number;
}): number {
  const { leftMs, attemptTimeoutMs, targetsAfter } = input;
  if (targetsAfter === 0) return leftMs;
  return leftMs - Math.min(attemptTimeoutMs, leftMs / 2);
}

/** How long a call may wait for its provider's rate budget: as long as an attempt takes, at most half of its time. */
export function queueTimeMs(call: { readonly timeMs: number; readonly attemptTimeoutMs: number }): number {
  return Math.min(call.attemptTimeoutMs, call.timeMs / 2);
}

/** The chain as listed. */
export function listedOrder(targets: readonly Target[]): readonly number[] {
  return targets.map((_, index) => index);
}

/** The order of an inference's first round. One that does not name every target once is not believed. */
export function routeOf({ route, settings }: Pick<CommonInput, 'route' | 'settings'>): readonly number[] {
  const listed = listedOrder(settings.targets);
  const isWhole = route?.length === listed.length && listed.every((index) => route.includes(index));
  return isWhole ? route : listed;
}

/** The target that came back first, or those of the account that did; the others follow as listed. */
export function orderAfter(targets: readonly Target[], key: string): readonly number[] {
  const isBack = (index: number) => {
    const target = targets[index];
    return target !== undefined && concerns(target, key);
  };
  const listed = listedOrder(targets);
  return [...listed.filter(isBack), ...listed.filter((index) => !isBack(index))];
}

/** Whether a circuit's key is of this target or of its account. */
export function concerns(target: Target, key: string): boolean {
  return key === target.provider || key === targetName(target);
}

/** Too little time for another attempt: the deadline counts as passed. */
export function isOutOfTime(leftMs: number): boolean {
  return leftMs < MIN_ATTEMPT_MS;
}

/** Whether waiting may help: some target of the round failed for a reason that can pass. */
export function canWait(failed: Failures): boolean {
  return failed.some(({ failure }) => failureTable[failure.kind].canPass && failure.isRetryable !== false);
}

/**
 * How long a parked inference waits after round `round` (from 1): 30 s, doubling up to 10 min, half of it jitter; not
 * before the first target is back, when all say when; and never past half of the time left, so that a round can follow.
 */
export function parkingDelayMs(input: {
  readonly round: number;
  readonly leftMs: number;
  readonly failed: Failures;
  /** Uniform in [0, 1). */
  readonly jitter: number;
}): number {
  const { round, leftMs, failed, jitter } = input;
  const fullMs = Math.min(FIRST_PARKING_MS * 2 ** Math.min(round - 1, 10), MAX_PARKING_MS);
  const firstBackMs = Math.min(...failed.map(({ failure }) => failure.retryAfterMs ?? 0));
  return Math.round(Math.min(Math.max(fullMs * (0.5 + jitter / 2), firstBackMs), leftMs / 2));
}

const FIRST_PARKING_MS = 30_000;
const MAX_PARKING_MS = 10 * 60_000;

/** The failure that a chain ends with: the last one, with the hint of whoever says to be back first. */
export function lastFailure(failed: Failures): CallFailure | null {
  const last = failed.at(-1)?.failure;
  const hints = failed.flatMap(({ failure }) => failure.retryAfterMs ?? []);
  return last ? { ...last, ...(hints.length > 0 && { retryAfterMs: Math.min(...hints) }) } : null;
}

/** The code under which a chain fails, from the failures of its last round. */
export function failureCode(failed: Failures): InferenceFailureCode {
  const kinds = new Set(failed.map(({ failure }) => failure.kind));
  if (kinds.has('invalid-request')) return 'invalid_request';
  const only = (...wanted: readonly string[]) => kinds.size > 0 && [...kinds].every((kind) => wanted.includes(kind));
  if (only('content-filtered', 'refused')) return 'content_filter';
  if (only('context-too-long')) return 'context_length_exceeded';
  if (only('unsupported', 'context-too-long')) return 'unsupported_parameter';
  return 'all_targets_failed';
}

/** The code under which an inference fails after a round that did not answer it. */
export function inferenceFailureCode(
  round: {
    readonly type: 'stopped' | 'exhausted' | 'out-of-time' | 'split';
    readonly failed: Failures;
    readonly verdict?: Verdict;
  },
  isLate: boolean,
): InferenceFailureCode {
  const { type, failed, verdict } = round;
  if (verdict?.outcome === 'split') return 'consensus_split';
  if (isLate && type !== 'stopped') return verdict ? 'consensus_inconclusive' : 'deadline_exceeded';
  const code = failureCode(failed);
  const isOfVotes = verdict?.votes.some(({ answer }) => answer !== null) || code === 'all_targets_failed';
  return verdict && isOfVotes ? 'consensus_inconclusive' : code;
}

function endsInference(failure: CallFailure, onRefusal: CommonSettings['onRefusal']): boolean {
  const { ends } = failureTable[failure.kind];
  return ends === 'inference' || (ends === 'policy' && onRefusal === 'return');
}

function canTake(input: {
  readonly targets: readonly Target[];
  readonly failed: readonly FailedTarget[];
  readonly candidate: number;
}): boolean {
  const { targets, failed, candidate } = input;
  const target = targets[candidate];
  if (!target) return false;
  return failed.every(({ index, failure }) => {
    if (index === candidate) return false;
    const other = targets[index];
    const { ends } = failureTable[failure.kind];
    if (ends === 'provider') return other?.provider !== target.provider;
    if (ends === 'window') return isLarger(target.contextWindow, other?.contextWindow);
    return true;
  });
}

/** A window that nobody has configured is worth a try. */
function isLarger(window: number | undefined, than: number | undefined): boolean {
  return window === undefined || than === undefined || window > than;
}
