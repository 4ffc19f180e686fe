// How well a target has served of late: success, quality and latency over a sliding window, and whether its latency has
// left its own recent range. Pure; times are passed in.

import type { Histogram } from './histogram.ts';
import { countOf, NO_DURATIONS, quantile, summed, withDuration } from './histogram.ts';

export interface ScoreWindow {
  /** Oldest first. */
  readonly slots: readonly ScoreSlot[];
}

interface ScoreSlot {
  readonly startMs: number;
  readonly calls: number;
  readonly succeeded: number;
  /** Answers that came, good or not. */
  readonly answers: number;
  /** Answers that were complete and of the form asked for. */
  readonly goodAnswers: number;
  readonly firstToken: Histogram;
  readonly total: Histogram;
}

/** One attempt or health ping that told something of its target. */
export interface Sample {
  readonly atMs: number;
  readonly hasSucceeded: boolean;
  /** Null: no answer came, or it was a ping, whose answer nobody judges. */
  readonly isGood: boolean | null;
  readonly firstTokenMs: number | null;
  /** Null: not a whole answer, or a ping. */
  readonly totalMs: number | null;
}

/** The window in numbers. */
export interface ScoreSummary {
  readonly calls: number;
  readonly succeeded: number;
  readonly answers: number;
  readonly goodAnswers: number;
  readonly firstTokenP50Ms: number | null;
  readonly firstTokenP95Ms: number | null;
  readonly totalP50Ms: number | null;
  readonly totalP95Ms: number | null;
}

export const NO_SCORE: ScoreWindow = { slots: [] };

export const NOTHING_KNOWN: ScoreSummary = {
  calls: 0,
  succeeded: 0,
  answers: 0,
  goodAnswers: 0,
  firstTokenP50Ms: null,
  firstTokenP95Ms: null,
  totalP50Ms: null,
  totalP95Ms: null,
};

export function withSample(score: ScoreWindow, sample: Sample, windowMs: number): ScoreWindow {
  const { atMs, hasSucceeded, isGood, firstTokenMs, totalMs } = sample;
  return withSlot(score, { atMs, windowMs }, (slot) => ({
    startMs: slot.startMs,
    calls: slot.calls + 1,
    succeeded: slot.succeeded + (hasSucceeded ? 1 : 0),
    answers: slot.answers + (isGood === null ? 0 : 1),
    goodAnswers: slot.goodAnswers + (isGood ? 1 : 0),
    firstToken: firstTokenMs === null ? slot.firstToken : withDuration(slot.firstToken, firstTokenMs),
    total: totalMs === null ? slot.total : withDuration(slot.total, totalMs),
  }));
}

/** A call that was cut off after `silentMs`: it tells only that an answer would have taken longer. */
export function withSilence(
  score: ScoreWindow,
  silence: { readonly atMs: number; readonly silentMs: number },
  windowMs: number,
): ScoreWindow {
  const { atMs, silentMs } = silence;
  return withSlot(score, { atMs, windowMs }, (slot) => ({ ...slot, total: withDuration(slot.total, silentMs) }));
}

function withSlot(
  score: ScoreWindow,
  at: { readonly atMs: number; readonly windowMs: number },
  changed: (slot: ScoreSlot) => ScoreSlot,
): ScoreWindow {
  const { atMs, windowMs } = at;
  const slotMs = windowMs / SLOTS;
  const startMs = Math.floor(atMs / slotMs) * slotMs;
  const kept = inWindow(score, atMs, windowMs);
  const last = kept.at(-1);
  if (!last || last.startMs < startMs) return { slots: [...kept, changed({ ...EMPTY_SLOT, startMs })] };
  return { slots: kept.with(kept.length - 1, changed(last)) };
}

/** The window moves on in steps of this part of it. */
export const SLOTS = 30;
const EMPTY_SLOT = {
  calls: 0,
  succeeded: 0,
  answers: 0,
  goodAnswers: 0,
  firstToken: NO_DURATIONS,
  total: NO_DURATIONS,
} as const;

export function summaryOf(score: ScoreWindow, nowMs: number, windowMs: number): ScoreSummary {
  const slots = inWindow(score, nowMs, windowMs);
  const sum = (count: (slot: ScoreSlot) => number) => slots.reduce((total, slot) => total + count(slot), 0);
  const firstToken = summed(slots.map((slot) => slot.firstToken));
  const total = summed(slots.map((slot) => slot.total));
  return {
    calls: sum((slot) => slot.calls),
    succeeded: sum((slot) => slot.succeeded),
    answers: sum((slot) => slot.answers),
    goodAnswers: sum((slot) => slot.goodAnswers),
    firstTokenP50Ms: quantile(firstToken, 0.5),
    firstTokenP95Ms: quantile(firstToken, 0.95),
    totalP50Ms: quantile(total, 0.5),
    totalP95Ms: quantile(total, 0.95),
  };
}

