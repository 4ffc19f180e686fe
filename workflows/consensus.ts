// Workflow Type `consensus`: one inference that several models answer, and their agreement decides. Only sequences: who
// has won, and what a split means, is judged in src/domain.

import type { Agreement } from '../src/domain/agreement.ts';
import type { Answer } from '../src/domain/answer.ts';
import { answerOfPerson } from '../src/domain/answer.ts';
import type { CastVote } from '../src/domain/consensus.ts';
import { agreeingWith, isSettled, tally, verdictOf } from '../src/domain/consensus.ts';
import { escalationPrompt } from '../src/domain/escalation.ts';
import { byMajority, withFields } from '../src/domain/field-verdict.ts';
import { atOne } from '../src/domain/hold.ts';
import type { InferenceInput, InferenceResult } from '../src/domain/inference.ts';
import type { ConsensusSettings, JsonCompare } from '../src/domain/model-settings.ts';
import { schemaOf } from '../src/domain/prompt.ts';
import type { TargetFailure } from '../src/domain/route.ts';
import { canWait, listedOrder } from '../src/domain/route.ts';
import type { Target } from '../src/domain/target.ts';
import { targetName } from '../src/domain/target.ts';
import type { Verdict } from '../src/domain/verdict.ts';
import { tryChain } from './chain.ts';
import { agreementOfNobody, Comparison } from './comparison.ts';
import { Hold } from './hold.ts';
import type { InferenceRun, RoundOutcome, Strategy } from './inference-run.ts';
import { runInference } from './inference-run.ts';
import type { Voted } from './voting.ts';
import { Voting } from './voting.ts';

export function consensus(input: InferenceInput<ConsensusSettings>): Promise<InferenceResult> {
  return runInference(input, (run) => new Consensus(run));
}

class Consensus implements Strategy {
  readonly #run: InferenceRun<ConsensusSettings>;
  readonly #settings: ConsensusSettings;
  readonly #comparison: Comparison;
  readonly #hold: Hold | null;
  /** Paid for: kept over rounds and resets. */
  #votes: readonly CastVote[];
  #awaited: readonly Target[] = [];

  constructor(run: InferenceRun<ConsensusSettings>) {
    const { settings, carried, prompt } = run.input;
    this.#run = run;
    this.#settings = settings;
    this.#votes = carried?.votes ?? [];
    this.#comparison = new Comparison(run);
    this.#hold = settings.onSplit.type === 'hold' ? new Hold(settings.onSplit, prompt) : null;
  }

  /** Those that have failed in the round. */
  get awaited(): readonly Target[] {
    return this.#awaited;
  }

  /** Every leg has an order of its own. */
  onResumed(): void {}

