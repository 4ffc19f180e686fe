// Configuration files that are right: what becomes of them.

import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { checkConfig, loadConfig } from '../../src/config.ts';
import { configSchema } from '../../src/config/schema.ts';
import { findModel } from '../../src/domain/catalog.ts';
import { configFile, load, LOCAL, problemsOf, testDirectory } from './config-file.ts';

describe('a configuration file', () => {
  it('becomes a catalog of models with their targets, facts and limits', () => {
    const { catalog } = load(
      [
        LOCAL,
        'targets: { local/x: { price: { input: 1, output: 2 }, contextWindow: 8000 } }',
        'defaults: { maxAttemptsPerTarget: 3 }',
        'models:',
        '  m:',
        '    targets: [local/x, { target: local/a/b, system: Be brief., params: { temperature: 0 } }]',
        '    deadline: 5m',
        '    onExhausted: wait',
        '    onRefusal: failover',
        '    stream: verified',
      ].join('\n'),
    );
    expect(catalog.models['m']).toEqual({
      settings: {
        strategy: 'failover',
        targets: [
          { provider: 'local', model: 'x', price: { input: 1, output: 2 }, contextWindow: 8000 },
          { provider: 'local', model: 'a/b', system: 'Be brief.', params: { temperature: 0 } },
        ],
        attemptTimeoutMs: 60_000,
        firstTokenTimeoutMs: 30_000,
        stallTimeoutMs: 15_000,
        maxAttemptsPerTarget: 3,
        onRefusal: 'failover',
      },
      deadlineMs: 300_000,
      onExhausted: 'wait',
      stream: 'verified',
    });
    expect(Object.keys(catalog.providers)).toEqual(['local']);
    expect(findModel(catalog, 'local/x')?.settings).toMatchObject({
      targets: [{ provider: 'local', model: 'x', contextWindow: 8000 }],
      maxAttemptsPerTarget: 3,
      onRefusal: 'return',
    });
  });

  it('leaves deadline and onExhausted to the way in when a model does not say them', () => {
    const entry = load(`${LOCAL}models: { m: { targets: [local/x] } }`).catalog.models['m'];
    expect(Object.keys(entry ?? {})).toEqual(['settings']);
  });

  it('has what the answers of a model must be like beside its settings', () => {
    const text = `${LOCAL}models: { m: { targets: [local/x], expect: { bullets: 3, words: { max: 80 }, syntax: sql } } }`;
    const entry = load(text).catalog.models['m'];
    expect(entry?.expect).toEqual({ bullets: { min: 3, max: 3 }, words: { max: 80 }, syntax: 'sql' });
    expect(entry?.settings).not.toHaveProperty('expect');
  });

  it('lets assumed timeouts give way to a tighter one that was asked for', () => {
    const text = `${LOCAL}defaults: { firstTokenTimeout: 20s }\nmodels: { m: { targets: [local/x], deadline: 10s } }`;
    const { models, defaults } = load(text).catalog;
    expect(models['m']?.settings).toMatchObject({
      attemptTimeoutMs: 10_000,
      firstTokenTimeoutMs: 10_000,
      stallTimeoutMs: 10_000,
    });
    expect(defaults).toMatchObject({ attemptTimeoutMs: 60_000, firstTokenTimeoutMs: 20_000, stallTimeoutMs: 15_000 });
  });

  it('keeps inferences for 30 days and takes bodies up to 32 MB by default', () => {
    expect(load(LOCAL)).toMatchObject({ retentionMs: 30 * 86_400_000, bodyLimitBytes: 32_000_000, origin: 'file' });
  });

  it.each([
    ['1KB', 1_000],
    ['32MB', 32_000_000],
    ['2KiB', 2_048],
    ['64MiB', 67_108_864],
  ])('reads the size %s', (text, bytes) => {
    expect(load(`${LOCAL}http: { bodyLimit: ${text} }`).bodyLimitBytes).toBe(bytes);
  });

  it.each(['999B', '1GB', '32', '1.5MB', '32mb', '-1KB'])('refuses the size %s', (text) => {
    expect(problemsOf(`${LOCAL}http: { bodyLimit: "${text}" }`)).toHaveLength(1);
  });

  it('can not be changed afterwards', () => {
    const { providers, catalog } = load(`${LOCAL}models: { m: { targets: [local/x] } }`);
    expect(Object.isFrozen(providers.get('local'))).toBe(true);
    expect(Object.isFrozen(catalog.models['m']?.settings.targets[0])).toBe(true);
  });

  it('has one form of a base URL, without a slash at its end', () => {
    const text = 'providers: { a: { type: openai-compatible, baseUrl: "https://host/v1//" } }';
    expect(load(text).providers.get('a')?.baseUrl).toBe('https://host/v1');
  });
});

