// What one batch of a provider may hold at most. Plain data.

export interface LaneLimits {
  readonly lines: number;
  /** Of the encoded lines, together. */
  readonly bytes: number;
}

/** What fits every lane. */
export function tightest(limits: readonly LaneLimits[], most: LaneLimits): LaneLimits {
  return {
    lines: Math.min(most.lines, ...limits.map(({ lines }) => lines)),
    bytes: Math.min(most.bytes, ...limits.map(({ bytes }) => bytes)),
  };
}
