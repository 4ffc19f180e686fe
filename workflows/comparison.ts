// Which of the votes agree: judged by src/domain, or by a further model where nothing else can.

import type { Agreement } from '../src/domain/agreement.ts';
import { agreementOf, agreementOfGroups } from '../src/domain/agreement.ts';
import type { CastVote } from '../src/domain/consensus.ts';
import { judgePrompt, readJudgement } from '../src/domain/judging.ts';
import type { ConsensusSettings } from '../src/domain/model-settings.ts';
import { schemaOf } from '../src/domain/prompt.ts';
import type { TargetFailure } from '../src/domain/route.ts';
import type { Target } from '../src/domain/target.ts';
import { targetName } from '../src/domain/target.ts';
import type { InferenceRun } from './inference-run.ts';

export type Compared =
  | { readonly type: 'compared'; readonly agreement: Agreement }
  /** The judge has failed. */
  | { readonly type: 'failed'; readonly by: TargetFailure };

export class Comparison {
  readonly #run: InferenceRun<ConsensusSettings>;
  /** The last votes that were compared. */
  #last: { readonly votes: readonly CastVote[]; readonly agreement: Agreement } | null = null;

  constructor(run: InferenceRun<ConsensusSettings>) {
    this.#run = run;
  }

  /** Null when only the judge could tell, and has not been asked about these votes. */
  known(votes: readonly CastVote[]): Agreement | null {
    if (this.#last?.votes === votes) return this.#last.agreement;
    const agreement = this.#withoutJudge(votes);
    if (agreement) this.#last = { votes, agreement };
    return agreement;
  }

  async of(votes: readonly CastVote[]): Promise<Compared> {
    const { compare } = this.#run.input.settings;
    const known = this.known(votes);
    if (known) return { type: 'compared', agreement: known };
    if (compare.type !== 'judge') throw new Error('Only a judge leaves votes uncompared.');
    const judged = await this.#judge(compare.target, votes);
    if (judged.type === 'compared') this.#last = { votes, agreement: judged.agreement };
    return judged;
  }

  #withoutJudge(votes: readonly CastVote[]): Agreement | null {
    const { settings, prompt } = this.#run.input;
    const { compare, quorum } = settings;
    const answers = votes.map(({ answer }) => answer);
    if (compare.type !== 'judge') return agreementOf({ answers, compare, schema: schemaOf(prompt) });
    if (votes.length < quorum) return agreementOfNobody(votes);
    // Nobody is paid to say that the same words mean the same.
    const literal = agreementOf({ answers, compare: { type: 'exact' }, schema: null });
    return literal.agrees.every((others) => others.every(Boolean)) ? literal : null;
  }

  async #judge(target: Target, votes: readonly CastVote[]): Promise<Compared> {
    const order = shuffled(votes.map((_, index) => index));
    const outcome = await this.#run.call({
      target,
      chain: [targetName(target)],
      prompt: judgePrompt({ prompt: this.#run.input.prompt, answers: votes.map(({ answer }) => answer), order }),
      timeMs: this.#run.clock.leftMs(),
      part: 'judges the votes',
    });
    if (outcome.type === 'withheld') throw new Error('Only a hedge can be withheld.');
    if (outcome.type === 'failed') return { type: 'failed', by: { target, failure: outcome.failure } };
    const groups = readJudgement(outcome.answer.text, order);
    if (groups) return { type: 'compared', agreement: agreementOfGroups(groups, votes.length) };
    const message = `${targetName(target)} did not put each answer into one group.`;
    return { type: 'failed', by: { target, failure: { kind: 'schema-invalid', message } } };
  }
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
