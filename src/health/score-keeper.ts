// The scores of targets in this process, with what is derived from them kept for a moment: a ranking reads many of them.

import type { ReportedScore } from '../domain/health.ts';
import type { Sample, ScoreSummary, ScoreWindow, Spike } from '../domain/score.ts';
import {
  NO_SCORE,
  NOTHING_KNOWN,
  qualityRatio,
  SLOTS,
  spikeOf,
  successRatio,
  summaryOf,
  withSample,
  withSilence,
} from '../domain/score.ts';

interface Kept {
  score: ScoreWindow;
  spike: Spike | null;
  summary: ScoreSummary;
  /** When spike and summary were derived. */
  derivedAtMs: number;
  /** A sample has come since then. */
  isChanged: boolean;
  reported: ReportedScore | null;
}

export class ScoreKeeper {
  readonly #windowMs: number;
  readonly #kept = new Map<string, Kept>();

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  add(target: string, sample: Sample): void {
    const kept = this.#kept.get(target) ?? newlyKept();
    kept.score = withSample(kept.score, sample, this.#windowMs);
    kept.isChanged = true;
    this.#kept.set(target, kept);
  }

  /**
   * A call that was cut off. Losers of races are: if only those that were quicker were timed, what counts as slow would
   * come down, and more and more calls be slow. One that was cut off before it was slow tells nothing.
   */
  addSilence(target: string, silence: { readonly atMs: number; readonly silentMs: number }): void {
    const kept = this.#derived(target, silence.atMs);
    if (!kept || silence.silentMs <= (kept.summary.totalP95Ms ?? Number.POSITIVE_INFINITY)) return;
    kept.score = withSilence(kept.score, silence, this.#windowMs);
    kept.isChanged = true;
  }

  delete(target: string): void {
    this.#kept.delete(target);
  }

  forget(isMeant: (target: string) => boolean): void {
    for (const target of this.#kept.keys()) if (isMeant(target)) this.#kept.delete(target);
  }

  summary(target: string, nowMs: number): ScoreSummary {
    return this.#derived(target, nowMs)?.summary ?? NOTHING_KNOWN;
  }

  hasSpike(target: string, nowMs: number): boolean {
    return (this.#derived(target, nowMs)?.spike ?? null) !== null;
  }

  /** Those of `targets` that differ from what was reported last, or whose report is getting old. */
  takeChanged(targets: Iterable<string>, nowMs: number): Record<string, ReportedScore> {
    const changed: Record<string, ReportedScore> = {};
    for (const target of targets) {
      const kept = this.#derived(target, nowMs);
      if (!kept || !this.#isWorthReporting(kept, nowMs)) continue;
      kept.reported = { ...kept.summary, atMs: nowMs };
      changed[target] = kept.reported;
    }
    return changed;
  }

  forgetReported(target: string): void {
    const kept = this.#kept.get(target);
    if (kept) kept.reported = null;
  }

  #derived(target: string, nowMs: number): Kept | null {
    const kept = this.#kept.get(target);
    if (!kept) return null;
    if (this.#isStale(kept, nowMs)) {
      kept.summary = summaryOf(kept.score, nowMs, this.#windowMs);
      kept.spike = spikeOf({ score: kept.score, spike: kept.spike, nowMs, windowMs: this.#windowMs });
      kept.derivedAtMs = nowMs;
      kept.isChanged = false;
    }
    return kept;
  }

  /** Without a new sample the window changes only when a slot falls out of it. */
  #isStale({ derivedAtMs, isChanged }: Kept, nowMs: number): boolean {
    const slotMs = this.#windowMs / SLOTS;
    if (Math.floor(nowMs / slotMs) !== Math.floor(derivedAtMs / slotMs)) return true;
    return isChanged && (nowMs - derivedAtMs >= this.#windowMs / DERIVED_PART || nowMs < derivedAtMs);
  }

  #isWorthReporting({ summary, reported }: Kept, nowMs: number): boolean {
    if (summary.calls === 0) return false;
    const ageMs = nowMs - (reported?.atMs ?? 0);
    if (ageMs < this.#windowMs / FRESH_PART) return false;
    return !reported || ageMs > this.#windowMs / 2 || isMaterial(reported, summary);
  }
}

/** With a window of five minutes: derived once a second, reported at most every 15 s. */
const DERIVED_PART = 300;
const FRESH_PART = 20;

function newlyKept(): Kept {
  return {
    score: NO_SCORE,
    spike: null,
    summary: NOTHING_KNOWN,
    derivedAtMs: Number.NEGATIVE_INFINITY,
    isChanged: true,
    reported: null,
  };
}

function isMaterial(before: ScoreSummary, now: ScoreSummary): boolean {
  return (
    isApart(successRatio(before), successRatio(now), 0.05) ||
    isApart(qualityRatio(before), qualityRatio(now), 0.05) ||
    isApart(before.firstTokenP50Ms, now.firstTokenP50Ms, (before.firstTokenP50Ms ?? 0) / 4) ||
    isApart(before.totalP50Ms, now.totalP50Ms, (before.totalP50Ms ?? 0) / 4)
  );
}

function isApart(before: number | null, now: number | null, by: number): boolean {
  return before === null || now === null ? before !== now : Math.abs(now - before) >= Math.max(by, Number.EPSILON);
}
