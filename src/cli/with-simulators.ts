// Providers that are simulated by this process itself.

import type { ProviderSettings } from '../../activities/providers/registry.ts';
import type { Simulator } from '../simulator/simulator.ts';
import { startSimulator } from '../simulator/simulator.ts';
import type { CleanUp } from './clean-up.ts';

/** Providers of the type `simulated` without an address get one: a simulator in this process plays them. */
export async function withSimulators(
  providers: ReadonlyMap<string, ProviderSettings>,
  cleanUp: CleanUp,
): Promise<ReadonlyMap<string, ProviderSettings>> {
  let simulator: Simulator | null = null;
  const resolved = new Map(providers);
  for (const [name, provider] of providers) {
    if (provider.type !== 'simulated' || provider.baseUrl !== undefined) continue;
    simulator ??= await startSimulator({ firstTokenDelayMs: 200, tokenDelayMs: 10 });
    resolved.set(name, { ...provider, baseUrl: simulator.baseUrl(name, 'openai') });
  }
  cleanUp.add('simulator', () => simulator?.close());
  return resolved;
}
