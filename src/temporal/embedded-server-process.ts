// One process of the Temporal server, which never outlives the service: neither a stop, nor a crash, nor SIGKILL
// leaves it behind. Does not know whether the server is healthy, nor starts it again.

import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { hasCode, lookUpProcess, sendSignal } from '../processes.ts';
import { databaseFile } from './embedded-server-database.ts';

export interface ServerProcess {
  readonly pid: number;
  /** Settles when it has ended, with how it did. */
  readonly ended: Promise<string>;
  hasEnded(): boolean;
  /** The last lines that it wrote. */
  lastLines(): readonly string[];
  /** SIGTERM, and SIGKILL when that is not enough. */
  stop(): Promise<void>;
}

export async function spawnServer(input: {
  readonly executable: string;
  readonly arguments: readonly string[];
  readonly dataDir: string;
  readonly onLine: (line: string) => void;
}): Promise<ServerProcess> {
  const { executable, dataDir, onLine } = input;
  const script = ['-c', LIFELINE_SCRIPT, 'sh', pidFile(dataDir), executable, ...input.arguments];
  // In a session of its own: Ctrl-C in a terminal reaches the service only, which still needs the server to drain.
  const child = spawn('sh', script, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'], detached: true });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      if (lines.length > KEPT_LINES) lines.shift();
      onLine(line);
    });
  }
  const lifeline = child.stdio[LIFELINE];
  let isOver = false;
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => {
      isOver = true;
      // Tells the watcher that there is nothing left to end: the pid may be another's soon.
      if (lifeline && 'end' in lifeline) lifeline.end('over\n');
      resolve(signal ?? `exit code ${code}`);
    });
  });
  lifeline?.on('error', (error) => onLine(`The lifeline of the Temporal server broke: ${error.message}`));
  await new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  const { pid } = child;
  if (pid === undefined) throw new Error('The Temporal server was started without a pid.');
  return {
    pid,
    ended,
    hasEnded: () => isOver,
    lastLines: () => lines,
    async stop() {
      if (!isOver) sendSignal(pid, 'SIGTERM');
      const killing = globalThis.setTimeout(() => sendSignal(pid, 'SIGKILL'), STOP_LIMIT_MS);
      await ended;
      clearTimeout(killing);
      rmSync(pidFile(dataDir), { force: true });
    },
  };
}

/**
 * Ends the server that a killed service left: its lifeline ends it too, but it may hold database and ports for
 * another second.
 */
export async function endLeftOverServer(dataDir: string, report: (line: string) => void): Promise<void> {
  const pid = readPid(dataDir);
  if (pid === null) return;
  const found = lookUpProcess(pid);
  // The pid alone may be another process's by now; the database's path in the command line makes sure. A process that
  // is just ending has no command line any more, and may still hold the ports: then waiting does no harm.
  const isOurs = (commandLine: string) => commandLine.includes(databaseFile(dataDir));
  if (found === null || (found.commandLine !== '' && !isOurs(found.commandLine))) return;
  const isThere = () => lookUpProcess(pid)?.startedAt === found.startedAt;
  report(`Waiting for the Temporal server of an earlier run (process ${pid}) to end.`);
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    sendSignal(pid, signal);
    const giveUpAt = Date.now() + LEFT_OVER_LIMIT_MS;
    while (isThere() && Date.now() < giveUpAt) await setTimeout(POLL_MS);
  }
  if (isOurs(lookUpProcess(pid)?.commandLine ?? '')) {
    throw new Error(`The Temporal server of an earlier run (process ${pid}) does not end: end it by hand.`);
  }
}

const STOP_LIMIT_MS = 10_000;
/** For each signal; a healthy one needs about a second. */
const LEFT_OVER_LIMIT_MS = 3_000;
const POLL_MS = 20;
const KEPT_LINES = 20;
const LIFELINE = 3;

/**
 * A watcher in the background reads from a pipe whose other end only the service holds, and which the system closes
 * however the service ends; then the shell becomes the server, under the same pid. The pid is on file before there is
 * a server, so that no instant is left in which a kill could leave one that nobody knows.
 */
const LIFELINE_SCRIPT = `
echo "$$" > "$1" || exit 1
shift
(read -r _ <&${LIFELINE} || kill -TERM "$$") < /dev/null > /dev/null 2>&1 &
exec "$@" ${LIFELINE}<&-
`;

function pidFile(dataDir: string): string {
  return join(dataDir, 'temporal.pid');
}

function readPid(dataDir: string): number | null {
  try {
    const pid = Number.parseInt(readFileSync(pidFile(dataDir), 'utf8'), 10);
    return Number.isNaN(pid) ? null : pid;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}
