// Six simulated providers of different wires, and models that vote or race across them.

import type { Simulator, Wire } from '../../src/simulator/simulator.ts';

const WIRES: Readonly<Record<string, Wire>> = {
  one: 'openai',
  two: 'anthropic',
  three: 'google',
  four: 'mistral',
  five: 'openai',
  six: 'openai',
};

const SCHEMA = {
  type: 'object',
  properties: {
    amount: { type: 'number' },
    currency: { type: 'string', enum: ['EUR', 'USD', 'CHF'] },
    buyer: { type: 'string' },
    note: { type: 'string' },
  },
  required: ['amount', 'currency', 'buyer', 'note'],
  additionalProperties: false,
};

/** `response_format` of that schema. */
export const invoice = { type: 'json_schema', json_schema: { name: 'invoice', schema: SCHEMA } };

export function voters(simulator: Simulator): { providers: object; targets: object } {
  return {
    providers: Object.fromEntries(
      Object.entries(WIRES).map(([name, wire]) => [
        name,
        { type: wire, apiKey: `test-key-${name}`, baseUrl: simulator.baseUrl(name, wire) },
      ]),
    ),
    targets: Object.fromEntries(
      ['one/alpha', 'two/claude-beta', 'three/gamma', 'four/delta', 'five/epsilon', 'six/judge'].map((name) => [
        name,
        { price: { input: 1, output: 2 } },
      ]),
    ),
  };
}

export const THREE = ['one/alpha', 'two/claude-beta', 'three/gamma'];
