// Who has won a vote. Pure judgement over votes that have been compared already (`agreement.ts`).

import type { Agreement } from './agreement.ts';
import type { Answer } from './answer.ts';
import { modelIdentity } from './model-identity.ts';
import type { Compare, ConsensusSettings } from './model-settings.ts';
import type { Verdict, Vote } from './verdict.ts';
import { outweighs } from './weight.ts';

/** What a leg has answered. Lists of them are in the order in which they were cast. */
export interface CastVote {
  /** Index of the leg. */
  readonly leg: number;
  /** `provider/model` that was asked. */
  readonly target: string;
  readonly answer: Answer;
  readonly latencyMs: number;
  readonly costUsd: number | null;
}

/** A leg that has not voted. */
export interface MissingVote {
  readonly standing: 'failed' | 'late';
  readonly target: string;
}

/**
 * Where the vote stands. A vote's support are the counted votes that agree with it, itself included. The leader is the
 * vote whose support weighs most, and wins when its support is at least a quorum of votes and weighs more than that of
 * every vote which does not agree with it: weights choose between groups, and never make a quorum of a single vote.
 * Where agreement is not transitive (A agrees with B and B with C, but A not with C) B leads with all three. Of votes
 * with equal support the one listed first leads.
 */
export interface Tally {
  /** Indices into the votes: those that count. */
  readonly counted: readonly number[];
  readonly leader: number | null;
  readonly winner: number | null;
  /** From 0 to 1: what the leader's support weighs among the counted. */
  readonly agreement: number | null;
}

type Rules = Pick<ConsensusSettings, 'legs' | 'quorum' | 'compare'>;

export function tally(input: {
  readonly votes: readonly CastVote[];
  readonly agreement: Agreement;
  readonly rules: Pick<Rules, 'legs' | 'quorum'>;
}): Tally {
  const counted = countedOf(input);
  const { weights, agrees } = electorateOf(input, counted);
  const { leader, winner, support } = standingsOf({ weights, agrees, quorum: input.rules.quorum });
  const all = sumOf(weights);
  return {
    counted,
    leader: leader === null ? null : (counted[leader] ?? null),
    winner: winner === null ? null : (counted[winner] ?? null),
    agreement: leader === null || all === 0 ? null : (support[leader] ?? 0) / all,
  };
}

/**
 * Whether the legs that have not answered yet can change nothing any more: whatever they say, the answer is that of the
 * winner or of a vote that agrees with it, or there is none in any case.
 */
export function isSettled(input: {
  readonly votes: readonly CastVote[];
  readonly agreement: Agreement;
  readonly rules: Rules;
  /** Indices of the legs that may still vote. */
  readonly pending: readonly number[];
}): boolean {
  const { rules, pending } = input;
  const { quorum, legs, compare } = rules;
  const counted = countedOf(input);
  const now = electorateOf(input, counted);
  const { winner, support, votes } = standingsOf({ ...now, quorum });
  const pendingWeights = pending.map((leg) => legs[leg]?.weight ?? 0);
  if (!isTransitive(compare)) return isSettledInAnyCase({ now, winner, quorum, pendingWeights });
  // Whoever comes joins one group, or begins another.
  if (winner === null) return Math.max(0, ...votes) + pending.length < quorum;
  const rivals = support.filter((_, vote) => !now.agrees[winner]?.[vote]);
  return outweighs(support[winner] ?? 0, Math.max(0, ...rivals) + sumOf(pendingWeights));
}

