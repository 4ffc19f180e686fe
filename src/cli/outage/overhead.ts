// How long Holdfast itself takes for an inference on this machine: the day's clock makes its timeouts shorter, but not
// this. Also warms the service up, so that the day does not begin with its first inference ever.

import type { Simulator } from '../../simulator/simulator.ts';
import { chat } from './chat.ts';
import { accountOf, PROVIDERS } from './providers.ts';

/** The median of Holdfast's answers less that of the provider's own, in real milliseconds. */
export async function measureOverhead(input: {
  readonly simulator: Simulator;
  readonly serviceUrl: string;
  readonly signal: AbortSignal;
}): Promise<number> {
  const { simulator, serviceUrl, signal } = input;
  const ask = (baseUrl: string, model: string) => () =>
    chat({ baseUrl, model, prompt: 'How are you today', timeoutMs: LIMIT_MS, signal });
  const direct = ask(simulator.baseUrl(accountOf('single', 'primary-us'), 'openai'), PROVIDERS['primary-us'].model);
  const synchronous = ask(`${serviceUrl}/v1`, 'synchronous');
  await durations(synchronous, WARM_UPS);
  const [holdfastMs, directMs] = [await durations(synchronous, SAMPLES), await durations(direct, SAMPLES)].map(median);
  return Math.max(0, (holdfastMs ?? 0) - (directMs ?? 0));
}

const WARM_UPS = 15;
const SAMPLES = 15;
const LIMIT_MS = 30_000;

async function durations(ask: () => Promise<unknown>, times: number): Promise<readonly number[]> {
  const taken: number[] = [];
  for (let time = 0; time < times; time++) {
    const beganAtMs = performance.now();
    await ask();
    taken.push(performance.now() - beganAtMs);
  }
  return taken;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}
