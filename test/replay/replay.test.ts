// Invariant 8: the workflows of this build replay the histories that earlier builds have written.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { beforeAll, describe, expect, test } from 'vitest';

const FOLDER = new URL('histories/', import.meta.url);
const workflowBundle = { codePath: fileURLToPath(new URL('../../dist/workflows.bundle.js', import.meta.url)) };
const names = readdirSync(FOLDER).filter((name) => name.endsWith('.json'));

function history(name: string) {
  return JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8'));
}

beforeAll(() => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
});

describe('saved histories', () => {
  test.each(names)('%s replays', async (name) => {
    await Worker.runReplayHistory({ workflowBundle }, history(name), 'inf-replayed');
  });

  test('there is one of each kind', () => {
    const kinds = new Set(names.map((name) => name.replace(/^\d{4}-\d{2}-\d{2}-|\.json$/g, '')));
    expect([...kinds].sort()).toEqual(
      [
        'agreed',
        'answered',
        'cancelled',
        'failed',
        'failed-over',
        'hedged',
        'held-and-resolved',
        'parked-and-answered',
        'reset-and-agreed',
        'reset-and-answered',
        'target-health',
        'woken-and-answered',
      ].sort(),
    );
  });

  test('a history that these workflows would not have written is refused', async () => {
    const other = history(names.find((name) => name.endsWith('failed-over.json')) ?? '');
    const scheduled = other.events.findLast((event: object) => 'activityTaskScheduledEventAttributes' in event);
    scheduled.activityTaskScheduledEventAttributes.activityType.name = 'anotherActivity';
    await expect(Worker.runReplayHistory({ workflowBundle }, other, 'inf-replayed')).rejects.toThrow(/determinism/i);
  });
});
