// Who has won a vote. Pure judgement over votes that have been compared already (`agreement.ts`).

import type { Agreement } from './agreement.ts';
import type { Answer } from './answer.ts';
import { modelIdentity } from './model-identity.ts';
import type { ConsensusSettings } from './model-settings.ts';
import type { Verdict, Vote } from './verdict.ts';

/** What a leg has answered. */
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
 * that agree and have equal support, the one listed first leads.
 */
export interface Tally {
  /** Indices into the votes: those that count. */
  readonly counted: readonly number[];
  readonly leader: number | null;
  readonly winner: number | null;
  /** From 0 to 1: what the leader's support weighs among the counted. */
  readonly agreement: number | null;
}

type Rules = Pick<ConsensusSettings, 'legs' | 'quorum'>;

export function tally(input: {
  readonly votes: readonly CastVote[];
  readonly agreement: Agreement;
  readonly rules: Rules;
}): Tally {
  const { votes, rules } = input;
  const counted = countedOf(input);
  const supports = supportsOf({ ...input, counted });
  const leader = leaderOf(counted, supports);
  const leading = leader === null ? undefined : supports.get(leader);
  if (leader === null || !leading) return { counted, leader: null, winner: null, agreement: null };
  const rivals = counted.filter((vote) => !leading.votes.includes(vote));
  const isHeaviest = rivals.every((rival) => (supports.get(rival)?.weight ?? 0) < leading.weight - EPSILON);
  const all = counted.reduce((sum, vote) => sum + weightOf(votes[vote], rules), 0);
  return {
    counted,
    leader,
    winner: isHeaviest && leading.votes.length >= rules.quorum ? leader : null,
    agreement: all === 0 ? null : leading.weight / all,
  };
}

/**
 * Whether the legs that have not answered yet could still change who wins: within a group of votes that agree, another
 * one may come to lead it.
 */
export function isSettled(input: {
  readonly votes: readonly CastVote[];
  readonly agreement: Agreement;
  readonly rules: Rules;
  /** Indices of the legs that may still vote. */
  readonly pending: readonly number[];
}): boolean {
  const { rules, pending } = input;
  const { counted, winner } = tally(input);
  const supports = supportsOf({ ...input, counted });
  const pendingWeight = pending.reduce((sum, leg) => sum + (rules.legs[leg]?.weight ?? 0), 0);
  const leading = winner === null ? undefined : supports.get(winner);
  if (leading) {
    const rivals = counted.filter((vote) => !leading.votes.includes(vote));
    const heaviest = Math.max(0, ...rivals.map((rival) => supports.get(rival)?.weight ?? 0));
    return heaviest + pendingWeight < leading.weight - EPSILON;
  }
  // Nobody can reach the quorum any more.
  const most = Math.max(0, ...counted.map((vote) => supports.get(vote)?.votes.length ?? 0));
  return most + pending.length < rules.quorum;
}

/** The verdict as the votes alone give it; who decides a split comes after. */
export function verdictOf(input: {
  readonly votes: readonly CastVote[];
  readonly missing: ReadonlyMap<number, MissingVote>;
  readonly agreement: Agreement;
  readonly rules: Rules;
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

const NO_VOTE = { answer: null, latencyMs: null, costUsd: null, agrees: false } as const;
const UNKNOWN_LEG: MissingVote = { standing: 'late', target: '' };

/** Sums of weights such as 0.1 are not exact. */
const EPSILON = 1e-9;

/** Readable, and of a model that no vote before it is of. */
function countedOf(input: { readonly votes: readonly CastVote[]; readonly agreement: Agreement }): readonly number[] {
  const { votes, agreement } = input;
  const heard = new Set<string>();
  const counted: number[] = [];
  for (const [index, vote] of [...votes.entries()].sort(([, a], [, b]) => a.leg - b.leg)) {
    if (!agreement.readable[index]) continue;
    const identities = identitiesOf(vote);
    if (identities.some((identity) => heard.has(identity))) continue;
    for (const identity of identities) heard.add(identity);
    counted.push(index);
  }
  return counted;
}

/** The model that was asked, and the one that says it has answered. */
export function identitiesOf({ target, answer }: Pick<CastVote, 'target' | 'answer'>): readonly string[] {
  return [modelIdentity(target), modelIdentity(answer.model)];
}

interface Support {
  readonly votes: readonly number[];
  readonly weight: number;
}

function supportsOf(input: {
  readonly votes: readonly CastVote[];
  readonly agreement: Agreement;
  readonly rules: Rules;
  readonly counted: readonly number[];
}): ReadonlyMap<number, Support> {
  const { votes, agreement, rules, counted } = input;
  return new Map(
    counted.map((vote) => {
      const supporters = counted.filter((other) => agreement.agrees[vote]?.[other]);
      return [vote, { votes: supporters, weight: sumOf(supporters.map((other) => weightOf(votes[other], rules))) }];
    }),
  );
}

function leaderOf(counted: readonly number[], supports: ReadonlyMap<number, Support>): number | null {
  let leader: number | null = null;
  for (const vote of counted) {
    const weight = supports.get(vote)?.weight ?? 0;
    if (leader === null || weight > (supports.get(leader)?.weight ?? 0) + EPSILON) leader = vote;
  }
  return leader;
}

function weightOf(vote: CastVote | undefined, { legs }: Rules): number {
  return (vote && legs[vote.leg]?.weight) ?? 0;
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
  readonly rules: Rules;
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
