// An encoded line with gaps for its id and its texts. Pure.

export class LineTemplate {
  /** One more than there are gaps. */
  readonly #between: readonly string[];
  /** What goes into each gap: 0 is the id, then the texts. */
  readonly #gaps: readonly number[];

  private constructor(between: readonly string[], gaps: readonly number[]) {
    this.#between = between;
    this.#gaps = gaps;
  }

  /** What the id and the texts of a line have to be for a template to be made of it. */
  static marks(count: number): readonly string[] {
    return Array.from({ length: count }, (_, gap) => `${MARK}${gap}.`);
  }

  /** Null unless each mark is in the line once. */
  static of(encoded: string, count: number): LineTemplate | null {
    const pieces = encoded.split(MARKS);
    const gaps = pieces.filter((_, place) => place % 2 === 1).map(Number);
    const isWhole = gaps.length === count && new Set(gaps).size === count;
    return isWhole
      ? new LineTemplate(
          pieces.filter((_, place) => place % 2 === 0),
          gaps,
        )
      : null;
  }

  fill(id: string, texts: readonly string[]): string {
    let line = this.#between[0] ?? '';
    for (const [place, gap] of this.#gaps.entries()) {
      const text = gap === 0 ? id : (texts[gap - 1] ?? '');
      line += JSON.stringify(text).slice(1, -1) + (this.#between[place + 1] ?? '');
    }
    return line;
  }
}

const MARK = 'gap-5b1f8e0c.';
const MARKS = /gap-5b1f8e0c\.(\d+)\./;
