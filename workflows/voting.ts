// The vote of a consensus: asks every leg that has not voted, all at once, until there are votes enough.

import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import type { Agreement } from '../src/domain/agreement.ts';
import type { CastVote, MissingVote } from '../src/domain/consensus.ts';
import { identitiesOf, isSettled, tally } from '../src/domain/consensus.ts';
import { modelIdentity } from '../src/domain/model-identity.ts';
import type { ConsensusSettings } from '../src/domain/model-settings.ts';
import type { TargetFailure } from '../src/domain/route.ts';
import { listedOrder, shareOfTime } from '../src/domain/route.ts';
import type { Target } from '../src/domain/target.ts';
import { targetName } from '../src/domain/target.ts';
import { tryChain } from './chain.ts';
import type { Comparison } from './comparison.ts';
import type { InferenceRun } from './inference-run.ts';
import { observer } from './observer.ts';

export interface Voted {
  readonly votes: readonly CastVote[];
  /** By index of the leg. */
  readonly missing: ReadonlyMap<number, MissingVote>;
  readonly failed: readonly TargetFailure[];
}

export class Voting {
  readonly #run: InferenceRun<ConsensusSettings>;
  readonly #settings: ConsensusSettings;
  readonly #comparison: Comparison;
  readonly #scope = new CancellationScope();
  readonly #startedAtMs = Date.now();
  /** Legs that are being asked, and what each of them is calling. */
  readonly #pending: Map<number, Target | null>;
  readonly #missing = new Map<number, MissingVote>();
  #votes: readonly CastVote[];
  #failed: readonly TargetFailure[] = [];
  #bug: unknown = null;

  /** @param voting `votes` have been cast before: their legs are not asked again */
  constructor(voting: {
    readonly run: InferenceRun<ConsensusSettings>;
    readonly comparison: Comparison;
    readonly votes: readonly CastVote[];
  }) {
    const { run, comparison, votes } = voting;
    const { settings } = run.input;
    this.#run = run;
    this.#settings = settings;
    this.#comparison = comparison;
    this.#votes = votes;
    const legs = settings.legs.map((_, leg) => leg).filter((leg) => !votes.some((vote) => vote.leg === leg));
    this.#pending = new Map(legs.map((leg) => [leg, null]));
  }

  async hold(): Promise<Voted> {
    const asked = this.#scope.run(() => Promise.all([...this.#pending.keys()].map((leg) => this.#ask(leg))));
    try {
      await this.#untilEnough();
    } finally {
      if (this.#pending.size > 0) {
        this.#scope.cancel();
        observer.callsAbandoned();
      }
      // They end with their records.
      await asked;
    }
    if (this.#bug !== null) throw this.#bug;
    return { votes: this.#votes, missing: this.#missing, failed: this.#failed };
  }

  /** Never rejects. */
  async #ask(leg: number): Promise<void> {
    const { targets, legs, earlyExit } = this.#settings;
    const own = (legs[leg]?.targets ?? []).flatMap((index) => targets[index] ?? []);
    const missing = { target: own[0] ? targetName(own[0]) : '' };
    try {
      const outcome = await tryChain(this.#run, {
        targets: own,
        order: listedOrder(own),
        leftMs: () => this.#leftMs(),
        part: (index) => `vote ${leg + 1} of ${legs.length}${index === 0 ? '' : `, target ${index + 1}`}`,
        isTaken: (target) => this.#isTaken(target, leg),
        onCall: (target) => this.#pending.set(leg, target),
        endsSoon: earlyExit,
      });
      if (outcome.type === 'answered') {
        const { answer, target, record } = outcome;
        const latencyMs = Date.now() - this.#startedAtMs;
        const vote = { leg, target: targetName(target), answer, latencyMs, costUsd: record.costUsd };
        this.#votes = [...this.#votes, vote].sort((a, b) => a.leg - b.leg);
      } else {
        this.#failed = [...this.#failed, ...outcome.failed];
        this.#missing.set(leg, { ...missing, standing: 'failed' });
      }
    } catch (error) {
      this.#missing.set(leg, { ...missing, standing: 'late' });
      if (!isCancellation(error)) this.#bug = error;
    }
    this.#pending.delete(leg);
  }

  /** A leg that fails over must not become a second vote of a model that votes already. */
  #isTaken(target: Target, leg: number): boolean {
    const identity = modelIdentity(target.model);
    const hasVoted = this.#votes.some((vote) => identitiesOf(vote).includes(identity));
    return (
      hasVoted ||
      [...this.#pending].some(
        ([other, called]) => other !== leg && called !== null && modelIdentity(called.model) === identity,
      )
    );
  }

  /** Every leg is heard, but that once the quorum is reached the others are not waited for longer than the grace. */
  async #untilEnough(): Promise<void> {
    const { graceAfterQuorumMs, earlyExit, compare } = this.#settings;
    const isOver = () =>
      this.#pending.size === 0 || this.#bug !== null || (earlyExit && compare.type !== 'judge' && this.#isSettled());
    await condition(() => isOver() || this.#mayHaveQuorum());
    const isWaitedFor = !(earlyExit && compare.type === 'judge');
    if (!isOver() && isWaitedFor) await condition(isOver, graceAfterQuorumMs);
    // Only the judge can tell whether the votes so far agree.
    while (!isOver() && compare.type === 'judge') {
      const votes = this.#votes;
      const compared = await this.#comparison.of(votes);
      if (compared.type === 'compared' && this.#hasWinner(compared.agreement, votes)) return;
      await condition(() => isOver() || this.#votes.length > votes.length);
    }
  }

  #mayHaveQuorum(): boolean {
    const agreement = this.#comparison.known(this.#votes);
    return agreement ? this.#hasWinner(agreement, this.#votes) : this.#votes.length >= this.#settings.quorum;
  }

  #hasWinner(agreement: Agreement, votes: readonly CastVote[]): boolean {
    return tally({ votes, agreement, rules: this.#settings }).winner !== null;
  }

  /** The outcome can't change. But whoever decides a split is to see every vote. */
  #isSettled(): boolean {
    const votes = this.#votes;
    const agreement = this.#comparison.known(votes);
    if (!agreement) return false;
    const mayEnd = this.#settings.onSplit.type === 'fail' || this.#hasWinner(agreement, votes);
    return mayEnd && isSettled({ votes, agreement, rules: this.#settings, pending: [...this.#pending.keys()] });
  }

  /** Enough is kept back for the judge and for whoever decides a split. */
  #leftMs(): number {
    const { compare, onSplit, attemptTimeoutMs } = this.#settings;
    const targetsAfter = compare.type === 'judge' || onSplit.type === 'escalate' ? 1 : 0;
    return shareOfTime({ leftMs: this.#run.clock.leftMs(), attemptTimeoutMs, targetsAfter });
  }
}
