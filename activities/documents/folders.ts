// Which folders of this machine an analysis may read and write: those that the configuration names, and what is in them.

import { realpath } from 'node:fs/promises';
import { resolve, sep } from 'node:path';

/** Why a folder may not be used, or null. Links in its path count as what they lead to. */
export async function folderFault(folder: string, allowed: readonly string[]): Promise<string | null> {
  const real = await realpath(folder).catch(() => resolve(folder));
  for (const one of allowed) {
    const root = await realpath(one).catch(() => resolve(one));
    if (real === root || real.startsWith(root.endsWith(sep) ? root : `${root}${sep}`)) return null;
  }
  return `The folder ${folder} is not in one of those that documents.folders of the configuration names.`;
}
