// Runs a short command to its end. Not for processes that stay.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What it printed; throws why it failed, in its own words where it left any, or that it took too long. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: { readonly limitMs: number },
): Promise<string> {
  try {
    const limits = { timeout: options.limitMs, maxBuffer: MAX_OUTPUT_BYTES };
    const { stdout } = await promisify(execFile)(command, args, limits);
    return stdout;
  } catch (error) {
    const { message, killed, stderr } = error as Error & { killed?: boolean; stderr?: string };
    if (killed === true) throw new Error(`it took longer than ${options.limitMs / 1000} s`, { cause: error });
    throw new Error(stderr?.trim().split('\n').at(-1) || message, { cause: error });
  }
}

const MAX_OUTPUT_BYTES = 10_000_000;
