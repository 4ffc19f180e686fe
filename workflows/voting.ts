// The vote of a consensus: asks every leg that has not voted, all at once, until there are votes enough.

import { CancellationScope, condition, isCancellation, sleep } from '@temporalio/workflow';
import type { CastVote, MissingVote } from '../src/domain/consensus.ts';
import { identitiesOf, isSettled, tally } from '../src/domain/consensus.ts';
import { modelIdentity } from '../src/domain/model-identity.ts';
import type { ConsensusSettings } from '../src/domain/model-settings.ts';
import type { TargetFailure } from '../src/domain/route.ts';
import { listedOrder, shareOfTime } from '../src/domain/route.ts';
import type { Target } from '../src/domain/target.ts';
import { targetName } from '../src/domain/target.ts';
import type { ChainOutcome } from './chain.ts';
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
  #grace: 'not begun' | 'running' | 'over' = 'not begun';
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

  async run(): Promise<Voted> {
    const asked: Promise<void>[] = [];
    let votes: readonly CastVote[] = [];
    try {
      votes = await this.#scope.run(() => {
        for (const leg of this.#pending.keys()) asked.push(this.#ask(leg));
        return this.#untilEnough();
      });
      for (const leg of this.#pending.keys()) this.#miss(leg, 'late');
    } finally {
      if (this.#pending.size > 0) {
        this.#scope.cancel();
        observer.callsAbandoned();
        // They end with their records.
        await Promise.all(asked);
      }
    }
    if (this.#bug !== null) throw this.#bug;
    if (this.#grace === 'running' && !this.#isWonBy(votes)) this.#scope.cancel();
    return { votes, missing: this.#missing, failed: this.#failed };
  }

  /** Never rejects. */
  #ask(leg: number): Promise<void> {
    const { targets, legs, earlyExit } = this.#settings;
    const own = (legs[leg]?.targets ?? []).flatMap((index) => targets[index] ?? []);
    const asked = tryChain(this.#run, {
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
    return asked.then(
      (outcome) => this.#heard(leg, outcome),
      (error: unknown) => {
        if (!isCancellation(error)) this.#bug = error;
        this.#miss(leg, 'late');
        this.#pending.delete(leg);
      },
    );
  }

  #heard(leg: number, outcome: ChainOutcome): void {
    if (outcome.type === 'answered') {
      const { answer, target, record } = outcome;
      const latencyMs = Date.now() - this.#startedAtMs;
      const vote = { leg, target: targetName(target), answer, latencyMs, costUsd: record.costUsd };
      this.#votes = [...this.#votes, vote];
    } else {
      this.#failed = [...this.#failed, ...outcome.failed];
      this.#miss(leg, 'failed');
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
    const { earlyExit, compare } = this.#settings;
    const isOver = () => this.#pending.size === 0 || this.#bug !== null || (earlyExit && this.#isSettled());
    while (!isOver()) {
      await condition(() => isOver() || this.#mayHaveQuorum());
      if (isOver()) break;
      if (this.#grace === 'not begun' && !(earlyExit && compare.type === 'judge')) {
        this.#beginGrace();
        await condition(() => isOver() || this.#grace === 'over');
        continue;
      }
      const votes = this.#votes;
      await this.#comparison.of(votes);
      if (this.#isWonBy(votes)) return votes;
      await condition(() => isOver() || this.#votes !== votes);
    }
    return this.#votes;
  }

  /** With a winner its timer is left to the end of the workflow, which is near: taking it back would be an event more. */
  #beginGrace(): void {
    this.#grace = 'running';
    const over = () => {
      this.#grace = 'over';
    };
    const timer = sleep(this.#settings.graceAfterQuorumMs, { summary: 'grace for the votes that are late' });
    // Cancelled with the scope: then nobody waits for it.
    void timer.then(over, over);
  }

  /** Only the judge could tell, or the quorum agrees. */
  #mayHaveQuorum(): boolean {
    const votes = this.#votes;
    return this.#isWonBy(votes) || (!this.#comparison.known(votes) && votes.length >= this.#settings.quorum);
  }

  /** As far as it is known which of them agree. */
  #isWonBy(votes: readonly CastVote[]): boolean {
    const agreement = this.#comparison.known(votes);
    return agreement !== null && tally({ votes, agreement, rules: this.#settings }).winner !== null;
  }

  /** The outcome can't change. But whoever decides a split is to see every vote. */
  #isSettled(): boolean {
    const votes = this.#votes;
    const agreement = this.#comparison.known(votes);
    if (!agreement) return false;
    const mayEnd = this.#settings.onSplit.type === 'fail' || this.#isWonBy(votes);
    return mayEnd && isSettled({ votes, agreement, rules: this.#settings, pending: [...this.#pending.keys()] });
  }

  /** Enough is kept back for the judge and for whoever decides a split. */
  #leftMs(): number {
    const { compare, onSplit, attemptTimeoutMs } = this.#settings;
    const targetsAfter = compare.type === 'judge' || onSplit.type === 'escalate' ? 1 : 0;
    return shareOfTime({ leftMs: this.#run.clock.leftMs(), attemptTimeoutMs, targetsAfter });
  }
}
