// Waits for a condition; tests never sleep for a fixed time.

import { setTimeout } from 'node:timers/promises';

/** The first result that is neither false, null nor undefined; throws after `limitMs`. */
export async function eventually<T>(
  condition: () => T | Promise<T>,
  limitMs = 10_000,
): Promise<Exclude<T, false | null | undefined>> {
  const giveUpAt = Date.now() + limitMs;
  for (;;) {
    const result = await condition();
    if (result !== false && result !== null && result !== undefined) {
      return result as Exclude<T, false | null | undefined>;
    }
    if (Date.now() > giveUpAt)
      throw new Error(`The condition did not come true within ${limitMs} ms: ${condition.toString()}`);
    await setTimeout(20);
  }
}
