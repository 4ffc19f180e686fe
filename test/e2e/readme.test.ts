// The README's commands do what it says, run as it writes them: from the checkout, with the configuration that it shows.

import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readAddress } from '../../src/data-directory.ts';
import { eventually } from '../support/polling.ts';
import { FETCH_LIMIT_MS, temporalExecutable } from '../support/temporal-executable.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

const dataDir = mkdtempSync(join(tmpdir(), 'holdfast-readme-'));
const configPath = join(dataDir, 'holdfast.yaml');
const env = {
  ...process.env,
  HOLDFAST_DATA_DIR: dataDir,
  HOLDFAST_CONFIG: configPath,
  HOLDFAST_PORT: '0',
  HOLDFAST_TEMPORAL_PORT: '0',
  HOLDFAST_TEMPORAL_UI_PORT: '0',
};

let url: string;
let stop: () => Promise<void>;

beforeAll(async () => {
  await temporalExecutable();
  writeFileSync(configPath, /```yaml\n([\s\S]*?)```/.exec(README)?.[1] ?? '');
  const service = spawn('npm', ['start'], { cwd: ROOT, env, detached: true, stdio: 'ignore' });
  const ended = new Promise((resolve) => service.once('exit', resolve));
  stop = async () => {
    // As Ctrl-C does: to the whole group.
    process.kill(-(service.pid ?? 0), 'SIGINT');
    await ended;
  };
  url = await eventually(() => readAddress(dataDir), 30_000);
}, FETCH_LIMIT_MS);

afterAll(async () => {
  await stop();
  rmSync(dataDir, { recursive: true });
});

/** The first line of a console block that begins so, with its continuation lines, without the prompt. */
function shown(start: string): string {
  const at = README.indexOf(`$ ${start}`);
  expect(at).toBeGreaterThan(-1);
  const lines = README.slice(at + 2).split('\n');
  const end = lines.findIndex((line) => !line.endsWith('\\'));
  return lines.slice(0, end + 1).join('\n');
}

async function run(command: string): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)('sh', ['-c', command], { cwd: ROOT, env: { ...env, HOLDFAST_URL: url } });
}

describe('README', () => {
  test('names only scripts that there are', () => {
    const named = [...README.matchAll(/`(?:npm ci && )?npm (?:run )?([a-z]+)(?: -- [^`]*)?`/g)].map(([, name]) => name);
    expect(new Set(named)).toEqual(new Set(['demo', 'test', 'start', 'bench', 'chaos', 'outage']));
    for (const name of named) expect(scripts).toHaveProperty(name ?? '');
  });

  test('links only to files that there are', () => {
    const links = [...README.matchAll(/\]\((?!http)([^)#]+)\)/g)].map(([, path]) => path ?? '');
    expect(links.length).toBeGreaterThan(5);
    for (const path of links) expect(() => readFileSync(join(ROOT, path)), path).not.toThrow(/ENOENT/);
  });

  test('shows a request that is answered by the second provider', async () => {
    const { stdout } = await run(shown('curl').replace('http://127.0.0.1:8080', url));
    expect(stdout).toMatch(/^HTTP\/1.1 200 OK/);
    expect(stdout).toContain('x-holdfast-target: backup/simulated');
    expect(stdout).toContain('x-holdfast-calls: 3');
    expect(JSON.parse(stdout.split('\r\n\r\n')[1] ?? '')).toMatchObject({ choices: [{ finish_reason: 'stop' }] });
  });

  test('shows a submission with its trail', async () => {
    const { stdout, stderr } = await run(shown('npx holdfast submit'));
    expect(stdout.trim()).toBe(README.match(/^A simulated answer to: .*$/m)?.[0]);
    expect(stderr).toMatch(/✗ primary\/gpt: connection[\s\S]*✓ backup\/simulated: succeeded/);
  });

  test('names commands of the program that there are', async () => {
    const { stdout } = await run('npx holdfast --help');
    for (const command of ['submit', 'get', 'list', 'cancel', 'replay', 'config', 'serve', 'demo']) {
      expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
    }
    await expect(run('npx holdfast config check holdfast.example.yaml')).rejects.toThrow(/OPENAI_API_KEY|problem/);
    expect((await run(`npx holdfast config check ${configPath}`)).stdout).toContain('summarize');
  });
});
