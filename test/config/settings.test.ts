// The environment's settings: defaults, and everything that can be wrong with them.

import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ConfigError, loadSettings } from '../../src/config.ts';
import { testDirectory } from './config-file.ts';

/** No file of Temporal's own tools on this machine takes part. */
const bare = { TEMPORAL_CONFIG_FILE: '/no/such/file' };
const alice = createHash('sha256').update('alice').digest('hex');
const bob = createHash('sha256').update('bob').digest('hex');

function problemsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    loadSettings({ ...bare, ...env });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ path, line, message }) => `${path} ${line} ${message}`);
  }
}

describe('the settings', () => {
  it('have safe defaults', () => {
    expect(loadSettings(bare)).toEqual({
      configPath: null,
      host: '127.0.0.1',
      port: { wanted: 8080, asked: false },
      dataDir: resolve('.holdfast'),
      apiKeys: [],
      lineUrl: null,
      url: null,
      apiKey: null,
      logLevel: 'info',
      temporal: {
        hasAddress: false,
        port: { wanted: 7233, asked: false },
        uiPort: { wanted: 8233, asked: false },
        executable: null,
        searchPath: '',
        uiUrl: null,
      },
    });
  });

  it('are taken from the environment', () => {
    const settings = loadSettings({
      ...bare,
      HOLDFAST_CONFIG: 'other.yaml',
      HOLDFAST_HOST: '::1',
      HOLDFAST_PORT: '0',
      HOLDFAST_DATA_DIR: '/data',
      HOLDFAST_API_KEYS: `alice:${alice.toUpperCase()}, bob:${bob}:operator`,
      HOLDFAST_LINE_URL: 'http://holdfast-1:8080/',
      HOLDFAST_URL: 'https://holdfast.example/',
      HOLDFAST_API_KEY: 'alice',
      HOLDFAST_LOG_LEVEL: 'debug',
      HOLDFAST_TEMPORAL_PORT: '7300',
      HOLDFAST_TEMPORAL_UI_PORT: '8300',
      HOLDFAST_TEMPORAL_BIN: '/bin/temporal',
      PATH: '/bin',
      HOLDFAST_TEMPORAL_UI_URL: 'https://temporal.example/',
    });
    expect(settings).toEqual({
      configPath: 'other.yaml',
      host: '::1',
      port: { wanted: 0, asked: true },
      dataDir: '/data',
      apiKeys: [
        { name: 'alice', sha256: alice, operator: false },
        { name: 'bob', sha256: bob, operator: true },
      ],
      lineUrl: 'http://holdfast-1:8080',
      url: 'https://holdfast.example',
      apiKey: 'alice',
      logLevel: 'debug',
      temporal: {
        hasAddress: false,
        port: { wanted: 7300, asked: true },
        uiPort: { wanted: 8300, asked: true },
        executable: '/bin/temporal',
        searchPath: '/bin',
        uiUrl: 'https://temporal.example',
      },
    });
  });

  it('take ./holdfast.yaml when there is one', () => {
    const [before, directory] = [process.cwd(), testDirectory()];
    onTestFinished(() => process.chdir(before));
    process.chdir(directory);
    writeFileSync('holdfast.yaml', '');
    expect(loadSettings(bare).configPath).toBe('holdfast.yaml');
  });

  it('count a variable that is empty as not set', () => {
    expect(loadSettings({ ...bare, HOLDFAST_PORT: '', HOLDFAST_API_KEYS: '' })).toEqual(loadSettings(bare));
  });

  it('are refused with every problem at once', () => {
    const env = {
      HOLDFAST_PORT: '65536',
      HOLDFAST_TEMPORAL_PORT: '80.5',
      HOLDFAST_TEMPORAL_UI_PORT: 'ui',
      HOLDFAST_URL: 'localhost:8080',
      HOLDFAST_TEMPORAL_UI_URL: 'ftp://ui',
      HOLDFAST_LOG_LEVEL: 'loud',
      HOLDFAST_API_KEYS: 'alice',
      TEMPORAL_PROFILE: 'nobody',
    };
    const problems = problemsOf(env);
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual(expect.arrayContaining(Object.keys(env)));
    expect(problems).toHaveLength(8);
  });
});

describe('API keys', () => {
  it.each([
    '0.0.0.0',
    '::',
    '192.168.1.2',
    'holdfast.example',
    '127.0.0.1.example',
  ])('are needed to listen on %s, and the error says how to make one', (host) => {
    const problem = [expect.stringMatching(/^HOLDFAST_API_KEYS null is needed .*printf %s "\$key" \| sha256sum/)];
    expect(problemsOf({ HOLDFAST_HOST: host })).toEqual(problem);
    expect(problemsOf({ HOLDFAST_HOST: host, HOLDFAST_API_KEYS: '  ' })).toEqual(problem);
    expect(problemsOf({ HOLDFAST_HOST: host, HOLDFAST_API_KEYS: `a:${alice}` })).toEqual([]);
  });

  it.each(['127.0.0.1', '127.1.2.3', 'localhost', '::1'])('are not needed on %s', (host) => {
    expect(problemsOf({ HOLDFAST_HOST: host })).toEqual([]);
  });

  it.each([
    'sk-secret',
    'sk-secret:operator',
    `sk-secret:${alice.slice(1)}`,
    `sk-secret:${alice}:admin`,
    `sk secret:${alice}`,
    `sk-secret:${alice},`,
    `sk-secret:${alice},sk-secret:${bob}`,
    `sk-secret:${alice},other:${alice}`,
  ])('are refused as %s, and not repeated', (keys) => {
    const problems = problemsOf({ HOLDFAST_API_KEYS: keys });
    expect(problems).toEqual([expect.stringMatching(/^HOLDFAST_API_KEYS null entry \d (is not|repeats)/)]);
    expect(problems[0]).not.toContain('secret');
  });
});

describe("Temporal's own settings", () => {
  function profile(text: string): string {
    const directory = join(testDirectory(), 'temporalio');
    mkdirSync(directory);
    writeFileSync(join(directory, 'temporal.toml'), text);
    return join(directory, 'temporal.toml');
  }

  it('name a server by TEMPORAL_ADDRESS or by a profile', () => {
    const TEMPORAL_CONFIG_FILE = profile('[profile.default]\nnamespace = "n"\n[profile.prod]\naddress = "t:7233"\n');
    const hasAddress = (env: NodeJS.ProcessEnv) => loadSettings(env).temporal.hasAddress;
    expect(hasAddress({ ...bare, TEMPORAL_ADDRESS: 't:7233' })).toBe(true);
    expect(hasAddress({ TEMPORAL_CONFIG_FILE, TEMPORAL_PROFILE: 'prod' })).toBe(true);
    expect(hasAddress({ TEMPORAL_CONFIG_FILE })).toBe(false);
  });

  it('that can not be read are a problem, and no key in them is repeated', () => {
    const TEMPORAL_CONFIG_FILE = profile('[profile.default]\napi_key = "sk-secret\n');
    const problems = problemsOf({ TEMPORAL_CONFIG_FILE });
    expect(problems).toEqual([expect.stringContaining("TEMPORAL_PROFILE null Temporal's client configuration")]);
    expect(problems[0]).not.toContain('sk-secret');
  });
});
