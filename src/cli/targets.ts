// `holdfast targets`: shows the health of each target, once or until Ctrl-C, and steers their circuits.

import { setTimeout as sleep } from 'node:timers/promises';
import { parseTargetName } from '../domain/target.ts';
import { ApiError, connect } from './api-client.ts';
import type { ApiClient } from './api-client.ts';
import { CommandError, printJson, printLine, printNote } from './output.ts';
import { createTargetsView, targetSentence, targetsTable } from './target-lines.ts';
import type { TargetsView } from './target-lines.ts';

export async function targets(options: { readonly watch: boolean; readonly json: boolean }): Promise<void> {
  const client = connect();
  if (options.watch) {
    await watch(client, createTargetsView(process.stdout, options));
    return;
  }
  const list = await client.targets();
  if (options.json) printJson(list);
  else if (list.data.length === 0) printNote('No targets.');
  else printLine(targetsTable(list.data, { nowMs: Date.now(), stream: process.stdout }).join('\n'));
}

export async function steerTarget(
  change: 'isolate' | 'restore',
  name: string,
  options: { readonly reason?: string; readonly json: boolean },
): Promise<void> {
  const { reason, json } = options;
  const target = parseTargetName(name);
  // An address with a part of dots only would lead elsewhere.
  if (!target || [target.provider, target.model].some((part) => /^\.{1,2}$/.test(part))) {
    throw new CommandError(`${JSON.stringify(name)} is not a target: it must look like provider/model.`);
  }
  const steered = await connect().steer(change, { ...target, ...(reason === undefined ? {} : { reason }) });
  if (json) printJson(steered);
  else printLine(targetSentence(steered, Date.now()));
}

/** Until Ctrl-C. Only at the beginning is it a failure when the service is away. */
async function watch(client: ApiClient, view: TargetsView): Promise<void> {
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  process.once('SIGINT', onInterrupt);
  try {
    await keepShowing(client, view, interrupt.signal);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
  } finally {
    process.off('SIGINT', onInterrupt);
  }
}

async function keepShowing(client: ApiClient, view: TargetsView, signal: AbortSignal): Promise<never> {
  view.show((await client.targets({ signal })).data);
  let isAway = false;
  for (;;) {
    await sleep(PACE_MS, undefined, { signal });
    try {
      const { data } = await client.targets({ signal });
      if (isAway) view.note('The service is back.');
      isAway = false;
      view.show(data);
    } catch (error) {
      if (!(error instanceof ApiError) || !error.canPass) throw error;
      if (!isAway) view.note(`${error.message} Trying again.`);
      isAway = true;
    }
  }
}

const PACE_MS = 1_000;
