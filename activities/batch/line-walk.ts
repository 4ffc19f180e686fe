// A walk through input lines in step with results, which mostly come in the order of their lines: a line that is passed
// over has to be fetched again.

import type { InputLine } from './lines.ts';

export class LineWalk {
  readonly #groups: AsyncIterator<readonly InputLine[]>;
  #group: readonly InputLine[] = [];
  #place = 0;
  #isAtEnd = false;
  readonly #passed: number[] = [];

  constructor(groups: AsyncIterable<readonly InputLine[]>) {
    this.#groups = groups[Symbol.asyncIterator]();
  }

  /** Whether it has to go on before the line can be taken. */
  isBefore(line: number): boolean {
    const last = this.#group.at(-1);
    return !this.#isAtEnd && (last === undefined || last.line < line);
  }

  /** On to the lines behind those that it has got. */
  async goOn(): Promise<void> {
    this.#pass(this.#group.length);
    const { done = false, value } = await this.#groups.next();
    this.#isAtEnd = done;
    this.#group = done ? [] : value;
    this.#place = 0;
  }

  /** Null when it is behind the line. Those between are passed over. */
  take(line: number): InputLine | null {
    let place = this.#place;
    while ((this.#group[place]?.line ?? line) < line) place++;
    const found = this.#group[place];
    if (found?.line !== line) return null;
    this.#pass(place);
    this.#place = place + 1;
    return found;
  }

  /** The numbers of all lines that were not taken. */
  async passed(): Promise<readonly number[]> {
    while (!this.#isAtEnd) await this.goOn();
    return this.#passed;
  }

  async close(): Promise<void> {
    await this.#groups.return?.();
  }

  #pass(end: number): void {
    for (const { line } of this.#group.slice(this.#place, end)) this.#passed.push(line);
    this.#place = end;
  }
}