  carried() {
    return { votes: this.#votes };
  }

  verdict(): Verdict | null {
    return this.#hold?.held ?? null;
  }

  async playRound(): Promise<RoundOutcome> {
    const run = this.#run;
    this.#comparison.beginRound();
    const voted = await new Voting({ run, comparison: this.#comparison, votes: this.#votes }).run();
    this.#votes = voted.votes;
    const compared = await this.#comparison.of(voted.votes);
    if (compared.type === 'failed') {
      const { target, failure } = compared.by;
      const because = `The judge ${targetName(target)} failed (${failure.kind}): nobody knows whether the votes agree.`;
      const verdict = this.#verdict(voted, agreementOfNobody(voted.votes));
      return this.#unserved([...voted.failed, compared.by], { ...verdict, outcome: 'inconclusive', because });
    }
    const { agreement } = compared;
    const verdict = this.#verdict(voted, agreement);
    if (verdict.outcome === 'inconclusive') return this.#unserved(voted.failed, verdict);
    if (verdict.outcome === 'split' && this.#mayStillAgree(voted, agreement))
      return this.#unserved(voted.failed, verdict);
    const winner = this.#votes.find(({ leg }) => leg === verdict.winner);
    return winner ? answered(winner.answer, winner.target, verdict) : this.#split(verdict, agreement);
  }

  /** An inference that waits for targets waits for the leg that could decide, where nobody else is to. */
  #mayStillAgree({ votes, failed }: Voted, agreement: Agreement): boolean {
    const { settings, onExhausted } = this.#run.input;
    if (onExhausted !== 'wait' || settings.onSplit.type !== 'fail' || !canWait(failed)) return false;
    const pending = settings.legs.map((_, leg) => leg).filter((leg) => !votes.some((vote) => vote.leg === leg));
    return !isSettled({ votes, agreement, rules: settings, pending });
  }

  #verdict({ votes, missing }: Voted, agreement: Agreement): Verdict {
    const { compare } = this.#settings;
    const verdict = verdictOf({ votes, missing, agreement, rules: this.#settings });
    return compare.type === 'json' ? withFields(verdict, this.#counted(agreement, compare)) : verdict;
  }

  #counted(agreement: Agreement, compare: JsonCompare) {
    const votes = this.#votes;
    const rules = this.#settings;
    return {
      votes,
      tally: tally({ votes, agreement, rules }),
      compare,
      schema: schemaOf(this.#run.input.prompt),
      rules,
    };
  }

  /** Parked, the inference waits for those that have failed, and asks only them again. */
  #unserved(failed: readonly TargetFailure[], verdict: Verdict): RoundOutcome {
    if (failed.length === 0) this.#voteAnew();
    this.#awaited = failed.map(({ target }) => target);
    return { type: 'exhausted', failed, verdict };
  }

  async #split(verdict: Verdict, agreement: Agreement): Promise<RoundOutcome> {
    const { compare, onSplit } = this.#settings;
    if (onSplit.type === 'escalate') return this.#escalate(verdict, onSplit.targets);
    if (onSplit.type === 'hold' && this.#hold) return this.#holdFor(this.#hold, verdict, agreement);
    if (onSplit.type === 'majority-field' && compare.type === 'json') return this.#merge(verdict, agreement, compare);
    return this.#unresolved(verdict);
  }

  #merge(verdict: Verdict, agreement: Agreement, compare: JsonCompare): RoundOutcome {
    const counted = this.#counted(agreement, compare);
    const merged = byMajority(verdict, counted);
    const texts = counted.tally.counted.flatMap((index) => this.#votes[index] ?? []);
    const leader = this.#votes[counted.tally.leader ?? -1];
    const reference = [leader, ...texts].find((vote) => vote?.answer.toolCalls.length === 0);
    if (!merged || !reference) return this.#unresolved(verdict);
    return answered({ ...reference.answer, text: merged.text }, reference.target, merged.verdict);
  }

  async #escalate(verdict: Verdict, targets: readonly Target[]): Promise<RoundOutcome> {
    const outcome = await tryChain(this.#run, {
      targets,
      order: listedOrder(targets),
      prompt: escalationPrompt({
        prompt: this.#run.input.prompt,
        answers: verdict.votes.flatMap(({ answer }) => answer ?? []),
      }),
      leftMs: () => this.#run.clock.leftMs(),
      part: () => 'decides the split vote',
    });
    if (outcome.type !== 'answered') return this.#unserved(outcome.failed, verdict);
    const name = targetName(outcome.target);
    const because = `${verdict.because} ${name} has decided.`;
    return answered(outcome.answer, name, { ...verdict, decidedBy: 'escalation', because });
  }

  async #holdFor(hold: Hold, verdict: Verdict, agreement: Agreement): Promise<RoundOutcome> {
    this.#run.show(`The votes are split, and wait for a person. ${verdict.because}`);
    const { choice, approvals } = await hold.wait(verdict);
    if (!choice) {
      const because = `${verdict.because} Nobody has resolved it in time.`;
      return { type: 'split', failed: [], verdict: { ...verdict, approvals, because } };
    }
    const people = atOne(approvals, choice).map(({ by, via }) => by ?? (via === 'api' ? 'the API' : "Temporal's UI"));
    const because = `${verdict.because} Resolved by ${people.join(' and ')}.`;
    const resolved: Verdict = { ...verdict, approvals, decidedBy: 'person', because };
    if ('answer' in choice) return answered(answerOfPerson(choice.answer), null, resolved);
    const chosen = verdict.votes[choice.vote];
    if (!chosen?.answer) throw new Error('A vote that was not cast has been chosen.');
    const votes = agreeingWith({ votes: verdict.votes, cast: this.#votes, leg: choice.vote, agreement });
    return answered(chosen.answer, chosen.target, { ...resolved, votes, winner: choice.vote });
  }

  #unresolved(verdict: Verdict): RoundOutcome {
    this.#voteAnew();
    return { type: 'split', failed: [], verdict };
  }

  /** A replay that finds every vote cast, and no answer, has nothing else to try for real. */
  #voteAnew(): void {
    if (this.#votes.length === this.#settings.legs.length) this.#votes = [];
  }
}

function answered(answer: Answer, target: string | null, verdict: Verdict): RoundOutcome {
  return { type: 'answered', result: { answer, target, verdict } };
}
