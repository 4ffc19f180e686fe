// The configuration when there is no file: a chain of the providers whose keys are in the environment, or of simulated
// ones. Written in the file's own form, so that it passes the same schema and resolves the same way.

import { providerFacts, providerTypes } from '../../activities/providers/registry.ts';

export interface BuiltIn {
  /** As the file would say it. */
  readonly value: unknown;
  readonly origin: 'environment' | 'simulated';
  readonly description: string;
}

/** Where a provider of the chain has its key from: what can be wrong with it is said of the variable. */
export function keyVariableOf(providerName: PropertyKey | undefined): string {
  const type = providerTypes.find((one) => one === providerName);
  return (type && providerFacts(type).keyVariable) ?? '';
}

/** The model name that clients use without a configuration file. */
const MODEL = 'default';

export function builtIn(env: NodeJS.ProcessEnv): BuiltIn {
  const chain = providerTypes.flatMap((type) => {
    const { keyVariable, defaultModel } = providerFacts(type);
    const apiKey = keyVariable === null ? undefined : env[keyVariable];
    return apiKey && defaultModel ? [{ name: type, entry: { type, apiKey }, target: `${type}/${defaultModel}` }] : [];
  });
  if (chain.length === 0) return simulated();
  const targets = chain.map(({ target }) => target);
  return {
    value: {
      providers: Object.fromEntries(chain.map(({ name, entry }) => [name, entry])),
      models: { [MODEL]: { targets } },
    },
    origin: 'environment',
    description: `No configuration file: the model "${MODEL}" is a chain built from the keys in the environment: ${targets.join(', ')}.`,
  };
}

function simulated(): BuiltIn {
  const names = ['sim-a', 'sim-b', 'sim-c'];
  return {
    value: {
      // Their addresses are known when they have started.
      providers: Object.fromEntries(names.map((name) => [name, { type: 'simulated' }])),
      models: { [MODEL]: { targets: names.map((name) => `${name}/simulated`) } },
    },
    origin: 'simulated',
    description: `No configuration file and no provider's key in the environment: the model "${MODEL}" is a chain of three simulated providers, whose answers are made up.`,
  };
}
