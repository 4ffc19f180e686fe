// Who has won a vote, whose vote counts, and when the rest can change nothing any more.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Agreement } from '../../src/domain/agreement.ts';
import { agreementOfGroups } from '../../src/domain/agreement.ts';
import type { Compare } from '../../src/domain/model-settings.ts';
import type { CastVote } from '../../src/domain/consensus.ts';
import { isSettled, tally, verdictOf } from '../../src/domain/consensus.ts';

const vote = (leg: number, more: { target?: string; model?: string } = {}): CastVote => {
  const { target = `p${leg}/model${'abcdefgh'[leg]}`, model = target.split('/')[1] ?? '' } = more;
  const answer = {
    text: 'x',
    refusal: null,
    toolCalls: [],
    finishReason: { unified: 'stop' as const, raw: 'stop' },
    usage: null,
    model,
  };
  return { leg, target, answer, latencyMs: 1, costUsd: null };
};
const votesOf = (count: number) => Array.from({ length: count }, (_, leg) => vote(leg));
const lettersOf = (groups: string) => groups.split('');
const rules = (quorum: number, ...weights: readonly number[]) => ({
  quorum,
  compare: { type: 'exact' } as Compare,
  legs: weights.map((weight, index) => ({ targets: [index], weight })),
});
/** `AAB`: the first two agree. A dot is a leg without a vote. */
const stand = (groups: string, options: { quorum?: number; weights?: readonly number[] } = {}) => {
  const { quorum = 2, weights = lettersOf(groups).map(() => 1) } = options;
  const votes = lettersOf(groups).flatMap((group, leg) => (group === '.' ? [] : [vote(leg)]));
  const letters = lettersOf(groups).filter((group) => group !== '.');
  const byLetter = [...new Set(letters)].map((letter) =>
    letters.flatMap((other, index) => (other === letter ? [index] : [])),
  );
  return { votes, agreement: agreementOfGroups(byLetter, votes.length), rules: rules(quorum, ...weights) };
};
/** Pairs that agree, beside each vote with itself. */
const chained = (count: number, ...pairs: readonly (readonly [number, number])[]): Agreement => ({
  readable: Array.from({ length: count }, () => true),
  agrees: Array.from({ length: count }, (_, a) =>
    Array.from(
      { length: count },
      (__, b) => a === b || pairs.some(([x, y]) => (x === a && y === b) || (x === b && y === a)),
    ),
  ),
});

describe('the winner', () => {
  test.each([
    ['AAA', 2, 0],
    ['AAB', 2, 0],
    ['ABB', 2, 1],
    ['ABC', 2, null],
    ['AAB', 3, null],
    ['AABB', 2, null],
    ['AABBB', 2, 2],
    ['AABBC', 2, null],
    ['A..', 2, null],
    ['AA.', 2, 0],
  ] as const)('of %s with a quorum of %d is vote %s', (groups, quorum, winner) => {
    expect(tally(stand(groups, { quorum })).winner).toBe(winner);
  });

  test('a tie is split, whatever the order', () => {
    expect(tally(stand('ABAB')).winner).toBeNull();
    expect(tally(stand('BBAA')).winner).toBeNull();
  });

  test('weights decide between groups of a quorum, and a heavier dissent prevents a winner', () => {
    expect(tally(stand('AABB', { weights: [1, 1, 2, 1] })).winner).toBe(2);
    expect(tally(stand('ABB', { weights: [3, 1, 1] })).winner).toBeNull();
    expect(tally(stand('ABB', { weights: [1, 1, 1] })).winner).toBe(1);
  });

  test('weights never make a quorum of a single vote', () => {
    expect(tally(stand('ABC', { weights: [100, 1, 1] })).winner).toBeNull();
  });

  test('of A≈B and B≈C with A≠C is B, with all three', () => {
    const standing = tally({ votes: votesOf(3), agreement: chained(3, [0, 1], [1, 2]), rules: rules(2, 1, 1, 1) });
    expect(standing).toMatchObject({ leader: 1, winner: 1, agreement: 1 });
  });

  test('of votes that agree and have equal support is the one listed first', () => {
    expect(
      tally({ votes: votesOf(4), agreement: chained(4, [0, 1], [1, 2], [2, 3]), rules: rules(2, 1, 1, 1, 1) }).winner,
    ).toBe(1);
  });

  test('is the same in whatever order the votes came in', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('A', 'B', 'C'), { minLength: 3, maxLength: 7 }),
        fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 7, maxLength: 7 }),
        fc.infiniteStream(fc.nat()),
        (groups, weights, chance) => {
          const inOrder = stand(groups.join(''), { weights: weights.slice(0, groups.length) });
          const order = inOrder.votes
            .map((_, index) => index)
            .sort(() => ((chance.next().value ?? 0) % 2 === 0 ? 1 : -1));
          const shuffled = {
            ...inOrder,
            votes: order.flatMap((index) => inOrder.votes[index] ?? []),
            agreement: {
              readable: order.map(() => true),
              agrees: order.map((a) => order.map((b) => inOrder.agreement.agrees[a]?.[b] ?? false)),
            },
          };
          const legOf = (standing: typeof inOrder) => {
            const { winner } = tally(standing);
            return winner === null ? null : standing.votes[winner]?.leg;
          };
          expect(legOf(shuffled)).toBe(legOf(inOrder));
        },
      ),
    );
  });

  test('has, with equal weights, strictly more votes behind it than any other', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('A', 'B', 'C', 'D'), { minLength: 3, maxLength: 9 }), (groups) => {
        const { winner } = tally(stand(groups.join('')));
        const counts = new Map<string, number>();
        for (const group of groups) counts.set(group, (counts.get(group) ?? 0) + 1);
        const sorted = [...counts.values()].sort((a, b) => b - a);
        const hasWinner = (sorted[0] ?? 0) >= 2 && (sorted[0] ?? 0) > (sorted[1] ?? 0);
        expect(winner !== null).toBe(hasWinner);
        if (winner !== null) expect(counts.get(groups[winner] ?? '')).toBe(sorted[0]);
      }),
    );
  });
});

