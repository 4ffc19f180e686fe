// Configuration files that are wrong: what is said about them, and where.

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, loadConfig } from '../../src/config.ts';
import { configFile, LOCAL, problemsOf, testDirectory } from './config-file.ts';

describe('a configuration file that is wrong', () => {
  it('is refused with every problem at once, each with its line', () => {
    const path = configFile(
      [
        'providers:',
        '  openai: { type: openai, apiKey: "${OPENAI_KEY}" }',
        '  typo: { type: opnai, apiKy: x }',
        '  local: { type: openai-compatible }',
        'targets:',
        '  local/x: { price: { input: -1, output: 1 } }',
        'defaults: { attemptTimeout: 10s, stallTimeout: 20s, order: listed }',
        'models:',
        '  m:',
        '    strategy: consensus',
        '    deadline: 30d',
        '    targets:',
        '      - local/x',
        '      - 42',
        '      - { target: local/y, parms: {} }',
        '  n:',
        '    targets:',
        '      - nobody/x',
        'http: { bodyLimit: 5 }',
        'batches: {}',
      ].join('\n'),
    );
    expect.assertions(2);
    try {
      loadConfig({ path, env: {} });
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      expect(String(error).split('\n').slice(1)).toEqual(
        [
          '2: providers.openai.apiKey: the environment variable OPENAI_KEY is not set',
          '3: providers.typo.type: must be one of openai, anthropic, google, mistral, deepseek, alibaba, groq, xai, together, fireworks, cohere, openrouter, tokenmix, azure, bedrock, vertex, openai-compatible, simulated',
          '3: providers.typo.apiKy: unknown field',
          '4: providers.local: type openai-compatible needs a baseUrl',
          '6: targets.local/x.price.input: must be at least 0',
          '7: defaults.order: unknown field',
          '7: defaults.stallTimeout: is longer than an attempt may take (10s)',
          '9: models.m.compare: is missing',
          '11: models.m.deadline: must be between 1s and 7d',
          '14: models.m.targets[1]: must be provider/model, or a mapping with the field target or chain',
          '15: models.m.targets[2].parms: unknown field',
          '18: models.n.targets[0]: no provider is called nobody; known: openai, typo, local',
          '19: http.bodyLimit: must be a whole number with a unit (B, KB, MB, GB or KiB, MiB, GiB), such as 32MB',
          '20: batches: unknown field',
        ].map((line) => `${path}:${line}`),
      );
    }
  });

  it('is refused with expectations that no answer could be held against', () => {
    const model = (expected: string) =>
      `  m${expected.replaceAll(/\W+/g, '')}: { targets: [local/x], expect: ${expected} }`;
    const models = [
      '{ pattern: "(?=a)" }',
      '{ schema: { type: nonsense } }',
      '{ words: { min: 3, max: 2 } }',
      '{ bullets: {} }',
      '{}',
      '{ bullets: many }',
      '{ syntax: cobol }',
    ];
    expect(
      problemsOf(`${LOCAL}models:\n${models.map(model).join('\n')}`).map((line) => line.replace(/ models\.\w*\./, ' ')),
    ).toEqual([
      '3 expect.pattern: is not a regular expression of RE2, which has no look-around and no back-references',
      '4 expect.schema: is not a JSON Schema that can be compiled',
      '5 expect.words: has a min (3) above its max (2)',
      '6 expect.bullets: needs a min or a max',
      '7 expect: expects nothing',
      '8 expect.bullets: must be a number, or a mapping with min or max',
      '9 expect.syntax: must be one of json, sql, python, typescript',
    ]);
  });

  it('never has its values repeated, since any of them may be a key', () => {
    const text = [
      'providers:',
      '  a: { type: sk-secret, apiKey: "sk-secret with space", baseUrl: "https://u:sk-secret@host" }',
      '  b: { type: openai, apiKey: [sk-secret] }',
      'models: { m: { targets: [sk-secret], deadline: sk-secret, onRefusal: sk-secret } }',
      'http: { bodyLimit: sk-secret }',
      'alerts: { webhook: sk-secret }',
    ].join('\n');
    const problems = problemsOf(text);
    expect(problems).toHaveLength(8);
    expect(problems.join('\n')).not.toContain('sk-secret');
  });

  it.each([
    ['an unclosed quote', 'providers: "sk-secret', '1 : not valid YAML: Missing closing "quote'],
    ['the same field twice', `${LOCAL}retention: 1d\nretention: 2d\n`, '3 : not valid YAML: Map keys must be unique'],
    ['two documents', `${LOCAL}---\n${LOCAL}`, '2 : not valid YAML: more than one document'],
    ['an alias without its anchor', `${LOCAL}models: *nobody\n`, '2 : no anchor &nobody before it'],
    ['the one name that JavaScript keeps', `${LOCAL}models: { __proto__: {} }\n`, '2 : __proto__ can be no name'],
    ['a list', '- providers\n', '1 : must be a mapping'],
    ['nothing', '# only a comment\n', '1 providers: is missing'],
    ['no provider', 'providers: {}\n', '1 providers: needs at least one provider'],
  ])('is refused when it holds %s', (_, text, problem) => {
    expect(problemsOf(text)).toEqual([expect.stringContaining(problem)]);
  });

  it('is refused when it can not be read', () => {
    const path = join(testDirectory(), 'missing.yaml');
    expect(() => loadConfig({ path, env: {} })).toThrow(`${path} can't be read (ENOENT)`);
  });
});

