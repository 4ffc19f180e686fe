// JSON that was asked for, end to end: what is put right, what is asked for once more and how, and what fails over. And
// the measure of it: the share of valid answers over what models make of JSON, with a plain parser and with this service.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { schemaCheck } from '../../activities/expect/schema-check.ts';
import type { Oddity } from '../../src/simulator/answer/odd-json.ts';
import { oddFaults, oddForms, oddJson } from '../../src/simulator/answer/odd-json.ts';
import type { FaultRule } from '../../src/simulator/fault.ts';
import type { Wire } from '../../src/simulator/simulator.ts';
import type { TestService } from '../support/service.ts';
import { startTestService } from '../support/service.ts';
import { FETCH_LIMIT_MS } from '../support/temporal-executable.ts';
import { callLine, wires } from './support-faults.ts';

const model = (wire: Wire) => (wire === 'anthropic' ? 'claude-sonnet-4-5' : 'm');

let service: TestService;
beforeAll(async () => {
  service = await startTestService({
    config: (simulator) => {
      const provider = (account: string, type: string, wire: Wire) => [
        account,
        { type, apiKey: 'test-key', baseUrl: simulator.baseUrl(account, wire) },
      ];
      return {
        providers: Object.fromEntries([
          ...wires.map((wire) => provider(wire, wire, wire)),
          provider('compatible', 'openai-compatible', 'openai'),
          provider('other', 'openai-compatible', 'openai'),
          provider('spare', 'openai', 'openai'),
        ]),
        models: {
          ...Object.fromEntries(
            wires.map((wire) => [wire, { targets: [`${wire}/${model(wire)}`, 'spare/m'], maxAttemptsPerTarget: 2 }]),
          ),
          once: { targets: ['openai/m', 'spare/m'], maxAttemptsPerTarget: 1 },
          compatible: { targets: ['compatible/m', 'spare/m'] },
          other: { targets: ['other/m', 'spare/m'], maxAttemptsPerTarget: 1 },
        },
      };
    },
  });
}, FETCH_LIMIT_MS);
afterAll(() => service.stop());

const schema = {
  type: 'object',
  properties: {
    summary: { type: 'string' },
    risk: { type: 'integer' },
    isFinal: { type: 'boolean' },
    note: { type: 'null' },
    parts: { type: 'array', items: { type: 'string' }, minItems: 1 },
  },
  required: ['summary', 'risk', 'isFinal', 'note', 'parts'],
  additionalProperties: false,
};
const response_format = { type: 'json_schema', json_schema: { name: 'report', schema } };

let marks = 0;

async function ask(name: string, rule: Omit<FaultRule, 'matches'> | null, body: object = { response_format }) {
  // Without digits: the simulated model would take them for values.
  const mark = `mark-${String(marks++).replaceAll(/\d/g, (digit) => 'abcdefghij'[Number(digit)] ?? '')}-`;
  const { simulator } = service;
  const isMine = (request: { readonly body: unknown }) => JSON.stringify(request.body).includes(mark);
  const restore = rule
    ? simulator.inject({ ...rule, matches: (request) => request.account !== 'spare' && isMine(request) })
    : () => undefined;
  const text = `${mark} is the name. The river isn't "wide" here, it flows on. It ends in a sea of 7 islands.`;
  const answer = await service.request('/v1/chat/completions', {
    body: { model: name, messages: [{ role: 'user', content: text }], ...body },
  });
  restore();
  const id = answer.headers.get('x-holdfast-inference-id');
  const { calls } = (await service.request(`/v1/inferences/${id}`)).body;
  const requests = simulator.requests.filter(isMine).map((request) => ({ ...request, body: request.body as any }));
  const content: string | null = answer.body.choices?.[0].message.content ?? null;
  return { ...answer, content, calls, lines: calls.map(callLine), requests };
}

function isValid(text: string | null): boolean {
  const check = schemaCheck(schema);
  return text !== null && check.type === 'checker' && check.faultOf(text) === null;
}

const odd = (oddity: Oddity): FaultRule => ({ fault: { type: 'odd-json', oddity } });

describe('the share of valid answers', () => {
  const value = { summary: 'It isn\'t "wide". It ends.', risk: 7, isFinal: true, note: null, parts: ['One. Two.'] };
  const corpus: readonly (Oddity | null)[] = [null, ...oddForms, ...oddFaults];

  test('is 1 in 16 with a plain parser, and all of them with this service', async () => {
    const plain = corpus.filter((oddity) => isValid(oddity ? oddJson(value, oddity) : JSON.stringify(value)));
    const asked = await Promise.all(
      wires.flatMap((wire) =>
        corpus.map(async (oddity) => {
          const rule: FaultRule | null = oddity && { ...odd(oddity), untilReasked: true };
          const { content, calls } = await ask(wire, rule);
          return {
            oddity,
            isValid: isValid(content),
            isFirst: calls.length === 1,
            isSpare: calls.at(-1).target === 'spare/m',
          };
        }),
      ),
    );
    const share = (is: (one: (typeof asked)[number]) => boolean) => asked.filter(is).length / asked.length;
    const measured = {
      plainParser: plain.length / corpus.length,
      repaired: share((one) => one.isValid && one.isFirst),
      reasked: share((one) => one.isValid && !one.isSpare),
      failedOver: share((one) => one.isValid),
    };
    process.stdout.write(`valid answers of ${asked.length}: ${JSON.stringify(measured)}\n`);
    expect(measured).toEqual({ plainParser: 1 / 16, repaired: 10 / 16, reasked: 15 / 16, failedOver: 1 });
    // What was cut is not asked for again: the next target is better.
    expect(new Set(asked.filter((one) => one.isSpare).map((one) => one.oddity))).toEqual(new Set(['left-open']));
  });
});

