// Keeps the injected fault rules and picks the one that befalls a request: the newest that matches.

import { drawn } from './drawn.ts';
import type { Fault, FaultName, FaultRule } from './fault.ts';
import type { RecordedRequest } from './simulator.ts';
import { objectOf, objectsOf } from './wires/read-json.ts';

/** Where a counted limit stands after this request. */
export interface LimitState {
  readonly limit: number;
  readonly remaining: number;
  readonly resetMs: number;
}

export interface Picked {
  /** Never a `limit`: that has become the error it leads to, or nothing. */
  readonly fault: Exclude<Fault, { type: 'limit' }> | null;
  /** The rule's own name, also for a limit. */
  readonly name: FaultName | null;
  readonly limit: LimitState | null;
}

export class RuleBook {
  #entries: Entry[] = [];

  /** Returns what removes the rule again. */
  add(rule: FaultRule, nowMs: number): () => void {
    const entry: Entry = { rule, untilMs: nowMs + (rule.forMs ?? Infinity), befell: 0, window: null };
    this.#entries.unshift(entry);
    return () => {
      this.#entries = this.#entries.filter((other) => other !== entry);
    };
  }

  clear(): void {
    this.#entries = [];
  }

  pick(request: RecordedRequest, nowMs: number): Picked {
    let limit: LimitState | null = null;
    for (const entry of this.#entries) {
      if (!befalls(entry, request, nowMs)) continue;
      const { fault } = entry.rule;
      if (fault.type !== 'limit') {
        entry.befell++;
        return { fault, name: fault.type, limit };
      }
      const counted = count({ entry, limit: fault.requests, windowMs: fault.windowMs, nowMs });
      limit ??= counted.state;
      if (counted.passed) continue;
      entry.befell++;
      const situation = fault.situation ?? 'rate-limit';
      return {
        fault: { type: 'error', situation, retryAfterMs: counted.state.resetMs },
        name: 'limit',
        limit: counted.state,
      };
    }
    return { fault: null, name: null, limit };
  }
}

interface Entry {
  readonly rule: FaultRule;
  readonly untilMs: number;
  befell: number;
  window: { readonly endsMs: number; used: number } | null;
}

function befalls({ rule, untilMs, befell }: Entry, request: RecordedRequest, nowMs: number): boolean {
  if (nowMs >= untilMs || befell >= (rule.times ?? Infinity)) return false;
  if (rule.account !== undefined && rule.account !== request.account) return false;
  if (rule.model !== undefined && rule.model !== request.model) return false;
  if (rule.matches && !rule.matches(request)) return false;
  if (rule.untilReasked && isReasked(request.body)) return false;
  return !rule.share || drawn(rule.share.seed, request.text) < rule.share.of;
}

/** A window begins with its first request. */
function count(input: { entry: Entry; limit: number; windowMs: number; nowMs: number }) {
  const { entry, limit, windowMs, nowMs } = input;
  if (!entry.window || nowMs >= entry.window.endsMs) entry.window = { endsMs: nowMs + windowMs, used: 0 };
  const passed = entry.window.used < limit;
  if (passed) entry.window.used++;
  return { passed, state: { limit, remaining: limit - entry.window.used, resetMs: entry.window.endsMs - nowMs } };
}

/** In whatever wire: the last message follows an answer. */
function isReasked(body: unknown): boolean {
  const { messages, contents } = objectOf(body);
  const role = objectsOf(messages ?? contents).at(-2)?.['role'];
  return role === 'assistant' || role === 'model';
}