describe('fields that do not fit each other', () => {
  it('are a target that is no provider/model, or of nobody', () => {
    expect(problemsOf(`${LOCAL}targets: { x: {}, nobody/x: {} }\nmodels: { m: { targets: [local/, /x] } }`)).toEqual([
      '2 targets.x: must be provider/model',
      '2 targets.nobody/x: no provider is called nobody; known: local',
      '3 models.m.targets[0]: must be provider/model',
      '3 models.m.targets[1]: must be provider/model',
    ]);
  });

  it('are a model without targets, or with one twice', () => {
    const twice =
      '[{ target: local/x, params: { seed: 1, topP: 1 } }, { params: { topP: 1, seed: 1 }, target: local/x }]';
    expect(problemsOf(`${LOCAL}models:\n  a: { targets: [] }\n  b: { targets: ${twice} }`)).toEqual([
      '3 models.a.targets: needs at least one entry',
      '4 models.b.targets[1]: local/x is in this chain already',
    ]);
  });

  it('are not one target twice with different overrides', () => {
    const text = `${LOCAL}models: { m: { targets: [local/x, { target: local/x, system: Be brief. }] } }`;
    expect(problemsOf(text)).toEqual([]);
  });

  it('are a model that is called like a target of some provider', () => {
    expect(problemsOf(`${LOCAL}models: { local/x: { targets: [local/y] }, other/x: { targets: [local/y] } }`)).toEqual([
      '2 models.local/x: reads as a target of the provider local; a model needs a name of its own',
    ]);
  });

  it('are a provider without the key, or the address, that its type needs', () => {
    expect(problemsOf('providers:\n  a: { type: openai }\n  b: { type: openai-compatible }')).toEqual([
      '2 providers.a: type openai needs an apiKey',
      '3 providers.b: type openai-compatible needs a baseUrl',
    ]);
  });

  it('are batches of a type that has none', () => {
    const text =
      'providers:\n  a: { type: cohere, apiKey: k, batch: true }\n  b: { type: openai, apiKey: k, batch: true }';
    expect(problemsOf(text)).toEqual(['2 providers.a.batch: must be left out: type cohere has no batches here']);
  });

  it('are timeouts that a tighter limit around them always ends', () => {
    const models = [
      '  a: { targets: [local/x], deadline: 10s, attemptTimeout: 11s }',
      '  b: { targets: [local/x], attemptTimeout: 10s, firstTokenTimeout: 11s, stallTimeout: 12s }',
      '  c: { targets: [local/x], firstTokenTimeout: 61s }',
    ];
    expect(problemsOf(`${LOCAL}models:\n${models.join('\n')}`)).toEqual([
      '3 models.a.attemptTimeout: is longer than the inference may take (10s)',
      '4 models.b.firstTokenTimeout: is longer than an attempt may take (10s)',
      '4 models.b.stallTimeout: is longer than an attempt may take (10s)',
      '5 models.c.firstTokenTimeout: is longer than an attempt may take (1m)',
    ]);
  });
});

describe('a base URL', () => {
  it.each([
    'nonsense',
    'ftp://host',
    'https://user:pw@host',
    'https://host/?key=x',
    'https://host/#x',
  ])('is refused as %s', (baseUrl) => {
    const problems = problemsOf(`providers: { a: { type: openai-compatible, baseUrl: "${baseUrl}" } }`);
    expect(problems).toEqual([expect.stringMatching(/^1 providers\.a\.baseUrl: must /)]);
  });
});

describe('fields of later issues', () => {
  it.each([
    `${LOCAL}models: { m: { targets: [local/x], hedgeDelay: 0ms } }`,
    `${LOCAL}storage: { type: directory, bucket: x }`,
  ])('are unknown: %s', (text) => {
    expect(problemsOf(text)).toEqual([expect.stringMatching(/: unknown field$/)]);
  });
});
