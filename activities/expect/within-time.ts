// Runs what can't be interrupted for no longer than its time. It still holds up everything else meanwhile.

import { createContext, Script } from 'node:vm';

/** Null: the time was up. `run` must leave nothing half done. */
export function withinTime<Value>(limitMs: number, run: () => Value): { readonly value: Value } | null {
  let done: { readonly value: Value } | null = null;
  context.run = () => {
    done = { value: run() };
  };
  try {
    // V8's own watchdog: it also ends what a script calls outside of its context.
    script.runInContext(context, { timeout: limitMs });
  } catch (error) {
    // An error of the script's context is no `Error` of this one.
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
    if (code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
  } finally {
    context.run = nothing;
  }
  return done;
}

const nothing = (): void => undefined;
const context: { run: () => void } = { run: nothing };
createContext(context);
const script = new Script('run()');
