// Looks up a process by its pid, so that a pid which the system has given to another process is not mistaken for
// the one that was recorded. Knows nothing of what the processes do.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface RunningProcess {
  /** Differs between any two processes that ever had the same pid; only to be compared. */
  readonly startedAt: string;
  /** The executable with its arguments, joined by spaces; empty of one that is ending. */
  readonly commandLine: string;
}

/** Null when no such process runs; one that has ended and waits to be reaped counts as ended. */
export function lookUpProcess(pid: number): RunningProcess | null {
  return process.platform === 'linux' ? lookUpInProc(pid) : lookUpWithPs(pid);
}

/** Sends a signal; a process that has ended meanwhile is no error. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error;
  }
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function lookUpInProc(pid: number): RunningProcess | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses, which may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, threads, startTicks] = [fields[0], fields[17], fields[19]];
    // Its first thread may be gone while others, still ending, hold its files and ports.
    if (state === 'X' || (state === 'Z' && threads === '1')) return null;
    // The start is counted from the machine's boot, so it needs the boot's id beside it.
    const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return { startedAt: `${bootId}:${startTicks}`, commandLine };
  } catch (error) {
    // ESRCH: it ended while its files were read.
    if (hasCode(error, 'ENOENT') || hasCode(error, 'ESRCH')) return null;
    throw error;
  }
}

function lookUpWithPs(pid: number): RunningProcess | null {
  const ps = (column: string) =>
    execFileSync('ps', ['-o', `${column}=`, '-p', String(pid)], { encoding: 'utf8', env: { LC_ALL: 'C' } }).trim();
  try {
    if (ps('stat').startsWith('Z')) return null;
    return { startedAt: ps('lstart'), commandLine: ps('args') };
  } catch (error) {
    // `ps` exits with 1 when it finds no such process.
    if (error instanceof Error && 'status' in error && error.status === 1) return null;
    throw error;
  }
}