/** A vote to come may agree with any of the others, whether these agree with each other or not: every case is tried. */
function isSettledInAnyCase(input: {
  readonly now: Electorate;
  readonly winner: number | null;
  readonly quorum: number;
  readonly pendingWeights: readonly number[];
}): boolean {
  const { now, winner, quorum, pendingWeights } = input;
  const weights = [...now.weights, ...pendingWeights];
  const open = pendingWeights.flatMap((_, index) => {
    const vote = now.weights.length + index;
    return weights.slice(0, vote).map((__, other) => [vote, other] as const);
  });
  if (open.length > MAX_OPEN_PAIRS) return false;
  for (let bits = 0; bits < 2 ** open.length; bits++) {
    const agrees = weights.map((_, a) => weights.map((__, b) => a === b || now.agrees[a]?.[b] === true));
    for (const [place, [a, b]] of open.entries()) {
      const areAlike = Math.floor(bits / 2 ** place) % 2 === 1;
      for (const [row, column] of [
        [a, b],
        [b, a],
      ] as const) {
        const cells = agrees[row];
        if (cells) cells[column] = areAlike;
      }
    }
    const then = standingsOf({ weights, agrees, quorum }).winner;
    const isSame = winner === null ? then === null : then !== null && agrees[winner]?.[then] === true;
    if (!isSame) return false;
  }
  return true;
}

/** 256 cases: three votes and two to come, or eight and one. */
const MAX_OPEN_PAIRS = 8;

/** The verdict as the votes alone give it; who decides a split comes after. */
export function verdictOf(input: {
  readonly votes: readonly CastVote[];
  readonly missing: ReadonlyMap<number, MissingVote>;
  readonly agreement: Agreement;
  readonly rules: Pick<Rules, 'legs' | 'quorum'>;
}): Verdict {
  const { votes, missing, agreement, rules } = input;
  const { counted, winner, agreement: share } = tally(input);
  const outcome = counted.length < rules.quorum ? 'inconclusive' : winner === null ? 'split' : 'agreed';
  const shown = rules.legs.map((leg, index): Vote => {
    const vote = votes.findIndex((cast) => cast.leg === index);
    const cast = votes[vote];
    if (!cast) return { ...NO_VOTE, ...(missing.get(index) ?? UNKNOWN_LEG), weight: leg.weight };
    const standing = standingOf({ vote, counted, agreement });
    const agrees = winner !== null && standing === 'counted' && agreement.agrees[winner]?.[vote] === true;
    const { target, answer, latencyMs, costUsd } = cast;
    return { standing, target, answer, weight: leg.weight, latencyMs, costUsd, agrees };
  });
  return {
    outcome,
    decidedBy: winner === null ? null : 'votes',
    quorum: rules.quorum,
    votes: shown,
    winner: winner === null ? null : (votes[winner]?.leg ?? null),
    agreement: share,
    fields: null,
    openFields: [],
    because: reasonFor({ outcome, counted, votes: shown, rules }),
  };
}

/** The votes of a verdict as they stand to the vote of `leg`, whoever has chosen it. */
export function agreeingWith(input: {
  readonly votes: readonly Vote[];
  readonly cast: readonly CastVote[];
  readonly leg: number;
  readonly agreement: Agreement;
}): readonly Vote[] {
  const { votes, cast, leg, agreement } = input;
  const indexOf = (wanted: number) => cast.findIndex((vote) => vote.leg === wanted);
  const agreesWithIt = agreement.agrees[indexOf(leg)];
  return votes.map((vote, index) => ({ ...vote, agrees: agreesWithIt?.[indexOf(index)] === true }));
}

const NO_VOTE = { answer: null, latencyMs: null, costUsd: null, agrees: false } as const;
const UNKNOWN_LEG: MissingVote = { standing: 'late', target: '' };

/** Readable, and of a model that no vote cast before it is of; in the order of the legs. */
function countedOf(input: { readonly votes: readonly CastVote[]; readonly agreement: Agreement }): readonly number[] {
  const { votes, agreement } = input;
  const readable = independent(votes, (index) => agreement.readable[index] === true);
  return [...readable].sort((a, b) => (votes[a]?.leg ?? 0) - (votes[b]?.leg ?? 0));
}

/** Of votes of the same model only the one that was cast first. */
export function independent(
  votes: readonly CastVote[],
  isReadable: (index: number) => boolean = () => true,
): readonly number[] {
  const heard = new Set<string>();
  const counted: number[] = [];
  for (const [index, vote] of votes.entries()) {
    const identities = identitiesOf(vote);
    if (!isReadable(index) || identities.some((identity) => heard.has(identity))) continue;
    for (const identity of identities) heard.add(identity);
    counted.push(index);
  }
  return counted;
}

