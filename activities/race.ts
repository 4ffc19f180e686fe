// What is particular to a call that races others: whether a hedge may go out, what it spends, and how a loser ends.

import { setTimeout } from 'node:timers/promises';
import type { Context } from '@temporalio/activity';
import type { CallModelInput, CallRecord, Race, Withheld } from '../src/domain/call.ts';
import { costOf } from '../src/domain/call.ts';
import type { CallLine } from '../src/domain/line.ts';
import { targetName } from '../src/domain/target.ts';
import { estimateInputTokens } from '../src/domain/token-estimate.ts';
import type { Attempted } from './attempt.ts';
import type { Health } from '../src/health/health.ts';
import type { HedgeBudgets } from '../src/health/hedge-budgets.ts';

type Answered = Extract<Attempted, { type: 'answered' }>;

export interface RaceDeps {
  readonly health: Health;
  readonly hedgeBudgets: HedgeBudgets;
}

/** Why a hedge is held back, or null; one that may go out counts. */
export function enterRace(deps: RaceDeps, { target, race }: CallModelInput, line: CallLine | null): Withheld | null {
  const { health, hedgeBudgets } = deps;
  if (race?.part === 'first') hedgeBudgets.raceBegan(race.model);
  if (race?.part !== 'hedge') return null;
  // The first to give a token is the one that the client gets.
  if (line?.isTaken) return 'live';
  const name = targetName(target);
  if (!health.mayBeCalled(name) || health.awaitsProbe(name)) return 'circuit';
  return race.budget === null || hedgeBudgets.takeHedge(race.model, race.budget) ? null : 'budget';
}

/** Of a call that was cut off nobody knows the cost: it counts with what its input costs at least, by our own estimate. */
export function countSpend(deps: RaceDeps, call: CallModelInput & { readonly race: Race }, record: CallRecord): void {
  const { target, prompt, race } = call;
  const atLeast = { inputTokens: estimateInputTokens(prompt), outputTokens: 0 };
  const usage = { ...atLeast, cachedInputTokens: null, reasoningTokens: null };
  const usd = record.costUsd ?? (record.possiblyBilled ? costOf(usage, target.price) : null);
  if (usd !== null) deps.hedgeBudgets.spent(race.model, { usd, isHedge: race.part === 'hedge' });
}

/**
 * The client is getting another racer's text: this answer is kept for the case that the other one fails, and loses with it
 * when it does not. A cancel comes then; an answer that was not heard of in time is not waited for.
 */
export async function afterTurn(context: Context, line: CallLine, answered: Answered): Promise<Attempted> {
  const { cancellationSignal } = context;
  await line.turn(cancellationSignal);
  if (!cancellationSignal.aborted) return answered;
  const message = 'The answer came second: the client was given another one.';
  return { ...answered, type: 'failed', failure: { kind: 'cancelled', message }, decision: { retry: false } };
}

/**
 * A loser in this process is cut off while the end of its workflow is on the way to the server. A report that crosses it
 * would make the server refuse that end and ask for it again, so the loser waits to hear of it from Temporal.
 */
export async function untilTold({ cancellationSignal }: Context): Promise<void> {
  try {
    await setTimeout(TOLD_WITHIN_MS, undefined, { signal: cancellationSignal });
  } catch (error) {
    if (!cancellationSignal.aborted) throw error;
  }
}

/** Heartbeats hear of it sooner. */
const TOLD_WITHIN_MS = 3_000;
