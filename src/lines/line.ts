// One line as the API's process holds it: the text so far, whose call it comes from, who listens. Plain state and rules;
// nothing here knows whether a call or a listener is in this process.

import type { FailureKind } from '../domain/failure.ts';
import type { CallLine, HeldLine, LineAddress, Served } from '../domain/line.ts';
import { endsText } from '../domain/line.ts';

export class Line {
  readonly address: LineAddress;
  readonly pieces: string[] = [];
  served: Served | null = null;
  isInterrupted = false;
  readonly #onIdle: () => void;
  readonly #listeners = new Set<() => void>();
  readonly #calls = new Set<LineCall>();
  /** Of the workflow: those of a replay go on. */
  #hungUpRun: string | null = null;
  #holders = 0;
  /** Whose text is being passed on. */
  #owner: LineCall | null = null;
  /** How the call ended that passed text on last; null: it has not ended. */
  #lastEnd: FailureKind | 'answered' | null = null;

  /** @param onIdle called when the last holder or call has left */
  constructor(address: LineAddress, onIdle: () => void) {
    this.address = address;
    this.#onIdle = onIdle;
  }

  get isIdle(): boolean {
    return this.#holders === 0 && this.#calls.size === 0;
  }

  get isHungUp(): boolean {
    return this.#hungUpRun !== null;
  }

  get owner(): LineCall | null {
    return this.#owner;
  }

  hold(): HeldLine {
    this.#holders += 1;
    return new Hold(this, () => {
      this.#holders -= 1;
      if (this.isIdle) this.#onIdle();
    });
  }

  hangUp(runId: string): void {
    this.#hungUpRun = runId;
    for (const call of this.#calls) if (call.runId === runId) call.hangUp();
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A call begins. Where calls do not race, whoever was there before is gone, even if nobody has told. */
  attach(call: { readonly target: string; readonly runId: string; readonly isRacing: boolean }): LineCall {
    if (!call.isRacing) {
      for (const other of this.#calls) other.end('worker-lost');
      // It has answered, and its answer got lost.
      this.#owner = null;
    }
    if (this.#owner === null && this.#lastEnd !== null && isWhole(this.#lastEnd)) this.interrupt();
    const attached = new LineCall(this, call);
    this.#calls.add(attached);
    if (call.runId === this.#hungUpRun) attached.hangUp();
    return attached;
  }

  /** Whether it was taken: text of one call only, and only from where the text so far ends. */
  add(call: LineCall, text: string, model: string): boolean {
    // A call that was taken for lost may still be running.
    if (!this.address.isLive || this.isInterrupted || !this.#calls.has(call)) return false;
    if (this.#owner === null && call.isAtEnd) this.#owner = call;
    if (this.#owner !== call) return false;
    this.#lastEnd = null;
    this.served = { target: call.target, model };
    this.pieces.push(text);
    this.#tell();
    return true;
  }

  interrupt(): void {
    if (this.isInterrupted || !this.address.isLive) return;
    this.isInterrupted = true;
    this.#tell();
  }

  /** What a line of another process has come to. */
  follow(line: {
    readonly pieces: readonly string[];
    readonly served: Served | null;
    readonly isInterrupted: boolean;
  }): void {
    for (const piece of line.pieces) this.pieces.push(piece);
    this.served = line.served;
    this.isInterrupted = line.isInterrupted;
    this.#tell();
  }

  detach(call: LineCall, kind: FailureKind | null): void {
    if (!this.#calls.delete(call)) return;
    if (this.#owner === call) {
      this.#lastEnd = kind ?? 'answered';
      if (kind === null) setTimeout(() => this.#forget(call), HEARD_WITHIN_MS).unref();
      else {
        this.#owner = null;
        // Those who run beside it have begun at the beginning, and cannot go on from here.
        if (this.#calls.size > 0) this.interrupt();
      }
      this.#tell();
    }
    if (this.isIdle) this.#onIdle();
  }

  /** Whoever still runs beside a call that has answered has not been told that it came second: that answer got lost. */
  #forget(answered: LineCall): void {
    if (this.#owner !== answered) return;
    this.#owner = null;
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Racers hear of an answer, by way of Temporal, long before. */
const HEARD_WITHIN_MS = 5_000;

/** Nothing could follow the text so far. */
function isWhole(end: FailureKind | 'answered'): boolean {
  return end === 'answered' || endsText(end);
}

class Hold implements HeldLine {
  readonly #line: Line;
  readonly #onLeave: () => void;
  #hasLeft = false;

  constructor(line: Line, onLeave: () => void) {
    this.#line = line;
    this.#onLeave = onLeave;
  }

  get address(): LineAddress {
    return this.#line.address;
  }

  get pieces(): readonly string[] {
    return this.#line.pieces;
  }

  get served(): Served | null {
    return this.#line.served;
  }

  get isInterrupted(): boolean {
    return this.#line.isInterrupted;
  }

  onChange(listener: () => void): () => void {
    return this.#line.onChange(listener);
  }

  hangUp(runId: string): void {
    this.#line.hangUp(runId);
  }

  leave(): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#onLeave();
  }
}

/** A call's end of a line that this process holds. */
export class LineCall implements CallLine {
  readonly target: string;
  readonly runId: string;
  readonly sofar: string;
  hasPassed = false;
  readonly #line: Line;
  readonly #hangUp = new AbortController();
  readonly #piecesBefore: number;
  #isBehind = false;

  constructor(line: Line, { target, runId }: { readonly target: string; readonly runId: string }) {
    this.#line = line;
    this.target = target;
    this.runId = runId;
    // Beside one whose text is passed on a racer begins at the beginning.
    const begins = line.isInterrupted || line.owner !== null;
    this.#isBehind = begins;
    this.sofar = begins ? '' : line.pieces.join('');
    this.#piecesBefore = line.pieces.length;
  }

  get isTaken(): boolean {
    return this.#line.owner !== null && this.#line.owner !== this;
  }

  get hungUp(): AbortSignal {
    return this.#hangUp.signal;
  }

  /** Its text would follow that which was passed on. */
  get isAtEnd(): boolean {
    return !this.#isBehind && this.#line.pieces.length === this.#piecesBefore;
  }

  hangUp(): void {
    this.#hangUp.abort();
  }

  pass(text: string, model: string): void {
    if (this.#line.add(this, text, model)) this.hasPassed = true;
    else this.#isBehind = true;
  }

  interrupt(): void {
    this.#line.interrupt();
  }

  turn(signal: AbortSignal): Promise<void> {
    if (!this.isTaken || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const settle = (): void => {
        if (this.isTaken && !signal.aborted) return;
        stop();
        signal.removeEventListener('abort', settle);
        resolve();
      };
      const stop = this.#line.onChange(settle);
      signal.addEventListener('abort', settle);
    });
  }

  end(kind: FailureKind | null): void {
    this.#line.detach(this, kind);
  }
}
