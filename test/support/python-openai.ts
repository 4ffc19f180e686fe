// The official Python client, in a virtual environment of its own that is made once for all checkouts.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { CACHE_DIR } from '../../src/cli/service.ts';
import { runCommand } from '../../src/fetching/run-command.ts';
import { publishOnce } from '../../src/local-model/published-directory.ts';

const VERSION = '3.57.0';

export interface PythonOpenai {
  /** Runs a script with `openai` installed; resolves with what it printed. */
  run(script: string, env: Readonly<Record<string, string>>): Promise<string>;
}

/** Or the reason why this machine has none. */
export async function pythonOpenai(): Promise<PythonOpenai | string> {
  const directory = join(CACHE_DIR, `python-openai-${VERSION}`);
  try {
    await publishOnce(directory, async (draft) => {
      await runCommand('python3', ['-m', 'venv', draft], { limitMs: 60_000 });
      const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `openai==${VERSION}`];
      await runCommand(join(draft, 'bin', 'python'), install, { limitMs: PYTHON_INSTALL_LIMIT_MS });
    });
  } catch (error) {
    return `no Python with openai ${VERSION} on this machine: ${error instanceof Error ? error.message : String(error)}`;
  }
  return { run: (script, env) => run(join(directory, 'bin', 'python'), script, env) };
}

export const PYTHON_INSTALL_LIMIT_MS = 240_000;

function run(python: string, script: string, env: Readonly<Record<string, string>>): Promise<string> {
  const child = spawn(python, ['-c', script], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (errors += chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`Python ended with ${code}: ${errors}`));
    });
  });
}
