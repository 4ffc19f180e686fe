// `holdfast batch schedule`, `schedules` and `unschedule`: what is new in a folder, every night.

import { basename, resolve } from 'node:path';
import type { AnalysisOptions } from './analysis-options.ts';
import { analysisBody } from './analysis-options.ts';
import type { ScheduleView } from './api-client.ts';
import { connect } from './api-client.ts';
import { printJson, printLine, table } from './output.ts';

export interface BatchScheduleOptions extends AnalysisOptions {
  readonly at: string;
  readonly name?: string;
  readonly out?: string;
}

export async function batchSchedule(folder: string, options: BatchScheduleOptions): Promise<void> {
  const { at, out, csv, json } = options;
  const path = resolve(folder);
  const name = options.name ?? nameOf(path);
  const body = {
    ...(await analysisBody(options)),
    folder: path,
    at,
    ...(out !== undefined && { output_folder: resolve(out), csv }),
  };
  const schedule = await connect().putSchedule(name, body);
  if (json) return printJson(schedule);
  printLine(`${schedule.name}: every day at ${schedule.at} (${schedule.timezone}), next ${nextText(schedule)}`);
}

export async function batchSchedules({ json }: { readonly json: boolean }): Promise<void> {
  const { data } = await connect().schedules();
  if (json) return printJson(data);
  if (data.length === 0) return printLine('There are no schedules.');
  const rows = data.map((schedule) => [
    schedule.name,
    `${schedule.at} ${schedule.timezone}`,
    schedule.folder,
    schedule.model,
    nextText(schedule),
    schedule.recent_analysis_ids.at(-1) ?? '',
  ]);
  printLine(table([['NAME', 'AT', 'FOLDER', 'MODEL', 'NEXT', 'LAST ANALYSIS'], ...rows]));
}

export async function batchUnschedule(name: string, { json }: { readonly json: boolean }): Promise<void> {
  const deleted = await connect().deleteSchedule(name);
  if (json) printJson(deleted);
  else printLine(`${name} is no longer scheduled.`);
}

function nextText({ paused, next_at: next }: ScheduleView): string {
  if (paused) return 'when it is no longer paused';
  return next === null ? 'never' : new Date(next).toLocaleString();
}

/** What of the folder's name may be in the name of a schedule. */
function nameOf(folder: string): string {
  const words =
    basename(folder)
      .toLowerCase()
      .match(/[0-9a-z]{1,20}/g) ?? [];
  return words.slice(0, 8).join('-') || 'documents';
}
