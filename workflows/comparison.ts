// Which of the votes agree: judged by src/domain, or by a further model where nothing else can.

import type { Agreement } from '../src/domain/agreement.ts';
import { agreementOf, agreementOfGroups } from '../src/domain/agreement.ts';
import type { CastVote } from '../src/domain/consensus.ts';
import { independent } from '../src/domain/consensus.ts';
import type { FailureKind } from '../src/domain/failure.ts';
import { judgePrompt, readJudgement } from '../src/domain/judging.ts';
import type { ConsensusSettings } from '../src/domain/model-settings.ts';
import { schemaOf } from '../src/domain/prompt.ts';
import type { TargetFailure } from '../src/domain/route.ts';
import { isOutOfTime } from '../src/domain/route.ts';
import type { Target } from '../src/domain/target.ts';
import { targetName } from '../src/domain/target.ts';
import { answerTo } from './call-target.ts';
import type { InferenceRun } from './inference-run.ts';

export type Compared =
  | { readonly type: 'compared'; readonly agreement: Agreement }
  /** The judge has failed. */
  | { readonly type: 'failed'; readonly by: TargetFailure };

export class Comparison {
  readonly #run: InferenceRun<ConsensusSettings>;
  /** Of the votes that were compared last. */
  #last: { readonly votes: readonly CastVote[]; readonly compared: Compared } | null = null;

  constructor(run: InferenceRun<ConsensusSettings>) {
    this.#run = run;
  }

  /** A judge that has failed may be asked again. */
  beginRound(): void {
    if (this.#last?.compared.type === 'failed') this.#last = null;
  }

  /** Null when only the judge could tell, and has not said it of these votes. */
  known(votes: readonly CastVote[]): Agreement | null {
    if (this.#last?.votes !== votes) {
      const agreement = this.#withoutJudge(votes);
      if (!agreement) return null;
      this.#last = { votes, compared: { type: 'compared', agreement } };
    }
    const { compared } = this.#last;
    return compared.type === 'compared' ? compared.agreement : null;
  }

  async of(votes: readonly CastVote[]): Promise<Compared> {
    const { compare } = this.#run.input.settings;
    this.known(votes);
    if (this.#last?.votes === votes) return this.#last.compared;
    if (compare.type !== 'judge') throw new Error('Only a judge leaves votes uncompared.');
    const compared = await this.#judge(compare.target, votes);
    this.#last = { votes, compared };
    return compared;
  }

  #withoutJudge(votes: readonly CastVote[]): Agreement | null {
    const { settings, prompt } = this.#run.input;
    const { compare, quorum } = settings;
    const answers = votes.map(({ answer }) => answer);
    if (compare.type !== 'judge') return agreementOf({ answers, compare, schema: schemaOf(prompt) });
    if (independent(votes).length < quorum) return agreementOfNobody(votes);
    // Nobody is paid to say that the same words mean the same.
    const literal = agreementOf({ answers, compare: { type: 'exact' }, schema: null });
    return literal.agrees.every((others) => others.every(Boolean)) ? literal : null;
  }

  /** One that leaves an answer out, or has it twice, is asked once more as long as it has an attempt left. */
  async #judge(target: Target, votes: readonly CastVote[]): Promise<Compared> {
    const { prompt, settings } = this.#run.input;
    const order = shuffled(votes.map((_, index) => index));
    const name = targetName(target);
    for (let attempt = 1; ; attempt++) {
      const timeMs = this.#run.clock.leftMs();
      if (isOutOfTime(timeMs)) return failed(target, 'timeout', `There was no time left to ask ${name}.`);
      const outcome = await this.#run.call({
        target,
        chain: [name],
        ask: answerTo(judgePrompt({ prompt, answers: votes.map(({ answer }) => answer), order })),
        timeMs,
        part: 'judges the votes',
      });
      if (outcome.type === 'withheld') throw new Error('Only a hedge can be withheld.');
      if (outcome.type === 'failed') return { type: 'failed', by: { target, failure: outcome.failure } };
      const groups = readJudgement(outcome.answer.text, order);
      if (groups) return { type: 'compared', agreement: agreementOfGroups(groups, votes.length) };
      if (attempt + outcome.record.attempt > settings.maxAttemptsPerTarget) {
        return failed(target, 'schema-invalid', `${name} did not put each answer into one group.`);
      }
    }
  }
}

function failed(target: Target, kind: FailureKind, message: string): Compared {
  return { type: 'failed', by: { target, failure: { kind, message } } };
}

/** Each vote stands for itself. */
export function agreementOfNobody(votes: readonly CastVote[]): Agreement {
  return agreementOfGroups(
    votes.map((_, index) => [index]),
    votes.length,
  );
}

/** By the workflow's own random numbers, which are the same in a replay. */
function shuffled(indices: readonly number[]): readonly number[] {
  const left = [...indices];
  return indices.map(() => left.splice(Math.floor(Math.random() * left.length), 1)[0] ?? 0);
}
