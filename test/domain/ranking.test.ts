// In which order targets are tried, by their health.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RankedTarget, RankSettings } from '../../src/domain/ranking.ts';
import { isDegraded, rank } from '../../src/domain/ranking.ts';
import type { ScoreSummary } from '../../src/domain/score.ts';
import { NOTHING_KNOWN } from '../../src/domain/score.ts';

const WEIGHTS = { success: 0.5, latency: 0.2, quality: 0.3 };

const settingsOf = (order: RankSettings['order'], more: Partial<RankSettings> = {}): RankSettings => ({
  order,
  weights: WEIGHTS,
  minimumSuccess: 0.9,
  minimumQuality: 0.9,
  ...more,
});
const score = (more: Partial<ScoreSummary> = {}): ScoreSummary => ({
  ...NOTHING_KNOWN,
  calls: 100,
  succeeded: 100,
  answers: 100,
  goodAnswers: 100,
  totalP50Ms: 1_000,
  ...more,
});
const target = (name: string, more: Partial<RankedTarget> = {}): RankedTarget => ({
  name,
  mayBeCalled: true,
  awaitsProbe: false,
  hasSpike: false,
  isBusy: false,
  score: score(),
  price: undefined,
  ...more,
});
const out = (name: string) => target(name, { mayBeCalled: false });
/** The names in their order; without exploration unless told. */
function ranked(
  order: RankSettings['order'],
  targets: readonly RankedTarget[],
  more: { readonly leader?: string; readonly chance?: number; readonly settings?: Partial<RankSettings> } = {},
): string {
  const { leader = null, chance = 0.99 } = more;
  return rank({ targets, settings: settingsOf(order, more.settings), leader, chance })
    .map((index) => targets[index]?.name)
    .join(' ');
}

const DEGRADED: readonly (readonly [string, Partial<RankedTarget>])[] = [
  ['has a latency spike', { hasSpike: true }],
  ['is below the minimum success', { score: score({ succeeded: 89 }) }],
  ['is below the minimum quality', { score: score({ goodAnswers: 89 }) }],
];

describe('the order listed', () => {
  test('is kept, whatever the scores and prices of targets that are fit', () => {
    const slow = target('a', { score: score({ totalP50Ms: 60_000, succeeded: 90 }), price: { input: 9, output: 9 } });
    expect(ranked('listed', [slow, target('b'), target('c')])).toBe('a b c');
  });

  test('puts what may not be called last, in the order listed', () => {
    expect(ranked('listed', [out('a'), target('b'), out('c'), target('d')])).toBe('b d a c');
  });

  test('is that of the list when all are out', () => {
    expect(ranked('listed', [out('a'), out('b'), out('c')])).toBe('a b c');
  });

  test.each([
    ...DEGRADED,
    ['is busy', { isBusy: true }] as const,
  ])('puts one that %s behind the fit and before those that are out', (_, more) => {
    expect(ranked('listed', [target('a', more), out('b'), target('c')])).toBe('c a b');
  });

  test('keeps one at the minimum, and one of which too little is known', () => {
    const atMinimum = target('a', { score: score({ succeeded: 90, goodAnswers: 90 }) });
    const hardlyKnown = target('b', { score: score({ calls: 4, succeeded: 0, answers: 4, goodAnswers: 0 }) });
    expect(ranked('listed', [atMinimum, hardlyKnown, target('c')])).toBe('a b c');
  });

  test('judges one that awaits its probe not by what it was before', () => {
    const back = target('a', { awaitsProbe: true, hasSpike: true, score: score({ succeeded: 0 }) });
    expect(ranked('listed', [back, target('b')])).toBe('a b');
  });

  test('goes by the minimum of the model', () => {
    const poor = target('a', { score: score({ succeeded: 60 }) });
    expect(isDegraded(poor, settingsOf('listed'))).toBe(true);
    expect(ranked('listed', [poor, target('b')], { settings: { minimumSuccess: 0.6 } })).toBe('a b');
  });
});

