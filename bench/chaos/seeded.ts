// Random numbers that a seed repeats.

import { createHash } from 'node:crypto';

export class Seeded {
  readonly #seed: string;
  #drawn = 0;

  constructor(seed: string | number) {
    this.#seed = String(seed);
  }

  /** From 0 up to 1. */
  number(): number {
    const hash = createHash('sha256')
      .update(`${this.#seed}.${this.#drawn++}`)
      .digest();
    return hash.readUInt32BE(0) / 2 ** 32;
  }

  between(from: number, to: number): number {
    return from + this.number() * (to - from);
  }

  chance(of: number): boolean {
    return this.number() < of;
  }

  one<T>(all: readonly [T, ...T[]]): T {
    return all[Math.floor(this.number() * all.length)] ?? all[0];
  }
}
