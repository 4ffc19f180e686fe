// The most memory that a process has had since it was last asked, as Linux counts it. Unknown on other systems.

import { readFileSync, writeFileSync } from 'node:fs';

/** Of memory that is resident; null where unknown. */
export function takePeakBytes(pid: number): number | null {
  if (process.platform !== 'linux') return null;
  const kilobytes = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  // Sets it back to what there is now: https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
  return kilobytes === undefined ? null : Number(kilobytes) * 1024;
}
