// The figures of the scenario `accuracy` beside what probability says of them, and the case in which a vote is worse than
// the best of the voters. Pure.

import type { Cost } from './questions.ts';
import { verdict } from './report.ts';
import type { ScenarioReport } from './scenario.ts';
import { CONFIDENCE, type Errors, type Interval, intervalOf, type Prediction, predict } from './voting.ts';

export interface AccuracyCase {
  readonly name: 'independent' | 'correlated';
  readonly errors: Errors;
}

/** What came of all documents. */
export interface Tally extends Cost {
  readonly right: number;
  readonly wrong: number;
  /** Of a consensus alone. */
  readonly split: number;
}

export interface CaseFigures extends AccuracyCase {
  readonly singles: readonly Tally[];
  readonly consensus: Tally;
}

/** A share that was measured, beside its probability. */
export interface Checked {
  readonly label: string;
  readonly measured: number | null;
  readonly probability: number;
  /** Where 99 of 100 measurements lie. */
  readonly interval: Interval | null;
  readonly isWithin: boolean | null;
}

export function reportOf(measured: {
  readonly cases: readonly CaseFigures[];
  readonly documents: number;
  readonly models: readonly string[];
}): ScenarioReport {
  const { cases, documents, models } = measured;
  const checked = cases.map((each) => ({ each, checks: checksOf(each, { documents, models }) }));
  const isMet = checked.every(({ checks }) => checks.every(({ isWithin }) => isWithin !== false));
  const worse = worseThanTheBest();
  return {
    name: 'accuracy',
    sections: [
      `${documents} extractions by three models that err at known rates, and by their consensus, with a quorum of two`,
      ...checked.flatMap(({ each, checks }) => [
        descriptionOf(each, models),
        tableOf(checks),
        costTableOf(each, { documents, models }),
      ]),
      `Each measurement where ${CONFIDENCE * 100} of 100 would lie by probability: ${verdict(isMet)}.`,
      worse.line,
    ],
    figures: {
      documents,
      cases: checked.map(({ each, checks }) => ({ ...each, checks })),
      targets: { withinIntervals: isMet },
      worseThanTheBest: worse.figures,
    },
  };
}

function checksOf(
  { errors, singles, consensus }: CaseFigures,
  about: { readonly documents: number; readonly models: readonly string[] },
): readonly Checked[] {
  const { documents, models } = about;
  const expected = predict(errors);
  const answered = consensus.right + consensus.wrong;
  const ofAll = (label: string, count: number, probability: number) =>
    check({ label, count, trials: documents, probability });
  return [
    ...singles.map(({ right }, index) =>
      ofAll(`${models[index]}: right`, right, expected.singles[index] ?? Number.NaN),
    ),
    ofAll('consensus: right', consensus.right, expected.right),
    ofAll('consensus: agreed (coverage)', answered, expected.right + expected.wrong),
    ofAll('consensus: agreed, but wrong', consensus.wrong, expected.wrong),
    check({
      label: 'consensus: right, of those agreed',
      count: consensus.right,
      trials: answered,
      probability: ofAgreed(expected),
    }),
  ];
}

function ofAgreed({ right, wrong }: Prediction): number {
  return right / (right + wrong);
}

function check(of: {
  readonly label: string;
  readonly count: number;
  readonly trials: number;
  readonly probability: number;
}): Checked {
  const { label, count, trials, probability } = of;
  const interval = intervalOf({ probability, trials });
  const measured = trials === 0 ? null : count / trials;
  const isWithin = measured === null || interval === null ? null : isIn(interval, measured);
  return { label, measured, probability, interval, isWithin };
}

/** Both are counts over the same number of trials, and so equal where they mean the same. */
function isIn({ low, high }: Interval, share: number): boolean {
  return share >= low && share <= high;
}

function descriptionOf({ name, errors }: CaseFigures, models: readonly string[]): string {
  const own = errors.own.map((rate, index) => `${models[index]} ${percent(rate)}`).join(', ');
  const common = errors.common > 0 ? `; and with ${percent(errors.common)} all give the same wrong answer` : '';
  return `Errors that are ${name}: ${own}${common}`;
}

function tableOf(checks: readonly Checked[]): readonly (readonly string[])[] {
  return [
    ['share of answers', 'measured', 'by probability', `${CONFIDENCE * 100} % interval`, 'within'],
    ...checks.map(({ label, measured, probability, interval, isWithin }) => [
      label,
      measured === null ? 'none' : percent(measured),
      percent(probability),
      interval === null ? 'none' : `${percent(interval.low)} to ${percent(interval.high)}`,
      isWithin === null ? 'unknown' : isWithin ? 'yes' : 'no',
    ]),
  ];
}

function costTableOf(
  { singles, consensus }: CaseFigures,
  about: { readonly documents: number; readonly models: readonly string[] },
): readonly (readonly string[])[] {
  const { documents, models } = about;
  const row = (label: string, { knownUsd, callsOfUnknownCost, right }: Tally) => [
    label,
    ((knownUsd * 1000) / documents).toFixed(3),
    right === 0 ? 'none' : ((knownUsd * 1000) / right).toFixed(3),
    String(callsOfUnknownCost),
  ];
  return [
    ['cost', 'USD per 1000 questions', 'USD per 1000 right answers', 'calls of unknown cost'],
    ...singles.map((single, index) => row(models[index] ?? '', single)),
    row('consensus', consensus),
  ];
}

/** From the formula alone: with one good and two bad voters, the vote throws away what the good one knows. */
function worseThanTheBest() {
  const errors: Errors = { own: [0.02, 0.3, 0.3], common: 0, quorum: 2 };
  const { singles, right, split } = predict(errors);
  const best = Math.max(...singles);
  const rates = errors.own.map(percent).join(', ');
  return {
    line:
      `By the formula alone, a vote can be worse than the best voter: with independent error rates of ${rates} two of three ` +
      `agree on the right answer for ${percent(right)} of the questions and split on ${percent(split)}, while the best ` +
      `model alone is right for ${percent(best)}.`,
    figures: { errors, right, split, best },
  };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
