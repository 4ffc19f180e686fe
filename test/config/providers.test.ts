// Providers that need more than a key: their fields, and what is wrong with them. Keys in the environment of all types.

import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config.ts';
import { load, problemsOf } from './config-file.ts';

const provider = (fields: string) => `providers: { p: { ${fields} } }\n`;

describe('a provider of a cloud', () => {
  it.each([
    ['type: azure, apiKey: k, resource: my-resource'],
    ['type: azure, apiKey: k, baseUrl: "https://x.example/openai", apiVersion: "2024-10-21"'],
    ['type: bedrock, region: eu-central-1, apiKey: k'],
    ['type: bedrock, region: eu-central-1, accessKeyId: a, secretAccessKey: s, sessionToken: t'],
    ['type: vertex, apiKey: k'],
    ['type: vertex, project: p-1, region: global, credentials: \'{"type":"service_account"}\''],
  ])('is right with %s', (fields) => {
    expect(problemsOf(provider(fields))).toEqual([]);
  });

  it.each([
    ['type: azure, apiKey: k', 'providers.p: type azure needs a resource or a baseUrl'],
    ['type: azure, resource: r', 'providers.p: type azure needs an apiKey'],
    ['type: bedrock, apiKey: k', "providers.p: type bedrock needs a region, AWS's name of it"],
    [
      'type: bedrock, region: eu-central-1, accessKeyId: a',
      'providers.p: type bedrock needs an apiKey, or an accessKeyId and a secretAccessKey',
    ],
    ['type: vertex', "providers.p: type vertex needs an apiKey, or credentials: a service account's key file, as JSON"],
    ["type: vertex, project: p, credentials: '{}'", 'providers.p: type vertex needs a project and a region'],
    ['type: vertex, credentials: secret', 'providers.p.credentials: must be the text of a JSON object'],
    ['type: openai, apiKey: k, project: p', 'providers.p.project: is not for type openai'],
    ['type: azure, apiKey: k, resource: r, secretAccessKey: s', 'providers.p.secretAccessKey: is not for type azure'],
  ])('with %s is told: %s', (fields, problem) => {
    expect(problemsOf(provider(fields))).toEqual([`1 ${problem}`]);
  });

  it('keeps its secrets out of what the configuration is known by', () => {
    const hash = (secret: string, region = 'eu-central-1') =>
      load(provider(`type: bedrock, region: ${region}, accessKeyId: a, secretAccessKey: ${secret}`)).catalog.configHash;
    expect(hash('one')).toBe(hash('two'));
    expect(hash('one')).not.toBe(hash('one', 'us-east-1'));
  });
});

it('what the models of a type cannot do is in the catalog, without a word of how it is reached', () => {
  const { catalog } = load(provider('type: groq, apiKey: secret-key'));
  expect(catalog.providers['p']?.capabilities?.[0]?.lacks).toContain('logprobs');
  expect(JSON.stringify(catalog)).not.toContain('secret-key');
});

it('what a batch of a provider may hold is in the catalog, where it has batches', () => {
  const limitsOf = (fields: string) => load(provider(fields)).catalog.providers['p']?.batches;
  const server = 'type: openai-compatible, baseUrl: "http://127.0.0.1:1/v1"';
  expect(limitsOf('type: mistral, apiKey: k')).toEqual({ lines: 100_000, bytes: 500_000_000 });
  expect(limitsOf('type: mistral, apiKey: k, batch: false')).toBeUndefined();
  expect(limitsOf(server)).toBeUndefined();
  expect(limitsOf(`${server}, batch: true`)).toEqual({ lines: 50_000, bytes: 200_000_000 });
});

it('the keys of all types in the environment make one chain', () => {
  const names = ['DASHSCOPE', 'GROQ', 'XAI', 'TOGETHER', 'FIREWORKS', 'COHERE', 'OPENROUTER', 'TOKENMIX'];
  const env = Object.fromEntries(names.map((name) => [`${name}_API_KEY`, 'k']));
  const { catalog } = loadConfig({ env });
  const providers = catalog.models['default']?.settings.targets.map(({ provider: name }) => name);
  expect(providers).toEqual(['alibaba', 'groq', 'xai', 'together', 'fireworks', 'cohere', 'openrouter', 'tokenmix']);
});
