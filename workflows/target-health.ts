// Workflow Type `target-health`: the one place where all workers' knowledge of targets comes together. It lives for ever,
// survives restarts, and its history says when and why each circuit changed. It judges nothing: src/domain does.

import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  log,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import type { createActivities } from '../activities/index.ts';
import type { Circuit } from '../src/domain/circuit.ts';
import { circuitIn } from '../src/domain/circuit.ts';
import type { Alert } from '../src/domain/health.ts';
import type { HealthState } from '../src/domain/shared-health.ts';
import { NEW_HEALTH, withIsolation, withReport, withRestoration } from '../src/domain/shared-health.ts';
import { healthText } from './health-text.ts';
import type { Steering } from './messages.ts';
import { healthQuery, isolateUpdate, reportSignal, restoreUpdate } from './messages.ts';

type Activities = ReturnType<typeof createActivities>;

/** Long: it is started again by itself, and each start is a few events. */
const WATCH_MS = 6 * 60 * 60_000;

export async function targetHealth(state: HealthState = NEW_HEALTH): Promise<void> {
  return new TargetHealthRun(state).run();
}

class TargetHealthRun {
  #state: HealthState;
  /** The memo is behind. */
  #isChanged = true;
  /** Started and not yet ended: a new run would cut it off. */
  #errands = 0;
  #pings: CancellationScope | null = null;

  constructor(state: HealthState) {
    this.#state = state;
    setHandler(
      reportSignal,
      (report) => {
        const reported = withReport(this.#state, report);
        this.#change(reported.state);
        for (const key of reported.back) this.#wake(key);
        for (const alert of reported.alerts) this.#alert(alert);
      },
      { description: 'A worker tells what has changed.' },
    );
    setHandler(healthQuery, () => this.#state.shared, { description: 'What all processes share.' });
    setHandler(isolateUpdate, (steering) => this.#steer(steering, withIsolation), {
      validator: checkSteering,
      description: 'Hold the circuit of a target open until it is restored: {"target": "provider/model"}.',
    });
    setHandler(
      restoreUpdate,
      (steering) => {
        const circuits = this.#steer(steering, withRestoration);
        for (const key of Object.keys(circuits)) this.#wake(key);
        return circuits;
      },
      { validator: checkSteering, description: 'Close the circuit of a target: {"target": "provider/model"}.' },
    );
  }

  async run(): Promise<void> {
    for (;;) {
      if (this.#isChanged) this.#publish();
      this.#keepPinging();
      if (this.#shouldEnd()) {
        this.#pings?.cancel();
        await continueAsNew<typeof targetHealth>(this.#state);
      }
      await condition(
        () => this.#isChanged || this.#shouldEnd() || this.#state.pings.areEnabled !== (this.#pings !== null),
      );
    }
  }

  #change(state: HealthState): void {
    this.#state = state;
    this.#isChanged = true;
  }

  #steer(
    { target }: Steering,
    steer: (state: HealthState, target: string, atMs: number) => HealthState,
  ): Readonly<Record<string, Circuit>> {
    const before = this.#state.shared.circuits;
    this.#change(steer(this.#state, target, Date.now()));
    const changed = Object.entries(this.#state.shared.circuits).filter(([key, circuit]) => before[key] !== circuit);
    return Object.fromEntries(changed);
  }

  /** Readable by everybody without a worker. */
  #publish(): void {
    this.#isChanged = false;
    const { shared } = this.#state;
    upsertMemo({ health: shared });
    setCurrentDetails(healthText(shared, Date.now()));
  }

  #shouldEnd(): boolean {
    const { historyLength, continueAsNewSuggested } = workflowInfo();
    const isLong = historyLength > LONG_HISTORY_EVENTS || continueAsNewSuggested;
    return isLong && this.#errands === 0 && allHandlersFinished();
  }

  /** One worker pings for all; when it is gone, its heartbeats are, and another one takes over. */
  #keepPinging(): void {
    const { areEnabled } = this.#state.pings;
    if (areEnabled === (this.#pings !== null)) return;
    this.#pings?.cancel();
    this.#pings = null;
    if (!areEnabled) return;
    const scope = new CancellationScope();
    this.#pings = scope;
    void scope.run(() => this.#ping(scope));
  }

  async #ping(scope: CancellationScope): Promise<void> {
    const { pingTargets } = proxyActivities<Activities>({
      startToCloseTimeout: WATCH_MS + 60_000,
      heartbeatTimeout: HEARTBEAT_TIMEOUT_MS,
      retry: { initialInterval: 1_000, maximumInterval: 5_000 },
      cancellationType: 'TRY_CANCEL',
      summary: 'health pings',
    });
    try {
      while (!scope.consideredCancelled) await pingTargets({ forMs: WATCH_MS });
    } catch (error) {
      if (!isCancellation(error)) throw error;
    }
  }

  /** Tells the inferences that wait for a target, or for a provider's account, that it is back. */
  #wake(key: string): void {
    const circuit = circuitIn(this.#state.shared.circuits, key);
    const { wakeParked } = proxyActivities<Activities>({
      startToCloseTimeout: 10 * 60_000,
      heartbeatTimeout: HEARTBEAT_TIMEOUT_MS,
      retry: { initialInterval: 1_000, maximumInterval: 10_000, maximumAttempts: 5 },
      summary: `wake what waits for ${key}`,
    });
    void this.#errand(wakeParked({ key, circuit }), 'nobody was woken');
  }

  #alert(alert: Alert): void {
    const { sendAlert } = proxyActivities<Activities>({
      startToCloseTimeout: 15_000,
      scheduleToCloseTimeout: 10 * 60_000,
      retry: { initialInterval: 1_000, maximumInterval: 60_000 },
      summary: `${alert.type}: ${alert.subject}`,
    });
    void this.#errand(sendAlert(alert), 'an alert was not delivered');
  }

  /** What waits reads again by itself, and an alert is in the log: a failed errand ends nothing. */
  async #errand(errand: Promise<void>, failure: string): Promise<void> {
    this.#errands += 1;
    try {
      await errand;
    } catch (error) {
      log.warn(failure, { error: String(error) });
    } finally {
      this.#errands -= 1;
    }
  }
}

const HEARTBEAT_TIMEOUT_MS = 15_000;
/** Half of what Temporal suggests: a worker that starts has to read it all, at about half a millisecond an event. */
const LONG_HISTORY_EVENTS = 2_000;

function checkSteering(steering: Steering): void {
  const target: unknown = steering?.target;
  if (typeof target === 'string' && /^[A-Za-z0-9._-]+\/.+$/.test(target)) return;
  throw new TypeError('The update needs {"target": "provider/model"}.');
}
