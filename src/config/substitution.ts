// `${NAME}` and `${file:/path}` inside a text of the configuration; `$${` stands for `${` itself.
// Must not put a value that it looked up into a message.

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

export interface Substitution {
  /** With every reference that was found filled in. */
  readonly text: string;
  /** One message per reference that leads nowhere. */
  readonly faults: readonly string[];
}

export function substitute(input: {
  readonly text: string;
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
}): Substitution {
  const { directory, env } = input;
  const faults: string[] = [];
  const text = input.text.replace(REFERENCE, (whole: string, name: string | undefined) => {
    if (name === undefined) return whole === ESCAPED ? '${' : fault(`\${ is not closed; ${ESCAPED} stands for \${`);
    if (name.startsWith('file:')) return fromFile(resolve(directory, name.slice('file:'.length)));
    if (!VARIABLE.test(name)) return fault(`\${…} takes a variable's name or file:/path; ${ESCAPED} stands for \${`);
    return env[name] ?? fault(`the environment variable ${name} is not set`);
  });
  return { text, faults };

  function fromFile(path: string): string {
    try {
      // Editors and `echo` end a file with a line break that is no part of the secret.
      return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    } catch (error) {
      return fault(`the file ${path} can't be read (${errorCode(error)})`);
    }
  }

  function fault(message: string): string {
    faults.push(message);
    return '';
  }
}

export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

const ESCAPED = '$${';
const REFERENCE = /\$\$\{|\$\{(?:([^}]*)\})?/g;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