/** The model that was asked, and the one that says it has answered. */
export function identitiesOf({ target, answer }: Pick<CastVote, 'target' | 'answer'>): readonly string[] {
  return [modelIdentity(target), modelIdentity(answer.model)];
}

/** The votes that count, by themselves. */
interface Electorate {
  readonly weights: readonly number[];
  readonly agrees: readonly (readonly boolean[])[];
}

function electorateOf(
  input: { readonly votes: readonly CastVote[]; readonly agreement: Agreement; readonly rules: Pick<Rules, 'legs'> },
  counted: readonly number[],
): Electorate {
  const { votes, agreement, rules } = input;
  return {
    weights: counted.map((vote) => rules.legs[votes[vote]?.leg ?? -1]?.weight ?? 0),
    agrees: counted.map((vote) => counted.map((other) => agreement.agrees[vote]?.[other] === true)),
  };
}

interface Standings {
  readonly leader: number | null;
  readonly winner: number | null;
  /** What each vote's support weighs, and how many votes it is. */
  readonly support: readonly number[];
  readonly votes: readonly number[];
}

function standingsOf({ weights, agrees, quorum }: Electorate & { readonly quorum: number }): Standings {
  const support = agrees.map((others) => sumOf(weights.filter((_, other) => others[other])));
  const votes = agrees.map((others) => others.filter(Boolean).length);
  let leader: number | null = null;
  for (const [vote, weight] of support.entries()) {
    if (leader === null || outweighs(weight, support[leader] ?? 0)) leader = vote;
  }
  if (leader === null) return { leader, winner: null, support, votes };
  const [leading, own] = [support[leader] ?? 0, agrees[leader]];
  const isHeaviest = support.every((weight, vote) => own?.[vote] || outweighs(leading, weight));
  return { leader, winner: isHeaviest && (votes[leader] ?? 0) >= quorum ? leader : null, support, votes };
}

/** Whether two votes that agree with a third one agree with each other. */
function isTransitive(compare: Compare): boolean {
  switch (compare.type) {
    case 'exact':
    case 'judge':
      return true;
    case 'number':
      return compare.relativeTolerance === 0;
    case 'text':
      return compare.similarity === 1;
    case 'json':
      return (
        [compare, ...Object.values(compare.fields)].every(
          ({ relativeTolerance = 0, similarity = 1 }) => relativeTolerance === 0 && similarity === 1,
        ) && compare.threshold === 1
      );
  }
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

function standingOf(input: {
  readonly vote: number;
  readonly counted: readonly number[];
  readonly agreement: Agreement;
}): Vote['standing'] {
  const { vote, counted, agreement } = input;
  if (counted.includes(vote)) return 'counted';
  return agreement.readable[vote] ? 'same-model' : 'unreadable';
}

/** For people: who agrees, and what is missing. Never an answer. */
function reasonFor(told: {
  readonly outcome: Verdict['outcome'];
  readonly counted: readonly number[];
  readonly votes: readonly Vote[];
  readonly rules: Pick<Rules, 'quorum'>;
}): string {
  const { outcome, counted, votes, rules } = told;
  const uncounted = votes
    .filter(({ standing }) => standing !== 'counted')
    .map(({ target, standing }) => `${target} (${STANDINGS[standing]})`);
  const without = uncounted.length === 0 ? '' : ` Without a vote that counts: ${uncounted.join(', ')}.`;
  if (outcome === 'inconclusive') {
    return `${counted.length} of ${votes.length} votes count, and ${rules.quorum} have to agree.${without}`;
  }
  if (outcome === 'split') {
    return `Of ${counted.length} votes no ${rules.quorum} agree that outweigh all others.${without}`;
  }
  const agreeing = votes.filter(({ agrees }) => agrees).map(({ target }) => target);
  return `${agreeing.length} of ${counted.length} votes agree: ${agreeing.join(', ')}.${without}`;
}

const STANDINGS: Readonly<Record<Vote['standing'], string>> = {
  counted: 'counted',
  'same-model': 'its model has voted already',
  unreadable: 'nothing in it can be compared',
  failed: 'failed',
  late: 'came too late',
};
