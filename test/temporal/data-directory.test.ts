// The data directory's lock and the address in it, with real processes that hold and die.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openDataDirectory, readAddress } from '../../src/data-directory.ts';
import { lookUpProcess } from '../../src/processes.ts';
import { compileSource } from '../support/compiled-source.ts';

let compiled: string;
let path: string;
const children: ChildProcess[] = [];

beforeAll(() => {
  compiled = mkdtempSync(join(tmpdir(), 'holdfast-compiled-'));
  compileSource(compiled);
  return () => rmSync(compiled, { recursive: true });
});
beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), 'holdfast-data-')), 'data');
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(join(path, '..'), { recursive: true });
});

describe('a data directory', () => {
  it('refuses a second service, and names the process that holds it', async () => {
    const holder = hold(path);
    expect(await holder.said).toBe('held');
    expect(() => openDataDirectory(path)).toThrow(`${path} is in use by process ${holder.child.pid}`);
    await holder.kill();
  });

  it('refuses to be opened twice by one process', () => {
    const open = openDataDirectory(path);
    expect(() => openDataDirectory(path)).toThrow(`in use by process ${process.pid}`);
    open.release();
  });

  it('is taken over from a service that was killed', async () => {
    const holder = hold(path);
    await holder.said;
    await holder.kill();
    openDataDirectory(path).release();
  });

  it('is taken over by exactly one of many that find it abandoned at once', async () => {
    const killed = hold(path);
    await killed.said;
    await killed.kill();
    const said = await Promise.all(Array.from({ length: 6 }, () => hold(path).said));
    expect(said.filter((word) => word === 'held')).toHaveLength(1);
    expect(said.filter((word) => word.includes('in use by process'))).toHaveLength(5);
  });

  it('is taken over when the pid on file belongs to another process by now', () => {
    openDataDirectory(path);
    const content = readFileSync(join(path, 'lock'), 'utf8');
    const startedAt = lookUpProcess(process.pid)?.startedAt ?? '';
    expect(content).toContain(startedAt);
    // So it looks after a container's restart, where the new service has the old one's pid.
    writeFileSync(join(path, 'lock'), content.replace(startedAt, 'another start'));
    openDataDirectory(path).release();
  });

  it('is taken over from a lock that nobody can read', () => {
    openDataDirectory(path);
    writeFileSync(join(path, 'lock'), '{"pid":');
    openDataDirectory(path).release();
  });

  it('is free again once released, and holds nothing that is left over', () => {
    openDataDirectory(path).release();
    openDataDirectory(path).release();
    expect(readdirSync(path)).toEqual([]);
  });

  it('may be shared by services that keep nothing but payloads in it', () => {
    const one = openDataDirectory(path, { isShared: true });
    const other = openDataDirectory(path, { isShared: true });
    one.writeAddress('http://127.0.0.1:1');
    other.writeAddress('http://127.0.0.1:2');
    one.release();
    expect(readAddress(path)).toBe('http://127.0.0.1:2');
    other.release();
  });

  it('is readable by its owner only', () => {
    openDataDirectory(path).release();
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  it('tells the address of the service as long as that is there', () => {
    expect(readAddress(path)).toBeNull();
    const open = openDataDirectory(path);
    expect(readAddress(path)).toBeNull();
    open.writeAddress('http://127.0.0.1:8080');
    expect(readAddress(path)).toBe('http://127.0.0.1:8080');
    open.release();
    expect(readAddress(path)).toBeNull();
  });
});

/** A process that opens the data directory, says how that went, and holds it until it is killed. */
function hold(directory: string): { child: ChildProcess; said: Promise<string>; kill: () => Promise<void> } {
  const program = `
    import { openDataDirectory } from ${JSON.stringify(join(compiled, 'src/data-directory.js'))};
    try { openDataDirectory(${JSON.stringify(directory)}); console.log('held'); } catch (error) { console.log(error.message); }
    setInterval(() => {}, 1000);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return {
    child,
    said: new Promise((resolve) => child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()))),
    kill: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.kill('SIGKILL');
      }),
  };
}