describe('the order reliability', () => {
  test('prefers success, then quality, then speed, by their weights', () => {
    const fails = target('fails', { score: score({ succeeded: 91 }) });
    const poor = target('poor', { score: score({ goodAnswers: 91 }) });
    const slow = target('slow', { score: score({ totalP50Ms: 1_100 }) });
    expect(ranked('reliability', [fails, poor, slow, target('good')])).toBe('good slow poor fails');
    const onlySpeed = { weights: { success: 0, latency: 1, quality: 0 } };
    expect(ranked('reliability', [slow, fails], { settings: onlySpeed })).toBe('fails slow');
  });

  test('does not take the lead for a difference of a twentieth, and does for more', () => {
    const close = [target('a', { score: score({ succeeded: 92 }) }), target('b')];
    const clear = [target('a', { score: score({ succeeded: 90, goodAnswers: 95 }) }), target('b')];
    expect(ranked('reliability', close)).toBe('b a');
    expect(ranked('reliability', close, { leader: 'a' })).toBe('a b');
    expect(ranked('reliability', clear, { leader: 'a' })).toBe('b a');
  });

  test('does not condemn a target for its first failure', () => {
    const once = target('once', { score: score({ calls: 1, succeeded: 0, answers: 0, goodAnswers: 0 }) });
    const often = target('often', { score: score({ calls: 20, succeeded: 18 }), hasSpike: false });
    expect(
      ranked('reliability', [often, once], { settings: { weights: { success: 1, latency: 0, quality: 0 } } }),
    ).toBe('often once');
    const third = target('third', { score: score({ calls: 3, succeeded: 1, answers: 0, goodAnswers: 0 }) });
    expect(ranked('reliability', [third, once])).toBe('once third');
  });

  test('thinks well of what it does not know', () => {
    expect(
      ranked('reliability', [target('a', { score: score({ succeeded: 95 }) }), target('b', { score: NOTHING_KNOWN })]),
    ).toBe('b a');
  });

  test('is that of the list when nothing has any weight', () => {
    const settings = { weights: { success: 0, latency: 0, quality: 0 } };
    expect(ranked('reliability', [target('a', { score: score({ succeeded: 91 }) }), target('b')], { settings })).toBe(
      'a b',
    );
  });
});

describe('the order latency', () => {
  const timed = (name: string, totalP50Ms: number | null, firstTokenP50Ms: number | null = null) =>
    target(name, { score: score({ totalP50Ms, firstTokenP50Ms }) });

  test('prefers the quicker', () => {
    expect(ranked('latency', [timed('a', 900), timed('b', 300), timed('c', 600)])).toBe('b c a');
  });

  test('keeps the leader until a rival is quicker by more than 15 %', () => {
    expect(ranked('latency', [timed('a', 1_000), timed('b', 851)], { leader: 'a' })).toBe('a b');
    expect(ranked('latency', [timed('a', 1_000), timed('b', 849)], { leader: 'a' })).toBe('b a');
  });

  test('takes one that nobody has timed for as quick as the quickest: so it is timed', () => {
    expect(ranked('latency', [timed('a', 900), timed('b', null), timed('c', 600)])).toBe('b c a');
    expect(ranked('latency', [timed('a', null), timed('b', null)])).toBe('a b');
  });

  test('goes by first tokens where there are no whole answers', () => {
    expect(ranked('latency', [timed('a', null, 900), timed('b', null, 300)])).toBe('b a');
  });

  test('puts a quick one that is degraded behind a slow one that is not', () => {
    expect(ranked('latency', [target('a', { hasSpike: true, score: score({ totalP50Ms: 1 }) }), timed('b', 900)])).toBe(
      'b a',
    );
  });
});

