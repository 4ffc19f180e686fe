// Weights of votes, compared. Sums such as 0.1 + 0.2 are not exact, and no tie must be broken by that.

/** Strictly: votes that weigh the same do not outweigh each other. */
export function outweighs(weight: number, other: number): boolean {
  return weight > other + PRECISION;
}

const PRECISION = 1e-9;
