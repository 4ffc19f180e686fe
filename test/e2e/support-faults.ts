// One request under one fault, and all that can be asserted of it. Many can run at once: each fault befalls only the
// request that bears its mark, at a provider of its own, since what befalls a provider is remembered of it.

import { expect } from 'vitest';
import type { Fault } from '../../src/simulator/fault.ts';
import type { Simulator, Wire } from '../../src/simulator/simulator.ts';
import type { TestService } from '../support/service.ts';
import { chat } from '../support/service.ts';

/** One of each kind: those that differ less are called alone in test/providers. */
export type FaultyWire = Extract<Wire, 'openai' | 'anthropic' | 'google' | 'mistral' | 'deepseek'>;
export const wires: readonly FaultyWire[] = ['openai', 'anthropic', 'google', 'mistral', 'deepseek'];

/** The first target of each wire's models. Anthropic's older models are asked for JSON by way of a tool. */
export const targets: Readonly<Record<FaultyWire, string>> = {
  openai: 'openai/m',
  anthropic: 'anthropic/claude-sonnet-4-5',
  google: 'google/m',
  mistral: 'mistral/m',
  deepseek: 'deepseek/m',
};

/** More than any file of tests sends requests to one wire. */
const COPIES = 100;

/**
 * For each wire W a provider W, and the models W (one attempt, then `spare`), W-twice (two attempts), W-impatient and
 * W-failover (of refusals); `spare` is never at fault by itself. Of all but `spare` there are many numbered copies, one
 * for each request of `serve`, which hides the numbers.
 */
export function faultyProviders(
  simulator: Simulator,
  more: { providers?: object; targets?: object; models?: object } = {},
): object {
  const provider = (account: string, wire: Wire) => ({
    type: wire,
    apiKey: `test-key-${account}`,
    baseUrl: simulator.baseUrl(account, wire),
  });
  const copies = wires.flatMap((wire) => [
    { account: wire, wire, target: targets[wire] },
    ...Array.from({ length: COPIES }, (_, copy) => ({
      account: `${wire}-${copy}`,
      wire,
      target: targets[wire].replace(wire, `${wire}-${copy}`),
    })),
  ]);
  const models = copies.flatMap(({ account, target }) => {
    const once = { targets: [target, 'spare/m'], maxAttemptsPerTarget: 1, attemptTimeout: '20s' };
    // Room for a second attempt after the longest wait that is not asked for (5 s), and none for a minute.
    const twice = { ...once, maxAttemptsPerTarget: 2, attemptTimeout: '6s' };
    const impatient = { ...once, firstTokenTimeout: '1500ms', stallTimeout: '1500ms', attemptTimeout: '3s' };
    return [
      [account, once],
      [`${account}-twice`, twice],
      [`${account}-impatient`, impatient],
      [`${account}-failover`, { ...once, onRefusal: 'failover' }],
      [`${account}-limited`, { ...once, targets: [{ target, params: { maxTokens: 64 } }, 'spare/m'] }],
    ];
  });
  return {
    providers: {
      ...Object.fromEntries(copies.map(({ account, wire }) => [account, provider(account, wire)])),
      spare: provider('spare', 'openai'),
      ...more.providers,
    },
    targets: more.targets ?? {},
    models: { ...Object.fromEntries(models), ...more.models },
  };
}

export interface Faulty {
  readonly model: string;
  readonly fault: Fault | null;
  /** @default every target but the spare one */
  readonly befalls?: (request: { readonly account: string; readonly model: string }) => boolean;
  /** @default every request */
  readonly times?: number;
  /** Added to the request. */
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Served {
  readonly status: number;
  readonly headers: Headers;
  readonly body: any;
  /** The target that served, or the error's code. */
  readonly by: string;
  /** `target attempt outcome-or-kind`, with a question mark when it is possibly billed. */
  readonly calls: readonly string[];
  /** How many requests arrived at each account. */
  readonly wire: Readonly<Record<string, number>>;
}

let marks = 0;
const copiesUsed: Partial<Record<string, number>> = {};

export async function serve(service: TestService, faulty: Faulty): Promise<Served> {
  const { model, fault, befalls = ({ account }) => account !== 'spare', times, body, headers = {} } = faulty;
  const mark = `mark-${process.pid}-${marks++}-`;
  const { simulator } = service;
  const isMine = (request: { readonly body: unknown }) => JSON.stringify(request.body).includes(mark);
  const restore = fault
    ? simulator.inject({
        fault,
        ...(times !== undefined && { times }),
        matches: (request) => isMine(request) && befalls(request),
      })
    : () => undefined;
  const answer = await service.request('/v1/chat/completions', {
    body: {
      ...chat(copied(model), `${mark} Say something that is long enough to be cut in its middle, please.`),
      ...body,
    },
    headers,
  });
  restore();
  const id = answer.headers.get('x-holdfast-inference-id');
  const inference = id === null ? null : (await service.request(`/v1/inferences/${id}`)).body;
  const wire: Record<string, number> = {};
  for (const { account } of simulator.requests.filter(isMine)) wire[plain(account)] = (wire[plain(account)] ?? 0) + 1;
  return {
    ...answer,
    by: plain(answer.headers.get('x-holdfast-target') ?? answer.body?.error?.code),
    calls: (inference?.calls ?? []).map(callLine).map(plain),
    wire,
  };
}

/** The same model at a provider that no request has gone to yet. */
function copied(model: string): string {
  return model.replace(COPIED, (wire) => {
    const copy = copiesUsed[wire] ?? 0;
    copiesUsed[wire] = copy + 1;
    if (copy >= COPIES) throw new Error(`More than ${COPIES} requests to ${wire}: it needs more copies.`);
    return `${wire}-${copy}`;
  });
}

const COPIED = new RegExp(`^(?:${wires.join('|')})(?=$|-)`);

/** A copy's name without its number. */
function plain(name: string): string {
  return name.replace(new RegExp(`^(${wires.join('|')})-\\d+(?=$|/)`), '$1');
}

/** The first target fails with this kind, and the spare one answers: one request each. */
export async function expectFailover(service: TestService, faulty: Faulty, kind: string): Promise<void> {
  const { status, by, calls, wire, body } = await serve(service, faulty);
  const account = faulty.model.replace(/-.*/, '') as FaultyWire;
  expect(calls).toEqual([`${targets[account]} 1 ${kind}`, 'spare/m 1 succeeded']);
  expect({ status, by, wire }).toEqual({ status: 200, by: 'spare/m', wire: { [account]: 1, spare: 1 } });
  expect(body.choices[0].message.content).toMatch(/./);
}

export function callLine(call: {
  target: string;
  attempt: number;
  outcome: string;
  kind: string | null;
  possibly_billed: boolean;
}): string {
  return `${call.target} ${call.attempt} ${call.kind ?? call.outcome}${call.possibly_billed ? '?' : ''}`;
}
