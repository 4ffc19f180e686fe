// A split vote that waits for people. What they may decide is judged in src/domain/hold.ts.

import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { createActivities } from '../activities/index.ts';
import type { ResolutionFault } from '../src/domain/hold.ts';
import { choiceOf, decisionOf, resolutionFault, withApproval } from '../src/domain/hold.ts';
import type { HoldSettings } from '../src/domain/model-settings.ts';
import type { Prompt } from '../src/domain/prompt.ts';
import type { Approval, Choice, Verdict } from '../src/domain/verdict.ts';
import type { ResolutionMessage, Resolved } from './messages.ts';
import { resolveUpdate } from './messages.ts';
import { showHeld, showReleased } from './search-state.ts';

export interface Decided {
  /** Null: nobody has decided in time. */
  readonly choice: Choice | null;
  readonly approvals: readonly Approval[];
}

export class Hold {
  readonly #settings: HoldSettings;
  readonly #asked: Pick<Prompt, 'responseFormat' | 'expect'>;
  /** Null while nothing is held. */
  #verdict: Verdict | null = null;
  #approvals: readonly Approval[] = [];

  /** From the start of the run on: what comes while nothing is held is refused, with a reason. */
  constructor(settings: HoldSettings, asked: Pick<Prompt, 'responseFormat' | 'expect'>) {
    this.#settings = settings;
    this.#asked = asked;
    setHandler(resolveUpdate, (message) => this.#resolve(message), {
      validator: (message) => this.#check(message),
      description:
        'Decide a vote that is held: {"vote": 0, "reason": "…"} for one of the votes, counted from 0, or ' +
        '{"answer": "…", "reason": "…"} for an answer of your own.',
    });
  }

  /** The vote with what has been decided about it so far. */
  get held(): Verdict | null {
    return this.#verdict && { ...this.#verdict, approvals: this.#approvals };
  }

  async wait(verdict: Verdict): Promise<Decided> {
    this.#verdict = verdict;
    this.#approvals = [];
    showHeld();
    const isDecided = () => decisionOf(this.#approvals, this.#settings) !== null;
    await condition(isDecided, this.#settings.holdTimeoutMs, { summary: 'a person may resolve the vote' });
    this.#verdict = null;
    await condition(allHandlersFinished);
    const choice = decisionOf(this.#approvals, this.#settings);
    // A replay goes on from here.
    if (!choice) showReleased();
    return { choice, approvals: this.#approvals };
  }

  async #resolve(message: ResolutionMessage): Promise<Resolved> {
    const { by = null, via = 'temporal', answer } = message;
    if (answer !== undefined) {
      const { checkAnswer } = proxyActivities<ReturnType<typeof createActivities>>({
        startToCloseTimeout: 10_000,
        summary: 'check the answer of a person',
      });
      const { responseFormat, expect } = this.#asked;
      const fault = await checkAnswer({ answer, ...(responseFormat && { responseFormat }), ...(expect && { expect }) });
      if (fault !== null) throw refusal('invalid_resolution', `The answer is not what was asked for: ${fault}.`);
      // Somebody else may have been quicker.
      this.#check(message);
    }
    const at = new Date().toISOString();
    const { reason } = message;
    this.#approvals = withApproval(this.#approvals, { by, via, at, reason, choice: choiceOf(message) });
    return { approvals: this.#approvals, isDecided: decisionOf(this.#approvals, this.#settings) !== null };
  }

  #check(message: ResolutionMessage): void {
    const verdict = this.#verdict;
    if (!verdict || decisionOf(this.#approvals, this.#settings)) {
      throw refusal('not_held', 'The vote of this inference is not held for anybody to resolve.');
    }
    const fault = resolutionFault({
      resolution: message,
      resolver: { by: message?.by ?? null, via: message?.via ?? 'temporal' },
      settings: this.#settings,
      submitter: submitter(),
      votes: verdict.votes,
    });
    if (fault) throw refusal(fault.code, fault.message);
  }
}

/** The name of the API key that submitted the inference, as it stands in its memo. */
function submitter(): string | null {
  const memo = workflowInfo().memo?.['inference'];
  return typeof memo === 'object' && memo !== null && 'owner' in memo && typeof memo.owner === 'string'
    ? memo.owner
    : null;
}

function refusal(type: ResolutionFault, message: string): ApplicationFailure {
  return ApplicationFailure.create({ type, message, nonRetryable: true });
}
