// The deadline of an inference: a duration that counts from its acceptance, and starts again when the workflow is
// reset. Never a time of day, which would have passed in every later reset.

import { workflowInfo } from '@temporalio/workflow';
import { firstMark, resetMark } from './resets.ts';

export class DeadlineClock {
  readonly #deadlineMs: number;
  #spentBeforeMs: number;
  #startedAtMs = Date.now();
  #resetMark = resetMark();

  constructor(start: { readonly deadlineMs: number; readonly spentMs: number }) {
    this.#deadlineMs = start.deadlineMs;
    const waitedForWorkerMs = this.#startedAtMs - workflowInfo().startTime.getTime();
    // Reset to its very first task, the run owes nothing to what went before.
    const isReset = this.#resetMark !== firstMark;
    this.#spentBeforeMs = isReset ? 0 : start.spentMs + waitedForWorkerMs;
  }

  spentMs(): number {
    if (resetMark() !== this.#resetMark) {
      this.#resetMark = resetMark();
      this.#startedAtMs = Date.now();
      this.#spentBeforeMs = 0;
    }
    return this.#spentBeforeMs + Date.now() - this.#startedAtMs;
  }

  leftMs(): number {
    return this.#deadlineMs - this.spentMs();
  }
}
