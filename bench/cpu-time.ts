// The CPU time that a process has used, as Linux counts it. Other systems have no such file: there it is unknown.

import { readFileSync } from 'node:fs';

/** Milliseconds of user and system time of all threads, and of children that have ended; null where unknown. */
export function cpuTimeMs(pid: number): number | null {
  if (process.platform !== 'linux') return null;
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The program's name, in parentheses, may itself hold spaces: the numbers begin behind it, with the third field.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return ticks * TICK_MS;
}

/** The kernel counts in hundredths of a second for all programs, whatever its own clock. */
const TICK_MS = 10;
