// Text that a command is given in files.

import { readFile } from 'node:fs/promises';
import { CommandError } from './output.ts';

export async function readSchema(file: string): Promise<unknown> {
  const text = await readText(file);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CommandError(`The schema ${file} is not valid JSON: ${(error as Error).message}`, { cause: error });
  }
}

export async function readText(file: string): Promise<string> {
  try {
    return decode(await readFile(file), file);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`Cannot read ${file}: ${(error as Error).message}`, { cause: error });
  }
}

export function decode(bytes: Uint8Array, source: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new CommandError(`What ${source} has is not UTF-8 text.`, { cause: error });
  }
}