describe('the hash of a configuration', () => {
  const hash = (text: string, env = {}) => load(text, env).catalog.configHash;
  const openai = 'providers: { a: { type: openai, apiKey: "${KEY}" } }\n';

  it('is the same whatever the key and the order of fields', () => {
    expect(hash(openai, { KEY: 'one' })).toBe(hash(openai, { KEY: 'two' }));
    expect(hash(`${LOCAL}retention: 1d\nhttp: { bodyLimit: 1MB }`)).toBe(
      hash(`http: { bodyLimit: 1MB }\nretention: 24h\n${LOCAL}`),
    );
  });

  it('is another when anything else changes', () => {
    const text = `${LOCAL}models: { m: { targets: [local/x, local/y] } }`;
    const others = [LOCAL, text.replace('/v1', '/v2'), text.replace('local/x, local/y', 'local/y, local/x')];
    expect(new Set([text, ...others].map((one) => hash(one))).size).toBe(4);
  });
});

describe('references in a configuration file', () => {
  it('take environment variables and files, also inside a longer text', () => {
    const directory = testDirectory();
    writeFileSync(join(directory, 'key'), 'sk-file\n');
    const text = [
      'providers:',
      '  a: { type: openai, apiKey: "${file:./key}", baseUrl: "https://${HOST}/v1" }',
      `  b: { type: openai, apiKey: "\${file:${join(directory, 'key')}}" }`,
      '  c: { type: openai, apiKey: "a$${b}" }',
    ].join('\n');
    const { providers } = loadConfig({ path: configFile(text, directory), env: { HOST: 'proxy.example' } });
    expect([...providers.values()]).toEqual([
      { type: 'openai', apiKey: 'sk-file', baseUrl: 'https://proxy.example/v1' },
      { type: 'openai', apiKey: 'sk-file' },
      { type: 'openai', apiKey: 'a${b}' },
    ]);
  });

  it('do not reach into what they put in', () => {
    const { providers } = load('providers: { a: { type: openai, apiKey: "${A}" } }', { A: '${B}', B: 'x' });
    expect(providers.get('a')?.apiKey).toBe('${B}');
  });

  it.each([
    ['${NOBODY}', 'the environment variable NOBODY is not set'],
    ['${file:/no/such/file}', "the file /no/such/file can't be read (ENOENT)"],
    ['${not a name}', "${…} takes a variable's name or file:/path; $${ stands for ${"],
    ['${OPEN', '${ is not closed; $${ stands for ${'],
  ])('are an error as %s', (reference, message) => {
    const text = `providers:\n  a:\n    type: openai\n    apiKey: "${reference}"\n`;
    expect(problemsOf(text)).toEqual([`4 providers.a.apiKey: ${message}`]);
  });

  it('must lead to something that is no empty text', () => {
    const text = 'providers: { a: { type: openai, apiKey: "${KEY}" } }';
    expect(problemsOf(text, { KEY: '' })).toEqual([
      '1 providers.a.apiKey: must be printable characters without spaces',
    ]);
  });
});

describe('without a configuration file', () => {
  it('the keys in the environment make a chain called default, in the order of the provider types', () => {
    const config = loadConfig({ env: { MISTRAL_API_KEY: 'm', OPENAI_API_KEY: 'o', ANTHROPIC_API_KEY: '' } });
    expect(config.origin).toBe('environment');
    expect([...config.providers]).toEqual([
      ['openai', { type: 'openai', apiKey: 'o' }],
      ['mistral', { type: 'mistral', apiKey: 'm' }],
    ]);
    const targets = config.catalog.models['default']?.settings.targets ?? [];
    expect(targets.map(({ provider }) => provider)).toEqual(['openai', 'mistral']);
    expect(config.description).toEqual([
      `No configuration file: the model "default" is a chain built from the keys in the environment: ${targets.map(({ provider, model }) => `${provider}/${model}`).join(', ')}.`,
    ]);
  });

  it('and without keys three simulated providers make that chain, and one line says so', () => {
    const config = loadConfig({ env: {} });
    expect(config.origin).toBe('simulated');
    expect([...config.providers]).toEqual(['sim-a', 'sim-b', 'sim-c'].map((name) => [name, { type: 'simulated' }]));
    expect(config.catalog.models['default']?.settings.targets).toHaveLength(3);
    expect(config.description).toEqual([expect.stringContaining('three simulated providers')]);
  });

  it('a key that can be none is a problem of its variable', () => {
    expect(checkConfig({ env: { OPENAI_API_KEY: 'sk with space' } })).toEqual([
      { path: 'OPENAI_API_KEY', line: null, message: 'must be printable characters without spaces' },
    ]);
  });
});

