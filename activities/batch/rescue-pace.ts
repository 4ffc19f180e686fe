// How many rescued lines are asked at once: as many as the provider has room for. A fixed number would be too low for a
// provider that is slow and allows much, and too high for the other calls in its line. Knows nothing of lines.

export class RescuePace {
  readonly #most: number;
  readonly #waitMs: () => number;
  #limit: number;
  #asked = 0;
  #change: Promise<void> | null = null;
  #wake: () => void = () => undefined;

  /** `waitMs`: how long a call that came now would wait for its turn. */
  constructor({ most, waitMs }: { readonly most: number; readonly waitMs: () => number }) {
    this.#most = most;
    this.#waitMs = waitMs;
    this.#limit = Math.min(FEW, most);
  }

  /** Whether one more may begin; then it has to `leave`. A few wait in line at any time: no room is left unused. */
  enter(): boolean {
    const mayEnter = this.#asked < FEW || this.#hasRoom;
    if (!mayEnter || this.#asked >= this.#limit) return false;
    this.#asked += 1;
    return true;
  }

  /** Each one that ends while there is room makes room for one more: so many at first would only crowd a small limit. */
  leave(): void {
    this.#asked -= 1;
    if (this.#hasRoom) this.#limit = Math.min(this.#limit + 1, this.#most);
    this.#wake();
  }

  /** Resolves when it is worth trying to enter again. */
  changed(): Promise<void> {
    this.#change ??= new Promise((resolve) => {
      const wake = () => {
        clearTimeout(look);
        this.#change = null;
        this.#wake = () => undefined;
        resolve();
      };
      // Room also comes with time.
      const look = setTimeout(wake, LOOK_MS);
      this.#wake = wake;
    });
    return this.#change;
  }

  get #hasRoom(): boolean {
    return this.#waitMs() === 0;
  }
}

const FEW = 32;
const LOOK_MS = 250;
