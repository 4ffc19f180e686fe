// An installation without the optional packages, made of links to this one's: what the configuration's check says, and
// what a call says. Runs the compiled program: a package that is there can't be taken away from a running test.

import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');
const OPTIONAL = ['azure', 'amazon-bedrock', 'google-vertex'];
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-bare-'));
  cpSync(join(root, 'dist'), join(directory, 'dist'), { recursive: true });
  cpSync(join(root, 'package.json'), join(directory, 'package.json'));
  const from = realpathSync(join(root, 'node_modules'));
  mkdirSync(join(directory, 'node_modules/@ai-sdk'), { recursive: true });
  for (const name of readdirSync(from)) {
    if (name !== '@ai-sdk') symlinkSync(join(from, name), join(directory, 'node_modules', name));
  }
  for (const name of readdirSync(join(from, '@ai-sdk'))) {
    if (!OPTIONAL.includes(name))
      symlinkSync(join(from, '@ai-sdk', name), join(directory, 'node_modules/@ai-sdk', name));
  }
});
afterAll(() => rmSync(directory, { recursive: true }));

test('the check of the configuration names the package, its major and the line', async () => {
  const config = join(directory, 'holdfast.yaml');
  const providers = [
    'providers:',
    '  a: { type: azure, apiKey: k, resource: r }',
    '  b: { type: bedrock, apiKey: k, region: eu-central-1 }',
    '  v: { type: vertex, apiKey: k }',
    '  o: { type: openai, apiKey: k }',
  ];
  writeFileSync(config, providers.join('\n'));
  const main = join(directory, 'dist/src/cli/main.js');
  const failed = await run(process.execPath, [main, 'config', 'check', config]).catch((error: unknown) => error);
  const said = JSON.stringify(failed);
  const needs = 'needs a package that is not installed: npm install';
  expect(said).toContain(`${config}:2: providers.a.type: azure ${needs} @ai-sdk/azure@3`);
  expect(said).toContain(`${config}:3: providers.b.type: bedrock ${needs} @ai-sdk/amazon-bedrock@4`);
  expect(said).toContain(`${config}:4: providers.v.type: vertex ${needs} @ai-sdk/google-vertex@4`);
  expect(said).not.toContain('providers.o');
});

test('a call without its package is not configured, and others go on', async () => {
  const script = `
    import { callProvider } from '${join(directory, 'dist/activities/providers/call.js')}';
    import { createProviderConnections } from '${join(directory, 'dist/activities/providers/exchange.js')}';
    const outcome = await callProvider({
      settings: { type: 'azure', apiKey: 'k', resource: 'r' },
      target: { provider: 'a', model: 'm' },
      prompt: { messages: [{ role: 'user', parts: [{ type: 'text', text: 'Hi' }] }], params: {} },
      limits: { attemptTimeoutMs: 1000, firstTokenTimeoutMs: 1000, stallTimeoutMs: 1000 },
      cancelSignals: [],
      connections: createProviderConnections(),
    });
    console.log(JSON.stringify(outcome));
    process.exit(0);`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script]);
  expect(JSON.parse(stdout)).toMatchObject({
    type: 'failed',
    failure: {
      kind: 'not-configured',
      message:
        'a/m is not configured on this worker (needs a package that is not installed: npm install @ai-sdk/azure@3).',
    },
    meta: { isSent: false, possiblyBilled: false },
  });
});