describe('holdfast.example.yaml', () => {
  const path = resolve(import.meta.dirname, '../../holdfast.example.yaml');
  const text = readFileSync(path, 'utf8');

  it('is a valid configuration', () => {
    const names = [...text.matchAll(/\$\{([A-Z_]+)\}/g)].map((match) => match[1] ?? '');
    const env = Object.fromEntries(names.map((name) => [name, 'key']));
    const directory = testDirectory();
    const copy = configFile(text.replaceAll('./secrets/', './'), directory);
    writeFileSync(join(directory, 'anthropic-key'), 'key');
    writeFileSync(join(directory, 'vertex.json'), '{ "type": "service_account" }\n');
    expect(checkConfig({ path: copy, env: { ...env, NAME: 'key' } })).toEqual([]);
  });

  it('shows every option of the schema', () => {
    const schema = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }) as JsonNode;
    const shown = new Set(optionsIn(parse(text), schema).map(whereShown));
    expect(optionsOf(schema).filter((option) => !shown.has(whereShown(option)))).toEqual([]);
    expect(shown.size).toBeGreaterThan(30);
  });

  it('says the built-in defaults', () => {
    const { catalog } = load(LOCAL);
    const { catalog: shown } = load(`${LOCAL}${text.slice(text.indexOf('defaults:'), text.indexOf('models:'))}`);
    expect(shown.defaults).toEqual(catalog.defaults);
  });

  it('says the built-in defaults of everything that is said once for all', () => {
    const { catalog: _, description: __, ...builtIn } = load(LOCAL);
    expect(load(`${LOCAL}${text.slice(text.indexOf('\nbreaker:'))}`)).toMatchObject(builtIn);
  });
});

interface JsonNode {
  readonly properties?: Readonly<Record<string, JsonNode>>;
  readonly additionalProperties?: JsonNode | boolean;
  readonly items?: JsonNode;
  readonly anyOf?: readonly JsonNode[];
  readonly oneOf?: readonly JsonNode[];
}

function branchesOf({ anyOf = [], oneOf = [] }: JsonNode): readonly JsonNode[] {
  return [...anyOf, ...oneOf];
}

/** What has the same form at several places is shown at one of them. */
function whereShown(option: string): string {
  return option
    .replace(/\.(?:targets\[\]\.chain\[\]|batch\.targets\[\]|escalateTo\[\]|escalateTo(?=\.))/, '.targets[]')
    .replace(/\.expect\.(?:characters|bullets|paragraphs)\.(?=min|max)/, '.expect.words.')
    .replace(/\.compare\.fields\.\*\.(?=ignore|similarity)/, '.compare.');
}

/** Paths of all fields that a schema knows; `*` for a name of the user's, `[]` for an entry of a list. */
function optionsOf(node: JsonNode, path = ''): readonly string[] {
  return [
    ...Object.entries(node.properties ?? {}).flatMap(([name, inner]) => [
      `${path}.${name}`,
      ...optionsOf(inner, `${path}.${name}`),
    ]),
    ...(typeof node.additionalProperties === 'object' ? optionsOf(node.additionalProperties, `${path}.*`) : []),
    ...(node.items ? optionsOf(node.items, `${path}[]`) : []),
    ...branchesOf(node).flatMap((inner) => optionsOf(inner, path)),
  ];
}

/** The same paths, of the fields that a value has. */
function optionsIn(value: unknown, node: JsonNode, path = ''): readonly string[] {
  const ofBranches = branchesOf(node).flatMap((branch) => optionsIn(value, branch, path));
  if (Array.isArray(value)) {
    const { items } = node;
    return [...ofBranches, ...(items ? value.flatMap((entry) => optionsIn(entry, items, `${path}[]`)) : [])];
  }
  if (typeof value !== 'object' || value === null) return [];
  const own = Object.entries(value).flatMap(([name, inner]) => {
    const next = node.properties?.[name];
    if (next) return [`${path}.${name}`, ...optionsIn(inner, next, `${path}.${name}`)];
    return typeof node.additionalProperties === 'object'
      ? optionsIn(inner, node.additionalProperties, `${path}.*`)
      : [];
  });
  return [...ofBranches, ...own];
}
