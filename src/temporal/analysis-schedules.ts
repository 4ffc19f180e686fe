// The port `AnalysisSchedules` over Temporal's Schedules.

import type { ScheduleDescription, ScheduleHandle, ScheduleOptions } from '@temporalio/client';
import { Client, ScheduleAlreadyRunning, ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';
import type { AnalysisSchedule, AnalysisSchedules, AnalysisScheduleView } from '../domain/analyses.ts';
import type { AnalysisInput } from '../domain/analysis.ts';
import { startOptions, whenReachable } from './analyses.ts';
import { withinRoundTrip } from './deadline.ts';

export function createAnalysisSchedules(options: {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly dataConverter: DataConverter;
}): AnalysisSchedules {
  return new TemporalSchedules(options);
}

class TemporalSchedules implements AnalysisSchedules {
  readonly #client: Client;
  readonly #connection: NativeConnection;

  constructor(options: Parameters<typeof createAnalysisSchedules>[0]) {
    this.#client = new Client(options);
    this.#connection = options.connection;
  }

  put(schedule: AnalysisSchedule): ReturnType<AnalysisSchedules['put']> {
    const { name, input } = schedule;
    return whenReachable(async () => {
      const options = optionsOf(schedule);
      try {
        await this.#roundTrip(() => this.#client.schedule.create(options));
      } catch (error) {
        if (!(error instanceof ScheduleAlreadyRunning)) throw error;
        const before = await this.#roundTrip(() => this.#handle(name).describe());
        if (inputOf(before).owner !== input.owner) return { type: 'taken' } as const;
        // Whether it is paused is not for the new one to say.
        await this.#roundTrip(() => this.#handle(name).update(({ state }) => ({ ...options, state })));
      }
      return { type: 'kept', schedule: viewOf(await this.#roundTrip(() => this.#handle(name).describe())) } as const;
    });
  }

  get(name: string): ReturnType<AnalysisSchedules['get']> {
    return ifThere(async () => {
      const description = await this.#roundTrip(() => this.#handle(name).describe());
      return { type: 'found', schedule: viewOf(description) } as const;
    });
  }

  list({ owner }: { readonly owner: string | null }): ReturnType<AnalysisSchedules['list']> {
    return whenReachable(async () => {
      const schedules: AnalysisScheduleView[] = [];
      for await (const { scheduleId } of this.#client.schedule.list()) {
        if (!scheduleId.startsWith(PREFIX)) continue;
        const found = await this.get(scheduleId.slice(PREFIX.length));
        if (found.type === 'found' && (owner === null || found.schedule.owner === owner))
          schedules.push(found.schedule);
      }
      return { type: 'page', schedules: schedules.sort((a, b) => (a.name < b.name ? -1 : 1)) } as const;
    });
  }

  delete(name: string): ReturnType<AnalysisSchedules['delete']> {
    return ifThere(async () => {
      await this.#roundTrip(() => this.#handle(name).delete());
      return { type: 'deleted' } as const;
    });
  }

  #handle(name: string): ScheduleHandle {
    return this.#client.schedule.getHandle(`${PREFIX}${name}`);
  }

  #roundTrip<T>(call: () => Promise<T>): Promise<T> {
    return withinRoundTrip(this.#connection, call);
  }
}

/** Keeps other schedules of the namespace out of reach. */
const PREFIX = 'analysis_';

/** After an outage of Temporal a night is made up for as long as it is still one. */
const CATCH_UP = '6h';

function optionsOf({ name, at, timezone, input }: AnalysisSchedule) {
  const [hour = 0, minute = 0] = at.split(':').map(Number);
  const { runMs, ...start } = startOptions(input, '');
  return {
    scheduleId: `${PREFIX}${name}`,
    spec: { calendars: [{ hour, minute, second: 0 }], timezone },
    // What is still running has its own documents; the next night takes what came since.
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCH_UP },
    action: {
      type: 'startWorkflow',
      workflowType: 'analysis',
      workflowId: `${PREFIX}${name}`,
      workflowExecutionTimeout: runMs,
      ...start,
    },
  } satisfies ScheduleOptions;
}

function viewOf(description: ScheduleDescription): AnalysisScheduleView {
  const { scheduleId, spec, info, state } = description;
  const { owner, model, source } = inputOf(description);
  const [time] = spec.calendars ?? [];
  return {
    name: scheduleId.slice(PREFIX.length),
    at: `${twoDigits(time?.hour[0]?.start)}:${twoDigits(time?.minute[0]?.start)}`,
    timezone: spec.timezone ?? 'UTC',
    folder: source.type === 'folder' ? source.folder : '',
    model,
    owner,
    isPaused: state.paused,
    nextAt: info.nextActionTimes[0]?.toISOString() ?? null,
    recent: info.recentActions.flatMap(({ action }) =>
      action.type === 'startWorkflow' ? [action.workflow.workflowId] : [],
    ),
  };
}

function twoDigits(number: number | undefined): string {
  return String(number ?? 0).padStart(2, '0');
}

/** Written by us, so it has this shape. */
function inputOf({ action }: Pick<ScheduleDescription, 'action'>): AnalysisInput {
  return (action.args as unknown as [AnalysisInput])[0];
}

async function ifThere<T>(call: () => Promise<T>): Promise<T | { readonly type: 'not-found' } | UnavailableOf> {
  return whenReachable(async () => {
    try {
      return await call();
    } catch (error) {
      if (error instanceof ScheduleNotFoundError) return { type: 'not-found' } as const;
      throw error;
    }
  });
}

type UnavailableOf = { readonly type: 'unavailable'; readonly startUnknown: boolean };
