// The arguments with which the embedded Temporal server runs, and why. Decides nothing about the process.

/** Arguments for the Temporal CLI. Needs version 1.9 or newer. */
export function serverArguments(input: {
  readonly databaseFile: string;
  readonly port: number;
  readonly uiPort: number;
}): readonly string[] {
  return [
    'server',
    'start-dev',
    // Loopback only: the dev server has no authentication.
    '--ip=127.0.0.1',
    `--port=${input.port}`,
    `--ui-port=${input.uiPort}`,
    `--db-filename=${input.databaseFile}`,
    // WAL doubles the throughput; with full synchronisation a recorded step also survives a power cut.
    '--sqlite-pragma=journal_mode=wal',
    '--sqlite-pragma=synchronous=full',
    '--log-format=json',
    '--log-level=warn',
    ...Object.entries(dynamicConfig).map(([key, value]) => `--dynamic-config-value=${key}=${JSON.stringify(value)}`),
  ];
}

const dynamicConfig: Readonly<Record<string, number | boolean | string>> = {
  // With several partitions priorities hold only within each, and a lone poller finds its task later.
  'matching.numTaskqueueReadPartitions': 1,
  'matching.numTaskqueueWritePartitions': 1,
  // The dev server has one shard, and polls its queues at most 20 times a second by default: every step of every
  // workflow would wait for the next tick of a 50 ms grid.
  'history.transferProcessorMaxPollRPS': 200,
  'history.timerProcessorMaxPollRPS': 200,
  // By default a timer may fire up to a second late, in which most hedges would have been over.
  'history.timerProcessorMaxTimeShift': '10ms',
  // Long polls allowed at once: each waiting client is one.
  'frontend.namespaceCount': 10_000,
  // On by default only from server 1.32 on; an executable from PATH may be older.
  'system.enableActivityEagerExecution': true,
};
