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
  /** On which it was decided that there are enough. */
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
  /** By name of the target: the leg that has called it. */
  readonly #called = new Map<string, number>();
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
    let votes: readonly CastVote[] = [];
    try {
      votes = await this.#untilEnough();
      for (const leg of this.#pending.keys()) this.#miss(leg, 'late');
    } finally {
      if (this.#pending.size > 0) {
        this.#scope.cancel();
        observer.callsAbandoned();
      }
      // They end with their records.
      await asked;
    }
    if (this.#bug !== null) throw this.#bug;
    return { votes, missing: this.#missing, failed: this.#failed };
  }

  /** Never rejects. */
  async #ask(leg: number): Promise<void> {
    const { targets, legs, earlyExit } = this.#settings;
    const own = (legs[leg]?.targets ?? []).flatMap((index) => targets[index] ?? []);
    try {
      const outcome = await tryChain(this.#run, {
        targets: own,
        order: listedOrder(own),
        leftMs: () => this.#leftMs(),
        part: (index) => `vote ${leg + 1} of ${legs.length}${index === 0 ? '' : `, target ${index + 1}`}`,
        isTaken: (target) => this.#isTaken(target, leg),
        onCall: (target) => {
          this.#pending.set(leg, target);
          this.#called.set(targetName(target), leg);
        },
        endsSoon: earlyExit,
      });
      if (outcome.type === 'answered') {
        const { answer, target, record } = outcome;
        const latencyMs = Date.now() - this.#startedAtMs;
        const vote = { leg, target: targetName(target), answer, latencyMs, costUsd: record.costUsd };
        this.#votes = [...this.#votes, vote];
      } else {
        this.#failed = [...this.#failed, ...outcome.failed];
        this.#miss(leg, 'failed');
      }
    } catch (error) {
      this.#miss(leg, 'late');
      if (!isCancellation(error)) this.#bug = error;
    }
    this.#pending.delete(leg);
  }

  #miss(leg: number, standing: MissingVote['standing']): void {
    const { targets, legs } = this.#settings;
    const target = targets[legs[leg]?.targets[0] ?? -1];
    this.#missing.set(leg, { standing, target: target ? targetName(target) : '' });
  }

  /**
   * A leg that fails over must not become a second vote of a model that votes already, nor ask again whom another leg
   * has asked in vain.
   */
  #isTaken(target: Target, leg: number): boolean {
    const identity = modelIdentity(target.model);
    const isAsked = ([other, called]: [number, Target | null]) =>
      other !== leg && called !== null && modelIdentity(called.model) === identity;
    return (
      this.#votes.some((vote) => identitiesOf(vote).includes(identity)) ||
      [...this.#pending].some(isAsked) ||
      (this.#called.get(targetName(target)) ?? leg) !== leg
    );
  }

  /**
   * Every leg is heard, but that once the quorum is reached the others are not waited for longer than the grace. A judge
   * alone can tell whether votes agree: it is asked about those that there are then.
   */
  async #untilEnough(): Promise<readonly CastVote[]> {
    const { graceAfterQuorumMs, earlyExit, compare } = this.#settings;
    const isOver = () => this.#pending.size === 0 || this.#bug !== null || (earlyExit && this.#isSettled());
    let isPatient = !(earlyExit && compare.type === 'judge');
    while (!isOver()) {
      await condition(() => isOver() || this.#mayHaveQuorum());
      if (isPatient && !isOver()) {
        isPatient = false;
        await condition(isOver, graceAfterQuorumMs);
      } else if (!isOver()) {
        const votes = this.#votes;
        const compared = await this.#comparison.of(votes);
        if (compared.type === 'compared' && this.#hasWinner(compared.agreement, votes)) return votes;
        await condition(() => isOver() || this.#votes !== votes);
      }
    }
    return this.#votes;
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
