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

/** What it has started is called after it; otherwise its id is in no history, and any does. */
function idIn(recorded: object): string {
  return /"workflowId":"([^"]+)\.webhook"/.exec(JSON.stringify(recorded))?.[1] ?? 'inf-replayed';
}

interface RecordedEvent {
  readonly eventId: string;
  readonly activityTaskFailedEventAttributes?: object;
}

/** As if the timer had fired, instead of being cancelled, just behind the end of the call that it stood beside. */
function withTimerFired(recorded: { readonly events: readonly RecordedEvent[] }): object {
  const failed = recorded.events.findIndex((event) => 'activityTaskFailedEventAttributes' in event);
  const started = recorded.events.find((event) => 'timerStartedEventAttributes' in event);
  const { activityTaskFailedEventAttributes: _, ...atTheEnd } = recorded.events[failed] ?? { eventId: '' };
  const fired = {
    ...atTheEnd,
    eventType: 'EVENT_TYPE_TIMER_FIRED',
    timerFiredEventAttributes: { timerId: '1', startedEventId: started?.eventId },
  };
  const before = recorded.events.slice(0, failed + 1);
  const behind = recorded.events
    .slice(failed + 1)
    .filter((event) => !('timerCanceledEventAttributes' in event))
    .map((event: object) =>
      JSON.parse(
        JSON.stringify(event).replaceAll(
          /"(scheduledEventId|startedEventId|workflowTaskCompletedEventId)":"(\d+)"/g,
          (_all, name, id) => `"${name}":"${Number(id) + 1}"`,
        ),
      ),
    );
  const events = [...before, fired, ...behind].map((event, index) => ({ ...event, eventId: String(index + 1) }));
  return { events };
}

beforeAll(() => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
});

describe('saved histories', () => {
  test.each(names)('%s replays', async (name) => {
    await Worker.runReplayHistory({ workflowBundle }, history(name), idIn(history(name)));
  });

  test('there is one of each kind', () => {
    const kinds = new Set(names.map((name) => name.replace(/^\d{4}-\d{2}-\d{2}-|\.json$/g, '')));
    expect([...kinds].sort()).toEqual(
      [
        'agreed',
        'analysis-cancelled',
        'analysis-merged',
        'announced',
        'answered',
        'batch-answered',
        'batch-cancelled',
        'batch-rescued',
        'cancelled',
        'embedded',
        'failed',
        'failed-over',
        'hedge-refused',
        'hedged',
        'held-and-resolved',
        'parked-and-answered',
        'provider-batch-answered',
        'provider-batch-cancelled',
        'provider-batch-looked-for',
        'provider-batch-stuck',
        'reset-and-agreed',
        'reset-and-announced',
        'reset-and-answered',
        'reset-and-embedded',
        'target-health',
        'webhook',
        'woken-and-answered',
      ].sort(),
    );
  });

  test('a call that ends together with the delay of its hedge is heard first: nobody else is asked', async () => {
    const other = history(names.find((name) => name.endsWith('hedge-refused.json')) ?? '');
    await Worker.runReplayHistory({ workflowBundle }, withTimerFired(other), 'inf-replayed');
  });

  test('a history that these workflows would not have written is refused', async () => {
    const other = history(names.find((name) => name.endsWith('failed-over.json')) ?? '');
    const scheduled = other.events.findLast((event: object) => 'activityTaskScheduledEventAttributes' in event);
    scheduled.activityTaskScheduledEventAttributes.activityType.name = 'anotherActivity';
    await expect(Worker.runReplayHistory({ workflowBundle }, other, 'inf-replayed')).rejects.toThrow(/determinism/i);
  });
});
