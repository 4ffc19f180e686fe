// What probability says of several models that err at known rates, and of what a measurement of it may show. Pure.

export interface Errors {
  /** Of each model, how often it errs by itself, independently of the others: no two such errors are alike. */
  readonly own: readonly number[];
  /** How often all of them give the same wrong answer, whatever they would have said by themselves. */
  readonly common: number;
  /** Answers that must be alike. At least two: a wrong answer never has company but by the common cause. */
  readonly quorum: number;
}

export interface Prediction {
  /** Of each model, how often it is right. */
  readonly singles: readonly number[];
  /** How often the quorum agrees on the right answer, */
  readonly right: number;
  /** on a wrong one, */
  readonly wrong: number;
  /** or on none. */
  readonly split: number;
}

/** By enumeration of every pattern of who errs. */
export function predict({ own, common, quorum }: Errors): Prediction {
  let right = 0;
  let split = 0;
  for (let pattern = 0; pattern < 2 ** own.length; pattern++) {
    const errs = own.map((_, model) => Math.floor(pattern / 2 ** model) % 2 === 1);
    const probability = own.reduce((product, rate, model) => product * (errs[model] ? rate : 1 - rate), 1 - common);
    if (errs.filter((each) => !each).length >= quorum) right += probability;
    else split += probability;
  }
  return { singles: own.map((rate) => (1 - common) * (1 - rate)), right, wrong: common, split };
}

/** Of shares that may be measured when the probability is this. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** Holds what is measured 99 times out of 100; each side leaves out at most half of the rest. Null without trials. */
export function intervalOf(of: { readonly probability: number; readonly trials: number }): Interval | null {
  const { probability, trials } = of;
  if (trials === 0) return null;
  const low = binomialQuantile({ probability, trials, at: (1 - CONFIDENCE) / 2 });
  const high = binomialQuantile({ probability, trials, at: 1 - (1 - CONFIDENCE) / 2 });
  return { low: low / trials, high: high / trials };
}

export const CONFIDENCE = 0.99;

/** The smallest number of successes that is not exceeded with this probability. */
function binomialQuantile(of: { readonly probability: number; readonly trials: number; readonly at: number }): number {
  const { probability, trials, at } = of;
  if (probability <= 0) return 0;
  if (probability >= 1) return trials;
  // As logarithms, since the first terms are too small for a number.
  let logTerm = trials * Math.log1p(-probability);
  let sum = Math.exp(logTerm);
  let successes = 0;
  while (sum < at && successes < trials) {
    successes++;
    logTerm += Math.log((trials - successes + 1) / successes) + Math.log(probability) - Math.log1p(-probability);
    sum += Math.exp(logTerm);
  }
  return successes;
}
