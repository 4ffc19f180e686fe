// Which processes of this machine belong to a test, told by the directory they were started with.

import { readdirSync, readFileSync } from 'node:fs';

/** Pids of the processes that name this directory in their arguments or their environment. */
export function processesWith(directory: string): readonly string[] {
  return readdirSync('/proc').filter(
    (name) =>
      /^\d+$/.test(name) && ['cmdline', 'environ'].some((file) => read(`/proc/${name}/${file}`).includes(directory)),
  );
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    // It ended meanwhile, or belongs to somebody else.
    if (error instanceof Error && 'code' in error && /^(ENOENT|ESRCH|EACCES|EPERM)$/.test(String(error.code)))
      return '';
    throw error;
  }
}
