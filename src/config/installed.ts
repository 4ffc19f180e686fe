// Whether an optional package is there. Must not load it.

import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** `optionalPackage` as `npm install` takes it: `@scope/name@major`. */
export function isInstalled(optionalPackage: string): boolean {
  try {
    require.resolve(optionalPackage.slice(0, optionalPackage.lastIndexOf('@')));
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND') return false;
    throw error;
  }
}
