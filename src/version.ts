// The version of the program, from its package.

import { readFileSync } from 'node:fs';

// The sources stand one folder, the compiled files two folders below the package.
const PACKAGE = import.meta.url.endsWith('.ts') ? '../package.json' : '../../package.json';

export const VERSION: string = JSON.parse(readFileSync(new URL(PACKAGE, import.meta.url), 'utf8')).version;
