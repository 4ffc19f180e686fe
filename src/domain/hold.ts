// A vote that waits for people: who may decide, and when they have. Pure.

import type { HoldSettings } from './model-settings.ts';
import type { Approval, Choice, Verdict } from './verdict.ts';

/** What a person sends. */
export interface Resolution {
  /** Index of the vote that is to be the answer. */
  readonly vote?: number;
  /** An answer of their own instead. */
  readonly answer?: string;
  readonly reason: string;
}

/** Who sends it. */
export type Resolver = Pick<Approval, 'by' | 'via'>;

/** Stable words, as `error.code` shows them. */
export type ResolutionFault = 'not_held' | 'invalid_resolution' | 'approvals_needed' | 'submitter_may_not_resolve';

/** Why it is refused, or null. `submitter`: name of the API key that submitted the inference. */
export function resolutionFault(input: {
  readonly resolution: unknown;
  readonly resolver: Resolver;
  readonly settings: HoldSettings;
  readonly submitter: string | null;
  readonly votes: Verdict['votes'];
}): { readonly code: ResolutionFault; readonly message: string } | null {
  const { resolution, resolver, settings, submitter, votes } = input;
  const message = choiceFault(resolution, votes);
  if (message !== null) return { code: 'invalid_resolution', message };
  // Temporal's UI does not tell who uses it.
  const isAnonymous = resolver.via === 'temporal' || resolver.by === null;
  if (isAnonymous && (settings.approvals > 1 || !settings.submitterMayResolve)) {
    return {
      code: 'approvals_needed',
      message:
        'This model wants to know by whom a vote is resolved: use POST /v1/inferences/{id}/resolve with an API key.',
    };
  }
  if (!settings.submitterMayResolve && resolver.by === submitter) {
    return {
      code: 'submitter_may_not_resolve',
      message: 'Whoever submitted an inference of this model may not resolve its vote.',
    };
  }
  return null;
}

/** Whom a hold lacks among those who have API keys, or null: a vote that nobody may resolve only waits for its end. */
export function missingResolvers(
  { approvals, submitterMayResolve }: Pick<HoldSettings, 'approvals' | 'submitterMayResolve'>,
  apiKeys: readonly { readonly operator: boolean }[],
): string | null {
  const operators = apiKeys.filter(({ operator }) => operator).length;
  // Without any key everybody is an operator, though nobody in particular.
  const isOpen = apiKeys.length === 0 && approvals === 1 && submitterMayResolve;
  if (isOpen || operators >= approvals) return null;
  const wanted = approvals === 1 ? "an operator's API key" : `the API keys of ${approvals} operators`;
  return `needs ${wanted}, and there are ${operators}`;
}

/** The same key may change its mind: its last word counts. */
export function withApproval(approvals: readonly Approval[], approval: Approval): readonly Approval[] {
  const isSame = ({ by, via }: Approval) => by === approval.by && via === approval.via;
  return [...approvals.filter((other) => !isSame(other)), approval];
}

/** The choice on which as many as are needed are at one, or null. */
export function decisionOf(approvals: readonly Approval[], settings: Pick<HoldSettings, 'approvals'>): Choice | null {
  return approvals.find(({ choice }) => atOne(approvals, choice).length >= settings.approvals)?.choice ?? null;
}

/** Those who have chosen this; others may have chosen differently. */
export function atOne(approvals: readonly Approval[], choice: Choice): readonly Approval[] {
  return approvals.filter((other) => isSameChoice(other.choice, choice));
}

export function choiceOf({ vote, answer }: Resolution): Choice {
  return vote === undefined ? { answer: answer ?? '' } : { vote };
}

function isSameChoice(a: Choice, b: Choice): boolean {
  return 'vote' in a ? 'vote' in b && a.vote === b.vote : 'answer' in b && a.answer === b.answer;
}

/** It may come from Temporal's UI, as anybody typed it. */
function choiceFault(resolution: unknown, votes: Verdict['votes']): string | null {
  if (typeof resolution !== 'object' || resolution === null) return FORM;
  const { vote, answer, reason } = resolution as Readonly<Record<string, unknown>>;
  if (typeof reason !== 'string' || reason.trim() === '') return `The reason is missing. ${FORM}`;
  if ((vote === undefined) === (answer === undefined)) return `It takes either a vote or an answer. ${FORM}`;
  if (answer !== undefined)
    return typeof answer === 'string' && answer.trim() !== '' ? null : `The answer is no text. ${FORM}`;
  const castIndices = votes.flatMap((cast, index) => (cast.answer ? [index] : []));
  if (castIndices.some((index) => index === vote)) return null;
  return `There is no such vote; those with an answer are ${castIndices.join(', ')}, counted from 0. ${FORM}`;
}

const FORM = 'It has the form {"vote": 0, "reason": "…"} or {"answer": "…", "reason": "…"}.';
