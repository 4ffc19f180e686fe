// Durations counted in buckets whose width grows with them: quantiles of any number of them in constant space, each at
// most an eighth too large. Pure.

/** Counts by bucket; a missing one is 0. */
export type Histogram = readonly number[];

export const NO_DURATIONS: Histogram = [];

export function withDuration(histogram: Histogram, durationMs: number): Histogram {
  const bucket = bucketOf(durationMs);
  const counts = histogram.slice();
  while (counts.length <= bucket) counts.push(0);
  counts[bucket] = (counts[bucket] ?? 0) + 1;
  return counts;
}

export function summed(histograms: readonly Histogram[]): Histogram {
  const sum: number[] = [];
  for (const histogram of histograms) {
    for (let bucket = 0; bucket < histogram.length; bucket++) {
      sum[bucket] = (sum[bucket] ?? 0) + (histogram[bucket] ?? 0);
    }
  }
  return sum;
}

export function countOf(histogram: Histogram): number {
  let count = 0;
  for (const inBucket of histogram) count += inBucket;
  return count;
}

/** The duration that a share `q` of them does not exceed, in milliseconds; null when there is none. */
export function quantile(histogram: Histogram, q: number): number | null {
  const wanted = Math.ceil(countOf(histogram) * q);
  if (wanted === 0) return null;
  let seen = 0;
  for (let bucket = 0; bucket < histogram.length; bucket++) {
    seen += histogram[bucket] ?? 0;
    if (seen >= wanted) return upperMs(bucket);
  }
  return null;
}

const GROWTH = 1.125;
/** Everything up to a millisecond is one bucket; the last one, of 100 buckets, begins at two minutes. */
const LAST_BUCKET = 99;
const LOG_GROWTH = Math.log(GROWTH);

function bucketOf(durationMs: number): number {
  if (durationMs <= 1) return 0;
  return Math.min(LAST_BUCKET, Math.ceil(Math.log(durationMs) / LOG_GROWTH - 1e-9));
}

function upperMs(bucket: number): number {
  return Math.round(GROWTH ** bucket);
}
