// What a service has started, to be ended when it stops, or when its start fails.

import type { Logger } from 'pino';

/** Ended in the opposite order, once; one that fails to end does not keep the others. */
export class CleanUp {
  readonly #logger: Logger;
  readonly #steps: Array<{ readonly name: string; readonly end: () => unknown }> = [];
  #running: Promise<void> | null = null;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add(name: string, end: () => unknown): void {
    this.#steps.push({ name, end });
  }

  run(): Promise<void> {
    this.#running ??= this.#runAll();
    return this.#running;
  }

  async #runAll(): Promise<void> {
    const failures: unknown[] = [];
    for (const { name, end } of this.#steps.toReversed()) {
      const beganAtMs = Date.now();
      try {
        await end();
      } catch (error) {
        failures.push(error);
      }
      this.#logger.debug({ durationMs: Date.now() - beganAtMs }, `ended: ${name}`);
    }
    if (failures.length > 0) throw new AggregateError(failures, 'The service did not stop cleanly.');
  }
}
