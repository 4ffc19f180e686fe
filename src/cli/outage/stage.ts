// What the day is played on: simulated providers in this process, and Holdfast in its own. Everything is gone after it.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSettings } from '../../config.ts';
import type { RecordedRequest, Simulator } from '../../simulator/simulator.ts';
import { startSimulator } from '../../simulator/simulator.ts';
import type { DayClock } from './clock.ts';
import type { Day } from './day.ts';
import { configFile, readAccount } from './providers.ts';
import type { ServiceProcess } from './service-process.ts';
import { spawnService } from './service-process.ts';
import { questionIdIn } from './traffic.ts';
import type { Fate } from './troubles.ts';
import { FATES, fateOf, faultOf, usualPacing } from './troubles.ts';

export interface Stage {
  readonly simulator: Simulator;
  /** Of Holdfast. */
  readonly url: string;
  close(): Promise<void>;
}

export async function openStage(options: {
  readonly factor: number;
  readonly signal: AbortSignal;
  readonly report: (line: string) => void;
}): Promise<Stage> {
  const { factor, signal, report } = options;
  const dataDir = mkdtempSync(join(tmpdir(), 'holdfast-outage-'));
  const removeDataDir = () => rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
  process.once('exit', removeDataDir);
  const simulator = await startSimulator({ ...usualPacing(factor), maxRecordedRequests: MAX_RECORDED });
  let service: ServiceProcess | null = null;
  const close = async () => {
    await service?.stop();
    await simulator.close();
    removeDataDir();
    process.off('exit', removeDataDir);
  };
  try {
    const configPath = join(dataDir, 'holdfast.json');
    writeFileSync(configPath, JSON.stringify(configFile(simulator, factor)));
    service = await spawnService({ configPath, dataDir, settings: loadSettings(), signal, report });
    return { simulator, url: service.url, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** More than a day has. */
const MAX_RECORDED = 1_000_000;

/** From now on the simulated providers have this day. */
export function beginDay(simulator: Simulator, input: { day: Day; seed: number; clock: DayClock }): void {
  const { day, seed, clock } = input;
  // A request is asked about once for every fate.
  const fates = new WeakMap<RecordedRequest, Fate | null>();
  const decide = (request: RecordedRequest): Fate | null => {
    const place = readAccount(request.account)?.place;
    const dayMs = clock.dayMs(request.atMs);
    return place ? fateOf({ day, seed, place, questionId: questionIdIn(request.body), dayMs }) : null;
  };
  for (const fate of FATES) {
    simulator.inject({
      matches: (request) => {
        const known = fates.get(request);
        if (known !== undefined) return known === fate;
        const decided = decide(request);
        fates.set(request, decided);
        return decided === fate;
      },
      fault: faultOf(fate, clock.factor),
    });
  }
}