describe('a vote counts once', () => {
  const all = (votes: readonly CastVote[]) => ({
    votes,
    agreement: agreementOfGroups([votes.map((_, index) => index)], votes.length),
  });

  test('when two legs came to one model by failover', () => {
    const votes = [vote(0), vote(1, { target: 'eu/modela' }), vote(2)];
    const verdict = verdictOf({ ...all(votes), missing: new Map(), rules: rules(3, 1, 1, 1) });
    expect(verdict.votes.map(({ standing }) => standing)).toEqual(['counted', 'same-model', 'counted']);
    expect(verdict.outcome).toBe('inconclusive');
  });

  test('when two names turn out to be served by one model', () => {
    const votes = [vote(0, { model: 'served-2025-01-01' }), vote(1, { model: 'served' }), vote(2)];
    const verdict = verdictOf({ ...all(votes), missing: new Map(), rules: rules(2, 1, 1, 1) });
    expect(verdict.votes.map(({ standing }) => standing)).toEqual(['counted', 'same-model', 'counted']);
    expect(verdict).toMatchObject({ outcome: 'agreed', winner: 0, agreement: 1 });
    expect(verdict.votes.map(({ agrees }) => agrees)).toEqual([true, false, true]);
  });

  test('and it is the one that was cast first', () => {
    const votes = [vote(1), vote(2, { target: 'p2/modelc' }), vote(0, { model: 'modelb' })];
    const verdict = verdictOf({ ...all(votes), missing: new Map(), rules: rules(2, 1, 1, 1) });
    expect(verdict.votes.map(({ standing }) => standing)).toEqual(['same-model', 'counted', 'counted']);
    expect(verdict.winner).toBe(1);
  });

  test('and not at all when there is nothing in it to compare', () => {
    const votes = votesOf(3);
    const agreement = {
      readable: [true, false, true],
      agrees: [
        [true, false, true],
        [false, false, false],
        [true, false, true],
      ],
    };
    const verdict = verdictOf({ votes, agreement, missing: new Map(), rules: rules(2, 1, 1, 1) });
    expect(verdict.votes[1]).toMatchObject({ standing: 'unreadable', agrees: false });
    expect(verdict.because).toContain('nothing in it can be compared');
  });
});

