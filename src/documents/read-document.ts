// Reads documents in a process of its own, which is killed when one takes too long or too much memory: neither a hostile nor a
// broken file may hold up, or take down, the process that it is read for. (A thread that runs out of memory takes all with it.)

import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { UnreadableDocument } from './document-text.ts';
import type { Reading } from './reading-process.ts';

/** One document after the other. */
export class DocumentReader {
  readonly #limitMs: number;
  readonly #maxMemoryMb: number;
  #process: ChildProcess | null = null;

  constructor(limits: { readonly limitMs?: number; readonly maxMemoryMb?: number } = {}) {
    this.#limitMs = limits.limitMs ?? LIMIT_MS;
    this.#maxMemoryMb = limits.maxMemoryMb ?? MAX_MEMORY_MB;
  }

  /** Throws `UnreadableDocument`: one bad document must not hold up the others. */
  async read(path: string): Promise<string> {
    const isFirst = this.#process === null;
    const reading = await this.#inProcess(path);
    if (reading && 'text' in reading) return reading.text;
    if (reading) throw new UnreadableDocument(reading.unreadable);
    this.end();
    if (isFirst) throw new UnreadableDocument(TOO_MUCH);
    // It may be an earlier one's doing.
    return await this.read(path);
  }

  /** To be called when there are no more. */
  end(): void {
    this.#process?.kill('SIGKILL');
    this.#process = null;
  }

  /** Null: it has not come back, in time or at all. Throws when there is no process to be had. */
  #inProcess(path: string): Promise<Reading | null> {
    const child = (this.#process ??= this.#start());
    return new Promise((resolve, reject) => {
      const settle = (reading: Reading | null) => {
        clearTimeout(timer);
        child.off('message', settle).off('exit', onEnd).off('error', onError);
        resolve(reading);
      };
      const onEnd = () => settle(null);
      const onError = (error: Error) => {
        reject(error);
        settle(null);
      };
      const timer = setTimeout(onEnd, this.#limitMs);
      child.on('message', settle).on('exit', onEnd).on('error', onError);
      child.send(path, (error) => {
        if (error) onEnd();
      });
    });
  }

  #start(): ChildProcess {
    return fork(PROGRAM, [String(this.#maxMemoryMb)], {
      execArgv: [`--max-old-space-size=${this.#maxMemoryMb}`],
      // Keys of the service are nothing for a process that takes in files from outside.
      env: {},
      // What it prints when it runs out of memory is of no use to anybody.
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
  }
}

const PROGRAM = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? '../../dist/src/documents/reading-process.js' : './reading-process.js',
    import.meta.url,
  ),
);
const LIMIT_MS = 60_000;
const MAX_MEMORY_MB = 1_024;
const TOO_MUCH = 'It takes too much time or memory to read.';
