// What a simulated provider's batches can be told to do, as plain data. Says what goes wrong; `life.ts`, `line.ts` and
// `serve.ts` make it so.

import { drawn } from '../drawn.ts';
import type { Situation } from '../error-body.ts';
import type { Fault } from '../fault.ts';

/** Decided by the id of a line: the same lines every time, and other ones with another seed. */
export interface LineShare {
  /** From 0 to 1. */
  readonly of: number;
  /** @default '' */
  readonly seed?: string;
}

/** Given to a batch when it is created. All that match befall it; of two of a type the newer. */
export type BatchFault =
  /** So long until it is done; its counts move meanwhile. */
  | { readonly type: 'slow'; readonly ms: number }
  /** It runs, and not one line is ever done. */
  | { readonly type: 'stuck' }
  /** At its end only this share of its lines is done. */
  | { readonly type: 'expired'; readonly answered: LineShare }
  /** Refused as a whole, after it was created: such as `token_limit_exceeded`. */
  | { readonly type: 'failed'; readonly code: string; readonly message?: string }
  /** Done and billed, and not among the results. */
  | { readonly type: 'missing'; readonly share: LineShare }
  /** Twice among the results, billed once. */
  | { readonly type: 'duplicate'; readonly share: LineShare }
  /** Results come in another order. */
  | { readonly type: 'unordered' }
  /** Lines that end in an error of their own. */
  | { readonly type: 'line-error'; readonly share: LineShare; readonly status: number; readonly body: unknown }
  /** Lines whose answers are whole on the wire and yet wrong, such as `empty`, `truncated` or a scripted `answer`. */
  | { readonly type: 'bad-answer'; readonly share: LineShare; readonly fault: Fault }
  /** From a cancel to the end of the batch. */
  | { readonly type: 'slow-cancel'; readonly ms: number };

export type BatchCall = 'upload' | 'create' | 'look' | 'list' | 'results' | 'cancel' | 'remove';

/** Befalls one call of the API; the newest that matches. */
export type BatchCallFault =
  /** The provider's own error for a situation. Nothing is done. */
  | {
      readonly type: 'error';
      readonly on: BatchCall;
      readonly situation: Situation;
      readonly retryAfterMs?: number | null;
    }
  /** It is done, and the connection is reset before the reply. */
  | { readonly type: 'lost-reply'; readonly to: BatchCall }
  /** The socket is destroyed after so many lines of the results. */
  | { readonly type: 'cut-results'; readonly afterLines: number };

export interface BatchRule {
  /** Left out: every account. */
  readonly account?: string;
  /** Of a batch; a fault of a call does not look at it. Left out: every model. */
  readonly model?: string;
  /** How many batches, or calls, it may befall. @default unlimited */
  readonly times?: number;
  readonly fault: BatchFault | BatchCallFault;
}

export function isInShare({ of, seed = '' }: LineShare, lineId: string): boolean {
  return drawn(seed, lineId) < of;
}
