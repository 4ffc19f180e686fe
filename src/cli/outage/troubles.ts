// What befalls one call: by the day's incidents and the hash of its question, and what that means to the simulator. The
// order in which calls arrive decides nothing. Pure.

import type { Fault } from '../../simulator/fault.ts';
import { chance } from './chance.ts';
import type { Day, Incident, Place } from './day.ts';

/** Healthy calls differ in pace; a `slow` one is a call of the same pace in slow motion. */
const PACES = ['quick', 'usual', 'unhurried'] as const;
type Pace = (typeof PACES)[number];

const BROKEN = ['reset', 'unavailable', 'silent', 'error', 'rate-limited', 'truncated', 'empty'] as const;
type Broken = (typeof BROKEN)[number];

export type Fate = Pace | `slow-${Pace}` | Broken;

export const FATES: readonly Fate[] = [...PACES, ...PACES.map((pace) => `slow-${pace}` as const), ...BROKEN];

export interface Call {
  readonly day: Day;
  readonly seed: number;
  readonly place: Place;
  /** Null of a health ping. */
  readonly questionId: string | null;
  readonly dayMs: number;
}

export function fateOf(call: Call): Fate {
  const { day, seed, place, questionId, dayMs } = call;
  // Pings have no name that is the same in every run: theirs is the second in which they come.
  const id = questionId ?? `ping in second ${Math.floor(dayMs / 1_000)}`;
  const pace = paceOf(chance(seed, id, place, 'pace'));
  const incident = day.incidents.find((one) => isUnder(one, call, id));
  if (incident === undefined) return chance(seed, id, place, 'background') < day.background[place] ? 'error' : pace;
  if (incident.trouble === 'slow') return `slow-${pace}`;
  if (incident.trouble !== 'cut-or-empty') return incident.trouble;
  return chance(seed, id, place, 'cut') < 0.5 ? 'truncated' : 'empty';
}

function isUnder(incident: Incident, { seed, place, dayMs }: Call, id: string): boolean {
  const { label, places, fromMs, toMs, share } = incident;
  return places.includes(place) && dayMs >= fromMs && dayMs < toMs && chance(seed, id, place, label) < share;
}

function paceOf(part: number): Pace {
  if (part < 0.5) return 'quick';
  return part < 0.8 ? 'usual' : 'unhurried';
}

/** How long a healthy provider takes, in milliseconds of the day. */
const FIRST_TOKEN_MS: Readonly<Record<Pace, number>> = { quick: 800, usual: 1_900, unhurried: 2_800 };
const TOKEN_MS = 40;
const SLOWDOWN = 20;
const COME_BACK_MS = 20_000;

/** @param factor by which the day is faster than the clock */
export function faultOf(fate: Fate, factor: number): Fault {
  const paced = (pace: Pace, slowdown: number): Fault => ({
    type: 'delay',
    firstTokenMs: (FIRST_TOKEN_MS[pace] * slowdown) / factor,
    tokenMs: (TOKEN_MS * slowdown) / factor,
  });
  switch (fate) {
    case 'quick':
    case 'usual':
    case 'unhurried':
      return paced(fate, 1);
    case 'slow-quick':
      return paced('quick', SLOWDOWN);
    case 'slow-usual':
      return paced('usual', SLOWDOWN);
    case 'slow-unhurried':
      return paced('unhurried', SLOWDOWN);
    case 'silent':
      return { type: 'delay', firstTokenMs: Number.POSITIVE_INFINITY };
    case 'unavailable':
      return { type: 'error', situation: 'overloaded', retryAfterMs: null };
    case 'error':
      return { type: 'error', situation: 'server-error' };
    case 'rate-limited':
      return { type: 'error', situation: 'rate-limit', retryAfterMs: COME_BACK_MS / factor };
    case 'reset':
    case 'truncated':
    case 'empty':
      return { type: fate };
  }
}

/** For the simulator's answers to which no fault applies. */
export function usualPacing(factor: number): { readonly firstTokenDelayMs: number; readonly tokenDelayMs: number } {
  return { firstTokenDelayMs: FIRST_TOKEN_MS.usual / factor, tokenDelayMs: TOKEN_MS / factor };
}
