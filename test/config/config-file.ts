// A configuration file in a directory of its own, for one test.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Config } from '../../src/config.ts';
import { checkConfig, loadConfig } from '../../src/config.ts';

/** A directory that goes with the test. */
export function testDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-config-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export function configFile(text: string, directory = testDirectory()): string {
  const path = join(directory, 'holdfast.yaml');
  writeFileSync(path, text);
  return path;
}

/** Problems as `line path: message`. */
export function problemsOf(text: string, env: NodeJS.ProcessEnv = {}): readonly string[] {
  const problems = checkConfig({ path: configFile(text), env });
  return problems.map(({ line, path, message }) => `${line} ${path}: ${message}`);
}

export function load(text: string, env: NodeJS.ProcessEnv = {}): Config {
  return loadConfig({ path: configFile(text), env });
}

/** One provider, on line 1: the rest of a file can go behind it. */
export const LOCAL = 'providers: { local: { type: openai-compatible, baseUrl: "http://127.0.0.1:1/v1" } }\n';
