// The deadline of an inference: a duration that counts from its acceptance, and starts again when the workflow is
// reset. Never a time of day, which would have passed in every later reset.

import { workflowInfo } from '@temporalio/workflow';
import { resetMark } from './resets.ts';

export class DeadlineClock {
  readonly #deadlineMs: number;
  #spentBeforeMs: number;
  #startedAtMs = Date.now();
  #resetMark = resetMark();

  constructor(start: { readonly deadlineMs: number; readonly spentMs: number }) {
    const { runId, originalExecutionRunId, startTime } = workflowInfo();
    this.#deadlineMs = start.deadlineMs;
    // A run that came of a reset owes nothing to what went before, wherever it was reset to. In any other, the wait for
    // a worker counts as well.
    const isReset = runId !== originalExecutionRunId;
    this.#spentBeforeMs = isReset ? 0 : start.spentMs + this.#startedAtMs - startTime.getTime();
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
