import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { publishOnce } from '../../src/local-model/published-directory.ts';

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'holdfast-publish-'));
});
afterEach(() => rmSync(parent, { recursive: true }));

test('leaves nothing behind when it cannot be filled', async () => {
  const filling = publishOnce(join(parent, 'a'), async (draft) => {
    writeFileSync(join(draft, 'half'), 'half');
    throw new Error('the network is gone');
  });
  await expect(filling).rejects.toThrow('the network is gone');
  expect(readdirSync(parent)).toEqual([]);
});

test('shows the directory only when it is complete', async () => {
  const path = join(parent, 'a');
  await publishOnce(path, async (draft) => {
    writeFileSync(join(draft, 'file'), 'whole');
    expect(existsSync(path)).toBe(false);
  });
  expect(readFileSync(join(path, 'file'), 'utf8')).toBe('whole');
  expect(readdirSync(parent)).toEqual(['a']);
});

test('does not fill again what is there', async () => {
  const path = join(parent, 'a');
  let fills = 0;
  const fill = async () => void fills++;
  await publishOnce(path, fill);
  await publishOnce(path, fill);
  expect(fills).toBe(1);
});

test('lets two fill it at once, and both find it complete', async () => {
  const path = join(parent, 'a');
  const arrivals: (() => void)[] = [];
  const fill = async (draft: string) => {
    // Neither ends before both have begun.
    await new Promise<void>((resolve) => {
      arrivals.push(resolve);
      if (arrivals.length === 2) for (const arrive of arrivals) arrive();
    });
    writeFileSync(join(draft, 'file'), 'whole');
  };
  await Promise.all([publishOnce(path, fill), publishOnce(path, fill)]);
  expect(readFileSync(join(path, 'file'), 'utf8')).toBe('whole');
  expect(readdirSync(parent)).toEqual(['a']);
});

test('clears away what a killed process left long ago, and nothing that another is filling', async () => {
  const left = join(parent, 'draft-a-killed');
  const current = join(parent, 'draft-a-current');
  mkdirSync(left);
  mkdirSync(current);
  const twoDaysAgo = Date.now() / 1_000 - 2 * 24 * 3_600;
  utimesSync(left, twoDaysAgo, twoDaysAgo);
  await publishOnce(join(parent, 'a'), async () => undefined);
  expect(readdirSync(parent).sort()).toEqual(['a', 'draft-a-current']);
});
