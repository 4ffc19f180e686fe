// In which order the targets of a chain are tried, by what is known of their health. Pure; chance is passed in.

import type { ScoreSummary } from './score.ts';
import { qualityRatio, successRatio } from './score.ts';
import type { Price } from './target.ts';

export type Order = 'listed' | 'reliability' | 'latency' | 'cost';

export interface RankedTarget {
  readonly name: string;
  /** Its circuit and its account's let calls through now. */
  readonly mayBeCalled: boolean;
  /** A call to it now would be the probe of its half-open circuit: what it was like before does not count. */
  readonly awaitsProbe: boolean;
  readonly hasSpike: boolean;
  /** A call would have to wait for its turn. */
  readonly isBusy: boolean;
  readonly score: ScoreSummary;
  readonly price: Price | undefined;
}

export interface RankSettings {
  readonly order: Order;
  readonly weights: ScoreWeights;
  readonly minimumSuccess: number;
  readonly minimumQuality: number;
}

/** What each part counts for in the order `reliability`. */
export interface ScoreWeights {
  readonly success: number;
  readonly latency: number;
  readonly quality: number;
}

/**
 * Indices into `targets`, in the order to try. Targets that may not be called now come last; before them those that are
 * busy or degraded (a latency spike, or below a minimum); within these groups the order decides. By cost, those below a
 * minimum come behind the busy and the slow.
 *
 * @param leader the target that came first the last time: a rival has to be clearly better to take its place
 * @param chance uniform in [0, 1): one in twenty rankings lets a target lead that would not be seen otherwise
 */
export function rank(input: {
  readonly targets: readonly RankedTarget[];
  readonly settings: RankSettings;
  readonly leader: string | null;
  readonly chance: number;
}): readonly number[] {
  const { targets, settings, leader, chance } = input;
  // First tokens are compared only while nobody has answered: a target that was only pinged must not look the quickest.
  const hasAnswers = targets.some(({ score }) => score.totalP50Ms !== null);
  const latencyOf = ({ score }: RankedTarget) => (hasAnswers ? score.totalP50Ms : score.firstTokenP50Ms);
  const fastestMs = Math.min(...targets.map((target) => latencyOf(target) ?? Number.POSITIVE_INFINITY));
  const keyed = targets.map((target, index) => ({
    index,
    group: groupOf(target, settings),
    cost: costOf(target, { settings, ownMs: latencyOf(target), fastestMs, isLeader: target.name === leader }),
  }));
  const ranked = keyed
    .sort((a, b) => a.group - b.group || a.cost - b.cost || a.index - b.index)
    .map(({ index }) => index);
  return isExploring(chance) ? explored(ranked, { ...input, chance: chance / EXPLORED_SHARE }) : ranked;
}

/** With this `chance` the first of a ranking may be there only to be seen: it does not lead the next one. */
export function isExploring(chance: number): boolean {
  return chance < EXPLORED_SHARE;
}

const EXPLORED_SHARE = 0.05;

/** 0 fit, 1 busy or degraded, 2 below a minimum where cost decides, 3 not to be called. */
function groupOf(target: RankedTarget, settings: RankSettings): 0 | 1 | 2 | 3 {
  if (!target.mayBeCalled) return 3;
  if (target.awaitsProbe) return 0;
  // Among the busy and the slow it would lead by its price, and that is promised not to happen.
  if (settings.order === 'cost' && isBelowMinimum(target, settings)) return 2;
  return target.isBusy || isDegraded(target, settings) ? 1 : 0;
}

type Minimums = Pick<RankSettings, 'minimumSuccess' | 'minimumQuality'>;

export function isDegraded(target: Pick<RankedTarget, 'hasSpike' | 'score'>, minimums: Minimums): boolean {
  return target.hasSpike || isBelowMinimum(target, minimums);
}

function isBelowMinimum({ score }: Pick<RankedTarget, 'score'>, { minimumSuccess, minimumQuality }: Minimums): boolean {
  return isBelow(successRatio(score), minimumSuccess) || isBelow(qualityRatio(score), minimumQuality);
}

function isBelow(ratio: number | null, minimum: number): boolean {
  return ratio !== null && ratio < minimum;
}

/** Less is better; all alike where the order says nothing. */
function costOf(
  target: RankedTarget,
  by: {
    readonly settings: RankSettings;
    /** Null: not known. */
    readonly ownMs: number | null;
    readonly fastestMs: number;
    readonly isLeader: boolean;
  },
): number {
  const { settings, ownMs, fastestMs, isLeader } = by;
  switch (settings.order) {
    case 'listed':
      return 0;
    case 'reliability':
      return -weighted(target.score, settings.weights, speedOf(ownMs, fastestMs)) - (isLeader ? RELIABILITY_LEAD : 0);
    case 'latency':
      return (ownMs ?? fastestKnown(fastestMs)) * (isLeader ? LATENCY_LEAD : 1);
    case 'cost':
      return blendedPrice(target.price);
  }
}

/** A rival's score, of at most 1, has to be better by this much. */
const RELIABILITY_LEAD = 0.05;
/** A rival has to be faster than this part of the leader's latency. */
const LATENCY_LEAD = 0.85;

/** A target that nobody has timed yet counts as quick as the quickest: so it is timed. */
function fastestKnown(fastestMs: number): number {
  return Number.isFinite(fastestMs) ? fastestMs : 0;
}

/** From 0 to 1, for weights that add up to 1. What is not known is thought well of. */
function weighted(score: ScoreSummary, weights: ScoreWeights, speed: number): number {
  const { success, latency, quality } = weights;
  const all = success + latency + quality;
  if (all === 0) return 0;
  const sum =
    success * smoothed(score.succeeded, score.calls) +
    quality * smoothed(score.goodAnswers, score.answers) +
    latency * speed;
  return sum / all;
}

/** As if two good ones had been seen before: a single failure is no verdict. */
function smoothed(good: number, all: number): number {
  return (good + 2) / (all + 2);
}

/** 1 for the quickest, and for one that nobody has timed. */
function speedOf(ownMs: number | null, fastestMs: number): number {
  return ownMs === null || ownMs === 0 ? 1 : fastestMs / ownMs;
}

/** Of a million tokens, three in four of them input, as is usual; an unknown price is the highest. */
function blendedPrice(price: Price | undefined): number {
  return price ? (3 * price.input + price.output) / 4 : Number.POSITIVE_INFINITY;
}

/**
 * Lets one lead that gets no calls as things are: a degraded one, or one that the order has seen too little of. The
 * order `cost` has promised never to pick a target below the minimum: there, time alone makes it unknown again.
 */
function explored(
  ranked: readonly number[],
  by: { readonly targets: readonly RankedTarget[]; readonly settings: RankSettings; readonly chance: number },
): readonly number[] {
  const { targets, settings, chance } = by;
  const { order } = settings;
  if (order === 'cost') return ranked;
  const candidates = ranked.slice(1).filter((index) => {
    const target = targets[index];
    if (!target?.mayBeCalled || target.isBusy) return false;
    return isDegraded(target, settings) || (order !== 'listed' && successRatio(target.score) === null);
  });
  const chosen = candidates[Math.floor(chance * candidates.length)];
  return chosen === undefined ? ranked : [chosen, ...ranked.filter((index) => index !== chosen)];
}
