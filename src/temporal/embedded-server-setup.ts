// Waits until a local Temporal server serves, and sets its namespace up. Talks to it only; does not run it.

import { setTimeout } from 'node:timers/promises';
import { msToTs, optionalTsToMs } from '@temporalio/common/lib/time.js';
import { NativeConnection } from '@temporalio/worker';
import { registerSearchAttributes } from './search-attributes.ts';

export const EMBEDDED_NAMESPACE = 'default';

/** Polls until the namespace can be read; throws the last reason when that takes too long. */
export async function waitUntilServing(input: {
  readonly address: string;
  readonly limitMs: number;
  /** Asked before each poll: true ends the wait at once. */
  readonly isHopeless: () => boolean;
}): Promise<NativeConnection> {
  const giveUpAt = Date.now() + input.limitMs;
  let connection: NativeConnection | null = null;
  for (;;) {
    try {
      connection ??= await NativeConnection.connect({ address: input.address });
      await readRetentionMs(connection);
      return connection;
    } catch (error) {
      if (input.isHopeless() || Date.now() >= giveUpAt) {
        await connection?.close();
        throw error;
      }
      await setTimeout(POLL_MS);
    }
  }
}

/** Retention and search attributes; changes only what differs. */
export async function setUpNamespace(connection: NativeConnection, retentionMs: number): Promise<void> {
  if ((await readRetentionMs(connection)) !== retentionMs) {
    const config = { workflowExecutionRetentionTtl: msToTs(retentionMs) };
    await connection.workflowService.updateNamespace({ namespace: EMBEDDED_NAMESPACE, config });
  }
  await registerSearchAttributes(connection, EMBEDDED_NAMESPACE);
}

const POLL_MS = 20;
const CALL_LIMIT_MS = 2_000;

async function readRetentionMs(connection: NativeConnection): Promise<number | undefined> {
  const read = () => connection.workflowService.describeNamespace({ namespace: EMBEDDED_NAMESPACE });
  const { config } = await connection.withDeadline(Date.now() + CALL_LIMIT_MS, read);
  return optionalTsToMs(config?.workflowExecutionRetentionTtl);
}