describe('the verdict', () => {
  const verdict = (groups: string, quorum = 2) =>
    verdictOf({
      ...stand(groups, { quorum }),
      missing: new Map(
        lettersOf(groups).flatMap((group, leg) =>
          group === '.' ? [[leg, { standing: 'failed' as const, target: `p${leg}/x` }]] : [],
        ),
      ),
    });

  test.each([
    ['AAB', 'agreed', 2 / 3],
    ['ABC', 'split', 1 / 3],
    ['A..', 'inconclusive', 1],
    ['...', 'inconclusive', null],
    ['AA.', 'agreed', 1],
    ['AB.', 'split', 1 / 2],
  ])('of %s is %s', (groups, outcome, agreement) => {
    expect(verdict(groups)).toMatchObject({ outcome, agreement });
  });

  test('names every leg, who agrees, and who is missing', () => {
    const { votes, because, winner, decidedBy } = verdict('A.A');
    expect(votes.map(({ standing, agrees }) => [standing, agrees])).toEqual([
      ['counted', true],
      ['failed', false],
      ['counted', true],
    ]);
    expect({ winner, decidedBy }).toEqual({ winner: 0, decidedBy: 'votes' });
    expect(because).toBe('2 of 2 votes agree: p0/modela, p2/modelc. Without a vote that counts: p1/x (failed).');
  });
});

describe('the rest can change nothing', () => {
  test.each([
    ['AA.', 2, true],
    ['AB.', 2, false],
    ['A..', 2, false],
    ['AA...', 2, false],
    ['AAA..', 2, true],
    ['AAA..', 3, true],
    ['AB.', 3, true],
    ['ABC..', 2, false],
    ['ABCD.', 3, true],
    ['...', 2, false],
  ])('of %s with a quorum of %d: %s', (groups, quorum, expected) => {
    const pending = lettersOf(groups).flatMap((group, leg) => (group === '.' ? [leg] : []));
    expect(isSettled({ ...stand(groups, { quorum }), pending })).toBe(expected);
  });

  describe('where agreement is not transitive', () => {
    const near = { type: 'number', relativeTolerance: 0.1 } as Compare;
    const settled = (input: {
      count: number;
      pairs?: readonly (readonly [number, number])[];
      pending: readonly number[];
      quorum: number;
      weights?: readonly number[];
    }) => {
      const {
        count,
        pairs = [],
        pending,
        quorum,
        weights = Array.from({ length: count + pending.length }, () => 1),
      } = input;
      return isSettled({
        votes: votesOf(count),
        agreement: chained(count, ...pairs),
        rules: { ...rules(quorum, ...weights), compare: near },
        pending,
      });
    };

    test('two of three that agree have an answer, whatever the third says', () => {
      expect(settled({ count: 2, pairs: [[0, 1]], pending: [2], quorum: 2 })).toBe(true);
    });

    test('two that differ may both agree with the third', () => {
      expect(settled({ count: 2, pending: [2], quorum: 3 })).toBe(false);
      expect(settled({ count: 2, pending: [2], quorum: 2 })).toBe(false);
    });

    test('a heavy vote to come may outweigh them', () => {
      expect(settled({ count: 2, pairs: [[0, 1]], pending: [2], quorum: 2, weights: [1, 1, 3] })).toBe(false);
    });

    test('nobody can reach a quorum of more votes than there are', () => {
      expect(settled({ count: 1, pending: [1], quorum: 3 })).toBe(true);
    });

    test('with too many ways to go on nothing is taken for settled', () => {
      expect(
        settled({
          count: 3,
          pairs: [
            [0, 1],
            [1, 2],
            [0, 2],
          ],
          pending: [3, 4, 5],
          quorum: 2,
        }),
      ).toBe(false);
    });
  });

  test('is true only when no way of voting on would bring another outcome', () => {
    const letters = ['A', 'B', 'C', 'D', 'E', 'F'];
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...letters.slice(0, 3)), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 2 }),
        fc.integer({ min: 2, max: 4 }),
        (cast, open, quorum) => {
          const now = cast.join('') + '.'.repeat(open);
          const pending = Array.from({ length: open }, (_, index) => cast.length + index);
          if (!isSettled({ ...stand(now, { quorum }), pending })) return;
          const winnerOf = (groups: string) => {
            const { winner } = tally(stand(groups, { quorum }));
            return winner === null ? null : groups[winner];
          };
          const before = winnerOf(now);
          const endings = open === 1 ? letters : letters.flatMap((a) => letters.map((b) => a + b));
          for (const ending of endings) expect(winnerOf(cast.join('') + ending)).toBe(before);
        },
      ),
    );
  });
});
