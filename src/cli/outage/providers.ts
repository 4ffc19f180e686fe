// The day's providers as the simulator plays them, each way with accounts of its own, and the configuration with which
// Holdfast calls them.

import type { Price } from '../../domain/target.ts';
import type { Simulator, Wire } from '../../simulator/simulator.ts';
import type { Place } from './day.ts';
import { HOUR_MS, PLACES, SECOND_MS } from './day.ts';

export const WAYS = ['single', 'try-catch', 'synchronous', 'durable'] as const;

/** How the day's questions are asked. */
export type Way = (typeof WAYS)[number];

/** The ways that lead through Holdfast; each is a model of its configuration. */
export const HOLDFAST_WAYS = ['synchronous', 'durable'] as const satisfies readonly Way[];

interface Provider {
  readonly wire: Extract<Wire, 'openai' | 'anthropic' | 'google'>;
  readonly model: string;
  /** Assumed: USD per million tokens, near what such models cost. */
  readonly price: Price;
}

const PRIMARY: Provider = { wire: 'openai', model: 'gpt-4o', price: { input: 2.5, output: 10 } };

export const PROVIDERS: Readonly<Record<Place, Provider>> = {
  'primary-us': PRIMARY,
  'primary-eu': PRIMARY,
  secondary: { wire: 'anthropic', model: 'claude-sonnet-4-5', price: { input: 3, output: 15 } },
  tertiary: { wire: 'google', model: 'gemini-2.5-flash', price: { input: 0.3, output: 2.5 } },
};

/** What a client of the day waits for an answer. */
export const PATIENCE_MS = 60 * SECOND_MS;
/** How long a circuit stays open. */
export const BREAK_MS = 30 * SECOND_MS;

/** Of the simulator. Every way has its own, so that no way fares better or worse by what another one does. */
export function accountOf(way: Way, place: Place): string {
  return `${way}.${place}`;
}

export function readAccount(account: string): { readonly way: Way; readonly place: Place } | null {
  const [wayName, placeName] = account.split('.');
  const way = WAYS.find((one) => one === wayName);
  const place = PLACES.find((one) => one === placeName);
  return way && place ? { way, place } : null;
}

/** Every duration is the usual one, made shorter by the factor. */
export function configFile(simulator: Simulator, factor: number): object {
  const scaled = (durationMs: number) => `${Math.round(durationMs / factor)}ms`;
  const targets = HOLDFAST_WAYS.flatMap((way) => PLACES.map((place) => ({ way, place, ...PROVIDERS[place] })));
  const chain = (way: Way) => PLACES.map((place) => `${accountOf(way, place)}/${PROVIDERS[place].model}`);
  return {
    providers: Object.fromEntries(
      targets.map(({ way, place, wire }) => {
        const account = accountOf(way, place);
        return [account, { type: wire, apiKey: 'simulated', baseUrl: simulator.baseUrl(account, wire) }];
      }),
    ),
    targets: Object.fromEntries(
      targets.map(({ way, place, model, price }) => [`${accountOf(way, place)}/${model}`, { price }]),
    ),
    defaults: {
      firstTokenTimeout: scaled(30 * SECOND_MS),
      stallTimeout: scaled(15 * SECOND_MS),
      attemptTimeout: scaled(60 * SECOND_MS),
      // The pauses before a second attempt are no settings and would not become shorter. The next target is tried at once.
      maxAttemptsPerTarget: 1,
    },
    models: {
      synchronous: { targets: chain('synchronous'), deadline: scaled(PATIENCE_MS), onExhausted: 'fail' },
      durable: { targets: chain('durable'), deadline: scaled(24 * HOUR_MS), onExhausted: 'wait' },
    },
    ...healthSections(scaled),
  };
}

/** Provider health with its usual settings. */
function healthSections(scaled: (durationMs: number) => string): object {
  return {
    breaker: { window: scaled(60 * SECOND_MS), break: scaled(BREAK_MS) },
    healthChecks: { interval: scaled(15 * SECOND_MS), timeout: scaled(5 * SECOND_MS) },
    score: { window: scaled(300 * SECOND_MS) },
  };
}
