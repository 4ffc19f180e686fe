// API keys for tests: the setting that makes them known, and the header that a client sends.

import { createHash } from 'node:crypto';

/** Two clients that must not see each other's inferences, and an operator who sees all. */
export const apiKeys = { alice: 'key-of-alice', bob: 'key-of-bob', olga: 'key-of-olga' } as const;

const hashed = (key: string) => createHash('sha256').update(key).digest('hex');

export const apiKeysSetting = [
  `alice:${hashed(apiKeys.alice)}`,
  `bob:${hashed(apiKeys.bob)}`,
  `olga:${hashed(apiKeys.olga)}:operator`,
].join(',');

export function as(name: keyof typeof apiKeys): Record<string, string> {
  return { authorization: `Bearer ${apiKeys[name]}` };
}