describe('the order cost', () => {
  const priced = (name: string, input: number, more: Partial<RankedTarget> = {}) =>
    target(name, { price: { input, output: 4 * input }, ...more });

  test('prefers the cheaper, and an unknown price is the highest', () => {
    expect(ranked('cost', [target('a'), priced('b', 3), priced('c', 1), target('d')])).toBe('c b a d');
  });

  test('counts three tokens of input for one of output', () => {
    const talkative = target('a', { price: { input: 1, output: 8 } });
    const listener = target('b', { price: { input: 2.5, output: 4 } });
    expect(ranked('cost', [listener, talkative])).toBe('a b');
  });

  test.each(DEGRADED)('does not lead with a cheap one that %s', (_, more) => {
    expect(ranked('cost', [priced('cheap', 1, more), priced('dear', 9)])).toBe('dear cheap');
  });

  const below: Partial<RankedTarget> = { score: score({ succeeded: 50 }) };

  test('waits for one that is busy rather than pick one below the minimum', () => {
    expect(ranked('cost', [priced('cheap', 1, below), priced('busy', 9, { isBusy: true })])).toBe('busy cheap');
    expect(ranked('cost', [priced('cheap', 1, below), priced('slow', 9, { hasSpike: true })])).toBe('slow cheap');
  });

  test('tries one below the minimum before one that is out', () => {
    expect(ranked('cost', [out('a'), priced('b', 1, below)])).toBe('b a');
  });

  test('never leads with one below the minimum while another may be called, not even by chance', () => {
    const ratio = fc.constantFrom(0, 50, 89, 90, 100);
    const anyTarget = fc.record({
      mayBeCalled: fc.boolean(),
      hasSpike: fc.boolean(),
      isBusy: fc.boolean(),
      calls: fc.constantFrom(0, 4, 5, 100),
      succeeded: ratio,
      good: ratio,
      price: fc.option(fc.record({ input: fc.nat(9), output: fc.nat(9) })),
    });
    const isBelow = ({ score: { calls, succeeded, answers, goodAnswers } }: RankedTarget) =>
      (calls >= 5 && succeeded / calls < 0.9) || (answers >= 5 && goodAnswers / answers < 0.9);
    fc.assert(
      fc.property(fc.array(anyTarget, { minLength: 1, maxLength: 6 }), fc.nat(999), fc.nat(5), (all, dice, leader) => {
        const targets = all.map(({ calls, succeeded, good, price, ...more }, index) => {
          const counts = {
            calls,
            succeeded: (calls * succeeded) / 100,
            answers: calls,
            goodAnswers: (calls * good) / 100,
          };
          return target(`t${index}`, { ...more, price: price ?? undefined, score: score(counts) });
        });
        const order = rank({ targets, settings: settingsOf('cost'), leader: `t${leader}`, chance: dice / 1_000 });
        const first = targets[order[0] ?? -1];
        const hasBetter = targets.some((one) => one.mayBeCalled && !isBelow(one));
        expect(hasBetter && first && isBelow(first)).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('any order', () => {
  test('names every target once, those that are out behind all others', () => {
    const anyTarget = fc.record({
      mayBeCalled: fc.boolean(),
      awaitsProbe: fc.boolean(),
      hasSpike: fc.boolean(),
      isBusy: fc.boolean(),
      score: fc.constantFrom(NOTHING_KNOWN, score(), score({ succeeded: 0 }), score({ totalP50Ms: 0 })),
      price: fc.constantFrom(undefined, { input: 1, output: 2 }),
    });
    const orders = fc.constantFrom('listed', 'reliability', 'latency', 'cost');
    fc.assert(
      fc.property(fc.array(anyTarget, { maxLength: 8 }), orders, fc.nat(999), (all, order, dice) => {
        const targets = all.map((more, index) => target(`t${index}`, more));
        const found = rank({ targets, settings: settingsOf(order), leader: 't0', chance: dice / 1_000 });
        expect(found.toSorted((a, b) => a - b)).toEqual(targets.map((_, index) => index));
        const isOut = found.map((index) => targets[index]?.mayBeCalled === false);
        expect(isOut).toEqual(isOut.toSorted((a, b) => Number(a) - Number(b)));
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('exploration', () => {
  /** How often each leads in a thousand rankings, by a chance that takes all values alike. */
  function leads(order: RankSettings['order'], targets: readonly RankedTarget[]): Record<string, number> {
    const counts: Record<string, number> = {};
    for (let step = 0; step < 1_000; step += 1) {
      const [first = ''] = ranked(order, targets, { chance: step / 1_000 }).split(' ');
      counts[first] = (counts[first] ?? 0) + 1;
    }
    return counts;
  }
  const unknown = (name: string) => target(name, { score: { ...NOTHING_KNOWN, totalP50Ms: 9_000 } });

  test.each(DEGRADED)('lets one that %s lead in one of twenty rankings', (_, more) => {
    expect(leads('listed', [target('a', more), target('b')])).toEqual({ a: 50, b: 950 });
  });

  test('is shared by all that need it', () => {
    const [a, b] = [target('a', { hasSpike: true }), target('b', { hasSpike: true })];
    expect(leads('listed', [a, b, target('c')])).toEqual({ a: 25, b: 25, c: 950 });
  });

  test('finds one of which the order knows too little, and changes nothing else', () => {
    expect(leads('latency', [target('a'), unknown('b')])).toEqual({ a: 950, b: 50 });
    expect(ranked('latency', [target('a'), target('b'), unknown('c')], { chance: 0.01 })).toBe('c a b');
  });

  test('is not made of one that is known and fit, nor as listed of an unknown one', () => {
    expect(leads('latency', [target('a'), target('b')])).toEqual({ a: 1_000 });
    expect(leads('listed', [target('a'), unknown('b')])).toEqual({ a: 1_000 });
  });

  test('is not made of one that is out or busy', () => {
    const busy = target('b', { isBusy: true, hasSpike: true });
    const away = target('c', { mayBeCalled: false, hasSpike: true });
    expect(leads('listed', [target('a'), busy, away])).toEqual({ a: 1_000 });
  });

  test('is not made by cost', () => {
    expect(leads('cost', [target('a'), target('b', { hasSpike: true }), unknown('c')])).toEqual({ a: 1_000 });
  });
});
