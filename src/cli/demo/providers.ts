// The providers of the demo, and the configuration file that makes chains of them.

import { stringify } from 'yaml';
import { LOCAL_MODEL } from '../../local-model/serve-local-model.ts';
import type { Simulator } from '../../simulator/simulator.ts';

export const PRIMARY = 'openai-sim';
export const SECONDARY = 'anthropic-sim';
export const CONFIDANT = 'google-sim';

/** The models that the demo's inferences ask for. */
export const MODELS = { chain: 'summarize', local: 'summarize-at-home', single: 'summarize-confidential' } as const;

export const TARGETS = {
  primary: `${PRIMARY}/gpt-4o`,
  secondary: `${SECONDARY}/claude-sonnet-4-5`,
  confidant: `${CONFIDANT}/gemini-2.5-flash`,
  local: `local/${LOCAL_MODEL}`,
} as const;

/** As somebody would write it; the simulator takes the place of the real addresses and keys. */
export function configFile(simulator: Simulator, localModelUrl: string | null): string {
  const { primary, secondary, confidant, local } = TARGETS;
  const apiKey = 'simulated';
  const models = {
    [MODELS.chain]: { targets: [primary, secondary, confidant], deadline: DEADLINE },
    // Nobody else may read these: there is nobody to fail over to.
    [MODELS.single]: { targets: [confidant], deadline: DEADLINE, onExhausted: 'fail' },
  };
  return stringify({
    providers: {
      [PRIMARY]: { type: 'openai', apiKey, baseUrl: simulator.baseUrl(PRIMARY, 'openai') },
      [SECONDARY]: { type: 'anthropic', apiKey, baseUrl: simulator.baseUrl(SECONDARY, 'anthropic') },
      [CONFIDANT]: { type: 'google', apiKey, baseUrl: simulator.baseUrl(CONFIDANT, 'google') },
      ...(localModelUrl !== null && { local: { type: 'openai-compatible', baseUrl: localModelUrl } }),
    },
    models:
      localModelUrl === null
        ? models
        : { ...models, [MODELS.local]: { targets: [primary, local, secondary], ...LOCAL_LIMITS } },
  });
}

/** Whatever goes wrong, the demo ends. */
const DEADLINE = '2m';
/** It answers one at a time, on the processor: the others wait in line for their first token. */
const LOCAL_LIMITS = { deadline: DEADLINE, firstTokenTimeout: '60s', stallTimeout: '30s' } as const;
