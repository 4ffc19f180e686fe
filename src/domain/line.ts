// The line: the connection beside Temporal between the API at which a client waits and the worker that serves it. Tokens
// go one way, and that the client has hung up goes the other. Nothing of it is recorded: the answer alone is.

import type { FailureKind } from './failure.ts';

/** How a worker reaches the API that holds a line; travels in the input. */
export interface LineAddress {
  /** Of the API's process. */
  readonly url: string;
  /** Names the line, and admits to it alone. */
  readonly token: string;
  /** Tokens are wanted as they come; otherwise only the client's hanging up is of interest. */
  readonly isLive: boolean;
}

/** The worker's side: where calls get their ends of lines. */
export interface CallLines {
  /** An end that takes nothing when the line is gone, or cannot be reached in time: the call goes on all the same. */
  open(call: {
    readonly address: LineAddress;
    /** `provider/model` */
    readonly target: string;
    /** Of the workflow that makes the call. */
    readonly runId: string;
    /** Other calls of the inference may run beside it. */
    readonly isRacing: boolean;
  }): Promise<CallLine>;
}

/** A call's end of a line. */
export interface CallLine extends Passage {
  /** The text of another call is being passed on: this one's would not be. */
  readonly isTaken: boolean;
  /** Whether text of this call was passed on: then the same attempt must not be made again. */
  readonly hasPassed: boolean;
  /** The client has hung up on this call's run. */
  readonly hungUp: AbortSignal;
  /** Settles when no other call's text is being passed on, or with the signal. */
  turn(signal: AbortSignal): Promise<void>;
  /** How the call ended; null: it has answered. Nothing may follow. */
  end(kind: FailureKind | null): void;
}

/** What an attempt needs of a line to pass its text on. */
export interface Passage {
  /** What calls before this one have passed on: it has to go on from there. */
  readonly sofar: string;
  /** `model`: the model that serves, as the provider names it. */
  pass(text: string, model: string): void;
  /** This call cannot go on from what was passed on: no more text will come, but the inference goes on. */
  interrupt(): void;
}

/** The API's side. */
export interface Lines {
  /** A line of an inference that is about to start here. */
  hold(isLive: boolean): HeldLine;
  /**
   * A live line that was held before, by this process or another one, with what has been passed on so far. It stays empty
   * where nobody holds it any more.
   */
  join(address: LineAddress): Promise<HeldLine>;
}

/** A line as a client's connection sees it. Whoever got one leaves it once. */
export interface HeldLine {
  readonly address: LineAddress;
  /** All text so far, in the pieces in which it came. */
  readonly pieces: readonly string[];
  /** Who serves; null until the first piece. */
  readonly served: Served | null;
  /** No further piece will come, though the inference has not ended. */
  readonly isInterrupted: boolean;
  /** Called at once after each change; returns what ends that. */
  onChange(listener: () => void): () => void;
  /** The calls of this run of the inference are to end: nobody wants its answer. A replay's are others. */
  hangUp(runId: string): void;
  leave(): void;
}

export interface Served {
  /** `provider/model` */
  readonly target: string;
  readonly model: string;
}

/** After these the text so far is not one that another model could go on from. */
export function endsText(kind: FailureKind): boolean {
  return ENDS_TEXT.has(kind);
}

const ENDS_TEXT: ReadonlySet<FailureKind> = new Set([
  'schema-invalid',
  'expectation-failed',
  'refused',
  'content-filtered',
  'empty',
]);
