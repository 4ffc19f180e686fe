// The directory that holds everything written locally. Sees to it that two services never work in the same one, and
// tells command-line clients where the service listens. Must not know what is stored inside.

import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { hasCode, lookUpProcess } from './processes.ts';

export interface DataDirectory {
  /** Absolute. */
  readonly path: string;
  /** Leaves the address of the API for command-line clients. */
  writeAddress(url: string): void;
  /** Takes the address back and lets another service in. */
  release(): void;
}

/**
 * Creates the directory when needed and locks it for this process; throws when another process holds it. A lock whose
 * process has ended, however it ended, does not hold.
 */
export function openDataDirectory(
  path: string,
  options: {
    /** Without a lock: services that keep nothing but payloads in it may share one. @default false */
    readonly isShared?: boolean;
  } = {},
): DataDirectory {
  const directory = resolve(path);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const unlock = options.isShared === true ? () => undefined : lock(directory);
  const addressFile = join(directory, ADDRESS_FILE);
  let address: string | null = null;
  return {
    path: directory,
    writeAddress(url) {
      address = url;
      replaceFile(addressFile, `${url}\n`);
    },
    release() {
      // In a shared directory another service may have left its own address since.
      if (address !== null && readAddress(directory) === address) rmSync(addressFile, { force: true });
      address = null;
      unlock();
    },
  };
}

/** The address that a service has left in this data directory, or null. The service may have been killed since. */
export function readAddress(path: string): string | null {
  const address = readIfThere(join(path, ADDRESS_FILE))?.trim();
  return address === undefined || address === '' ? null : address;
}

const ADDRESS_FILE = 'address';
const LOCK_FILE = 'lock';

/** What the lock file holds: one line of JSON. */
interface Holder {
  readonly pid: number;
  /** Guards against a pid given to another process, or to us after a container's restart. */
  readonly startedAt: string;
}

function lock(directory: string): () => void {
  const file = join(directory, LOCK_FILE);
  const self = lookUpProcess(process.pid);
  const ours = JSON.stringify({ pid: process.pid, startedAt: self?.startedAt ?? '' } satisfies Holder);
  const draft = unique(file);
  writeFileSync(draft, ours, { mode: 0o600 });
  try {
    // A link appears with its content, and only one process can make it.
    while (!linked(draft, file)) {
      const content = readIfThere(file);
      if (content === null) continue;
      const pid = livePid(content);
      if (pid !== null) {
        throw new Error(
          `The data directory ${directory} is in use by process ${pid}: stop that service first, or set another data directory.`,
        );
      }
      removeStale(file, content);
    }
  } finally {
    rmSync(draft);
  }
  return () => {
    if (readIfThere(file) === ours) rmSync(file, { force: true });
  };
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

function livePid(content: string): number | null {
  const holder = parseHolder(content);
  if (holder === null) return null;
  return lookUpProcess(holder.pid)?.startedAt === holder.startedAt ? holder.pid : null;
}

function parseHolder(content: string): Holder | null {
  // Links are made from complete files: anything else was not written by us, and holds nobody out.
  if (!/^\{"pid":\d+,"startedAt":"[^"\\]*"\}$/.test(content)) return null;
  return JSON.parse(content) as Holder;
}

/** Removes the stale lock unless another process was faster, took it over and now holds the file of that name. */
function removeStale(file: string, staleContent: string): void {
  const aside = unique(file);
  try {
    renameSync(file, aside);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  if (readFileSync(aside, 'utf8') !== staleContent) linked(aside, file);
  rmSync(aside);
}

function replaceFile(file: string, content: string): void {
  const draft = unique(file);
  writeFileSync(draft, content, { mode: 0o600 });
  renameSync(draft, file);
}

function unique(file: string): string {
  return `${file}.${process.pid}.${process.hrtime.bigint()}`;
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}
