// Providers, models and requests for the tests of streams. Faults befall one request each, by a mark in its text, so that
// many streams run at once.

import type { Fault } from '../../src/simulator/fault.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import type { TestService } from '../support/service.ts';

/** Limits of an attempt that a stream may run into. */
const IMPATIENT = {
  maxAttemptsPerTarget: 1,
  firstTokenTimeout: '1500ms',
  stallTimeout: '1500ms',
  attemptTimeout: '4s',
};

/** Two attempts of that, and what a busy machine adds. */
export const IN_TIME_MS = 12_000;

/** More than any file of tests has requests. */
const COPIES = 100;

/**
 * `closed` ends at a target that cannot go on from another one's text, `open` and `mistral` at one that can. `limited` has
 * a limit of tokens of its own. The first provider has a copy for each request, since what befalls one is remembered.
 */
export function streamModels(simulator: Simulator): object {
  const provider = (name: string, type: 'openai' | 'anthropic' | 'mistral') => ({
    type,
    apiKey: `test-key-${name}`,
    baseUrl: simulator.baseUrl(name, type),
  });
  const copies = Array.from({ length: COPIES }, (_, index) => index);
  return {
    providers: {
      ...Object.fromEntries(copies.map((copy) => [`one-${copy}`, provider(`one-${copy}`, 'openai')])),
      spare: provider('spare', 'openai'),
      two: provider('two', 'anthropic'),
      four: provider('four', 'mistral'),
    },
    models: Object.fromEntries(
      copies.flatMap((copy) =>
        Object.entries(modelsFrom(`one-${copy}/m1`)).map(([name, model]) => [`${name}-${copy}`, model]),
      ),
    ),
  };
}

function modelsFrom(first: string): Readonly<Record<string, object>> {
  const closed = { ...IMPATIENT, targets: [first, 'spare/m1'] };
  const race = {
    ...IMPATIENT,
    strategy: 'hedge',
    targets: [first, 'two/claude-haiku-4-5'],
    attemptTimeout: '20s',
  };
  const compare = { type: 'text' };
  return {
    closed,
    open: { ...IMPATIENT, targets: [first, 'two/claude-haiku-4-5'] },
    mistral: { ...IMPATIENT, targets: [first, 'four/mistral-large'] },
    limited: { ...IMPATIENT, targets: [{ target: first, params: { maxTokens: 500 } }, 'two/claude-haiku-4-5'] },
    alone: { ...IMPATIENT, targets: [first] },
    twice: { ...closed, maxAttemptsPerTarget: 2 },
    patient: { targets: [first], maxAttemptsPerTarget: 1 },
    picky: { ...closed, onRefusal: 'failover' },
    verified: { ...closed, stream: 'verified' },
    live: { ...closed, stream: 'live' },
    race: { ...race, hedgeDelay: '0ms' },
    later: { ...race, hedgeDelay: '600ms', hedgeBudget: { requests: 1, spend: 1 } },
    vote: {
      strategy: 'consensus',
      targets: [first, 'two/claude-haiku-4-5', 'four/mistral-large'],
      quorum: 2,
      compare,
    },
  };
}

/** What the simulated models say to it: every one of them says the same. */
export const STORY = [
  'The river Danube rises in the Black Forest and flows through ten countries to the Black Sea.',
  'The river carries barges of grain, timber and ore between the harbours along its banks.',
  'The people along the river have built bridges, mills and walls against its floods for centuries.',
].join(' ');

let requests = 0;

/** A request of its own, and the faults of the targets that it may be sent to, by account. */
export function tell(
  service: TestService,
  model: string,
  faults: Readonly<Record<string, Fault | undefined>> = {},
  fields: object = {},
) {
  const copy = requests++;
  if (copy >= COPIES) throw new Error(`More than ${COPIES} requests: the first provider needs more copies.`);
  const mark = `mark-${process.pid}-${copy}-`;
  const isMine = (request: { readonly body: unknown }) => JSON.stringify(request.body).includes(mark);
  for (const [account, fault] of Object.entries(faults)) {
    if (fault)
      service.simulator.inject({ fault, matches: (request) => isMine(request) && plain(request.account) === account });
  }
  const body = {
    model: `${model}-${copy}`,
    messages: [
      { role: 'system', content: mark },
      { role: 'user', content: STORY },
    ],
    ...fields,
  };
  return {
    body,
    sent: () => service.simulator.requests.filter(isMine),
    sentTo: () => service.simulator.requests.filter(isMine).map(({ account }) => plain(account)),
  };
}

export async function inferenceOf(service: TestService, { headers }: { headers: Headers }): Promise<any> {
  return (await service.request(`/v1/inferences/${headers.get('x-holdfast-inference-id')}?wait=20`)).body;
}

/** `target outcome-or-kind` of each call. */
export function callsOf({ calls }: any): readonly string[] {
  return calls.map((call: any) => `${plain(call.target)} ${call.kind ?? call.outcome}`);
}

/** The name of a target or account of the first provider without the number of its copy. */
export function plain(name: string | null): string {
  return (name ?? '').replace(/^one-\d+/, 'one');
}
