// The form of a streamed answer: what each way in makes of it. Types only.

import type { Served } from '../../domain/line.ts';
import type { Inference, InferenceResult } from '../../domain/inference.ts';
import type { ApiError } from '../errors.ts';

/** Each method returns server-sent events, ready to be written. */
export interface StreamPresenter {
  /** Comes at once: from then on nothing is a plain HTTP error any more. @default nothing does */
  open?(): string;
  /** Comes first, when text comes before the end. */
  begin(served: Served): string;
  text(text: string): string;
  /** The answer has been accepted; `rest` is what of its text was not sent yet. Nothing follows. */
  end(inference: Inference & { readonly result: InferenceResult }, rest: string): string;
  /** No answer, or none that the stream could go on with. Nothing follows. */
  failed(error: ApiError): string;
}
