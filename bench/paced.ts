// Streams whose tokens tell when they were sent: what a question asks of the provider, and what the tokens say. Pure but
// for the clock.

export interface Pace {
  readonly tokens: number;
  readonly everyMs: number;
}

/** The text of a question that the paced provider obeys. */
export function paceQuestion({ tokens, everyMs }: Pace): string {
  return `Answer with ${tokens} tokens, one every ${everyMs} ms.`;
}

export function paceIn(text: string): Pace | null {
  const [, tokens, everyMs] = /Answer with (\d+) tokens, one every (\d+) ms\./.exec(text) ?? [];
  return tokens === undefined ? null : { tokens: Number(tokens), everyMs: Number(everyMs) };
}

export interface StampedToken {
  readonly index: number;
  readonly sentAtMs: number;
  /** How long the request had been with whoever answers it. */
  readonly tookMs: number;
}

/** Needs no escaping in JSON. */
export function tokenText({ index, sentAtMs, tookMs }: StampedToken): string {
  return `${index}@${sentAtMs.toFixed(3)}+${tookMs.toFixed(3)} `;
}

/** Null when there is anything else in the text. */
export function stampedTokens(text: string): readonly StampedToken[] | null {
  const tokens: StampedToken[] = [];
  let length = 0;
  for (const [whole, index, sentAtMs, tookMs] of text.matchAll(/(\d+)@(\d+\.\d{3})\+(\d+\.\d{3}) /g)) {
    length += whole.length;
    tokens.push({ index: Number(index), sentAtMs: Number(sentAtMs), tookMs: Number(tookMs) });
  }
  return length === text.length ? tokens : null;
}

/** By the machine's own clock, which is the same in all processes and which nobody sets. */
export function machineMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}