describe('JSON in another form', () => {
  test.each(oddForms)('(%s) is put right, and the record says so', async (oddity) => {
    const { content, calls, lines, requests } = await ask('openai', odd(oddity));
    expect(lines).toEqual(['openai/m 1 succeeded']);
    expect(calls[0].repaired).toBe(true);
    expect(requests).toHaveLength(1);
    expect(JSON.parse(content ?? '')).toMatchObject({ risk: 7, isFinal: true, note: null });
    expect(content).toMatch(/^\{.*\}$/s);
  });

  test('is not said of JSON that came as it should', async () => {
    expect((await ask('openai', null)).calls[0]).not.toHaveProperty('repaired');
  });

  test('is put right for any JSON object, too', async () => {
    const { content, calls } = await ask('openai', odd('python'), { response_format: { type: 'json_object' } });
    expect(JSON.parse(content ?? '')).toHaveProperty('answer');
    expect(calls[0].repaired).toBe(true);
  });
});

describe('JSON that is wrong', () => {
  const reasked = oddFaults.filter((oddity) => oddity !== 'left-open');

  test.each(
    wires.flatMap((wire) => reasked.map((oddity) => [wire, oddity] as const)),
  )('of %s (%s) is asked for once more, with the answer and what is wrong with it', async (wire, oddity) => {
    const { content, lines, requests } = await ask(wire, { ...odd(oddity), untilReasked: true });
    const target = `${wire}/${model(wire)}`;
    expect(lines).toEqual([`${target} 1 schema-invalid`, `${target} 2 succeeded`]);
    expect(isValid(content)).toBe(true);
    const [first, second] = requests;
    const [before, after] = [first, second].map((request) => request?.body.messages ?? request?.body.contents);
    expect(after.slice(0, -2)).toEqual(before);
    expect(after.slice(-2).map((message: { role: string }) => message.role)).toEqual([
      wire === 'google' ? 'model' : 'assistant',
      'user',
    ]);
    expect(second?.text).toContain('Your answer was not accepted: ');
  });

  test.each<[Oddity, RegExp]>([
    ['wrong-type', /\/risk must be integer/],
    ['missing-field', /must have required property 'summary'/],
    ['extra-field', /must NOT have additional properties \("unasked"\)/],
    ['two-values', /more than words stands around it/],
    ['no-json', /it is none/],
  ])('(%s) is told to the model, and to nobody else', async (oddity, words) => {
    const { requests, calls } = await ask('openai', { ...odd(oddity), untilReasked: true });
    expect(requests[1]?.text).toMatch(words);
    expect(calls[0].message).not.toMatch(/risk|summary|unasked/);
  });

  test('a second time fails over, and the next target is asked without it', async () => {
    const { lines, requests, content } = await ask('openai', odd('wrong-type'));
    expect(lines).toEqual(['openai/m 1 schema-invalid', 'openai/m 2 schema-invalid', 'spare/m 1 succeeded']);
    expect(requests.map(({ body }) => body.messages.length)).toEqual([1, 3, 1]);
    expect(isValid(content)).toBe(true);
  });

  test('is not asked for again where a target has one attempt', async () => {
    const { lines } = await ask('once', odd('wrong-type'));
    expect(lines).toEqual(['openai/m 1 schema-invalid', 'spare/m 1 succeeded']);
  });

  test('that is cut is not made whole and not asked for again', async () => {
    const { lines } = await ask('openai', odd('left-open'));
    expect(lines).toEqual(['openai/m 1 truncated', 'spare/m 1 succeeded']);
  });
});

describe('a server that does not take the format', () => {
  const refusal = { error: { message: 'response_format json_schema is not supported', type: 'BadRequestError' } };
  const refuses = (account: string) =>
    service.simulator.inject({
      account,
      matches: ({ body }) => (body as { response_format?: unknown }).response_format !== undefined,
      fault: { type: 'status', status: 400, body: refusal },
    });

  test('is told it in words instead, and from then on at once', async () => {
    const restore = refuses('compatible');
    const { lines, content, requests } = await ask('compatible', null);
    expect(lines).toEqual(['compatible/m 1 unsupported', 'compatible/m 2 succeeded']);
    expect(isValid(content)).toBe(true);
    expect(requests[1]?.body).not.toHaveProperty('response_format');
    expect(requests[1]?.body.messages[0]).toEqual({
      role: 'system',
      content: expect.stringContaining(JSON.stringify(schema)),
    });
    expect((await ask('compatible', null)).lines).toEqual(['compatible/m 1 succeeded']);
    restore();
  });

  test('fails over where it has one attempt', async () => {
    const restore = refuses('other');
    expect((await ask('other', null)).lines).toEqual(['other/m 1 unsupported', 'spare/m 1 succeeded']);
    restore();
  });
});