/** Of several windows on one target, seen by different processes. Quantiles are averaged, weighted by calls. */
export function combined(summaries: readonly ScoreSummary[]): ScoreSummary {
  const [only] = summaries;
  if (only && summaries.length === 1) return only;
  const sum = (count: (summary: ScoreSummary) => number) => summaries.reduce((total, one) => total + count(one), 0);
  const average = (value: (summary: ScoreSummary) => number | null) => {
    const known = summaries.filter((one) => value(one) !== null && one.calls > 0);
    const calls = known.reduce((total, one) => total + one.calls, 0);
    return calls === 0
      ? null
      : Math.round(known.reduce((total, one) => total + (value(one) ?? 0) * one.calls, 0) / calls);
  };
  return {
    calls: sum((one) => one.calls),
    succeeded: sum((one) => one.succeeded),
    answers: sum((one) => one.answers),
    goodAnswers: sum((one) => one.goodAnswers),
    firstTokenP50Ms: average((one) => one.firstTokenP50Ms),
    firstTokenP95Ms: average((one) => one.firstTokenP95Ms),
    totalP50Ms: average((one) => one.totalP50Ms),
    totalP95Ms: average((one) => one.totalP95Ms),
  };
}

/** Share of calls that succeeded, or null with too few of them to say. */
export function successRatio({ calls, succeeded }: ScoreSummary): number | null {
  return calls < MINIMUM_SAMPLES ? null : succeeded / calls;
}

/** Share of the answers that were complete and of the form asked for, or null with too few of them to say. */
export function qualityRatio({ answers, goodAnswers }: ScoreSummary): number | null {
  return answers < MINIMUM_SAMPLES ? null : goodAnswers / answers;
}

/** How long an answer takes at most, but for the slowest twentieth, or null with too few of them to say. */
export function recentP95Ms({ answers, totalP95Ms }: ScoreSummary): number | null {
  return answers < MINIMUM_SAMPLES ? null : totalP95Ms;
}

const MINIMUM_SAMPLES = 5;

/**
 * A latency spike: the first tokens (or whole answers, where a target gives no first tokens) of the last tenth of the
 * window take longer, in the middle, than `limitMs`, which is half again the 95th percentile of the window before.
 */
export interface Spike {
  readonly sinceMs: number;
  readonly limitMs: number;
}

/**
 * The spike as it stands now, or null. One that has begun ends when calls are within its limit again. A target that is
 * ranked down for it may get nothing but pings, too few to tell: after a window one of them is enough, or none at all.
 */
export function spikeOf(input: {
  readonly score: ScoreWindow;
  readonly spike: Spike | null;
  readonly nowMs: number;
  readonly windowMs: number;
}): Spike | null {
  const { score, spike, nowMs, windowMs } = input;
  const slots = inWindow(score, nowMs, windowMs);
  const recentMs = nowMs - windowMs / RECENT_PART;
  const recent = latenciesOf(slots.filter((slot) => slot.startMs > recentMs));
  const middleMs = quantile(recent, 0.5);
  if (spike) {
    const isWithin = middleMs === null || middleMs <= spike.limitMs;
    const hasEnough = countOf(recent) >= ENOUGH_TO_END || nowMs - spike.sinceMs > windowMs;
    return isWithin && hasEnough ? null : spike;
  }
  const before = latenciesOf(slots.filter((slot) => slot.startMs <= recentMs));
  if (countOf(recent) < ENOUGH_TO_BEGIN || countOf(before) < ENOUGH_BEFORE) return null;
  const limitMs = (quantile(before, 0.95) ?? 0) * SPIKE_FACTOR;
  return middleMs !== null && middleMs > limitMs ? { sinceMs: nowMs, limitMs } : null;
}

const RECENT_PART = 10;
const ENOUGH_TO_BEGIN = 5;
const ENOUGH_TO_END = 3;
const ENOUGH_BEFORE = 20;
const SPIKE_FACTOR = 1.5;

function latenciesOf(slots: readonly ScoreSlot[]): Histogram {
  const firstToken = summed(slots.map((slot) => slot.firstToken));
  return countOf(firstToken) > 0 ? firstToken : summed(slots.map((slot) => slot.total));
}

function inWindow({ slots }: ScoreWindow, nowMs: number, windowMs: number): readonly ScoreSlot[] {
  return slots.filter((slot) => slot.startMs > nowMs - windowMs);
}
