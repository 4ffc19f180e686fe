// Who is left out of a chain before it starts, and what a client is told when nobody is left. Over HTTP, with nothing started.

import { describe, expect, test } from 'vitest';
import type { Catalog } from '../../src/domain/catalog.ts';
import type { ModelSettings } from '../../src/domain/model-settings.ts';
import type { Prompt } from '../../src/domain/prompt.ts';
import { ableTargets } from '../../src/http/able-targets.ts';
import { catalog as plainCatalog, chat, serverWithoutTemporal } from './server-without-temporal.ts';

const catalog: Catalog = {
  ...plainCatalog,
  providers: {
    openai: { region: 'eu', capabilities: [{ lacks: ['logprobs'] }] },
    together: { region: null, capabilities: [{ models: '^meta/', lacks: ['stop'] }] },
  },
  facts: { ...plainCatalog.facts, 'together/tiny': { contextWindow: 100 } },
};
const targets = [
  { provider: 'openai', model: 'gpt-4o', contextWindow: 128_000 },
  { provider: 'together', model: 'meta/llama' },
  { provider: 'together', model: 'tiny', contextWindow: 100 },
];
const asked: Prompt = { messages: [{ role: 'user', parts: [{ type: 'text', text: 'Hello' }] }], params: {} };
const long: Prompt = { ...asked, messages: [{ role: 'system', text: 'word '.repeat(200) }] };
const { strategy: _, ...common } = plainCatalog.defaults;
const chain: ModelSettings = { strategy: 'failover', targets, ...common };

function namesFor(prompt: Prompt, settings: ModelSettings = chain) {
  return ableTargets({ settings, prompt, catalog }).targets.map(({ model }) => model);
}

describe('a chain', () => {
  test('keeps everybody who can take the request, or of whom nothing is known', () => {
    expect(ableTargets({ settings: chain, prompt: asked, catalog })).toBe(chain);
    expect(namesFor({ ...asked, params: { logprobs: 0 } })).toEqual(['meta/llama', 'tiny']);
    expect(namesFor({ ...asked, params: { stop: ['END'] } })).toEqual(['gpt-4o', 'tiny']);
    expect(namesFor(long)).toEqual(['gpt-4o', 'meta/llama']);
  });

  test('of a race loses those too, but votes are left as they are while one of them can be given', () => {
    const race: ModelSettings = {
      strategy: 'hedge',
      targets,
      hedgeDelay: 0,
      hedgeBudget: { requests: 1, spend: 1 },
      ...common,
    };
    expect(namesFor(long, race)).toEqual(['gpt-4o', 'meta/llama']);
    const vote: ModelSettings = {
      strategy: 'consensus',
      targets,
      legs: targets.map((_target, index) => ({ targets: [index], weight: 1 })),
      quorum: 2,
      compare: { type: 'exact' },
      graceAfterQuorumMs: 0,
      earlyExit: false,
      onSplit: { type: 'fail' },
      ...common,
    };
    expect(ableTargets({ settings: vote, prompt: long, catalog })).toBe(vote);
  });
});

describe('a request that no target can take is a 400, and starts nothing', async () => {
  const { app, used } = await serverWithoutTemporal({ catalog });
  const post = async (payload: object) => {
    const response = await app.inject({
      method: 'POST',
      url: '/v1/chat/completions',
      payload: { ...chat, ...payload },
    });
    expect(used).toEqual([]);
    return { status: response.statusCode, ...response.json().error };
  };

  test('that names the parameter and the targets', async () => {
    expect(await post({ model: 'openai/gpt-4o', logprobs: true })).toMatchObject({
      status: 400,
      type: 'invalid_request_error',
      code: 'unsupported_parameter',
      param: 'logprobs',
      message:
        'No target can take this request: openai/gpt-4o does not support log probabilities (logprobs). Nothing was started.',
    });
    const both = await post({ model: 'summarize', logprobs: true, stop: ['END'] });
    expect(both).toMatchObject({ code: 'unsupported_parameter', param: 'logprobs' });
    expect(both.message).toMatch(/openai\/gpt-4o .+ \(logprobs\); together\/meta\/llama .+ \(stop\)\./);
  });

  test('that says that it is too long', async () => {
    const messages = [{ role: 'user', content: 'secret '.repeat(300) }];
    const error = await post({ model: 'together/tiny', messages });
    expect(error).toMatchObject({ status: 400, code: 'context_length_exceeded', param: 'messages' });
    expect(error.message).toContain('together/tiny holds 100 tokens');
    expect(error.message).not.toContain('secret');
  });

  test('in the words of the API by which it came', async () => {
    const respond = async (payload: object) => {
      const response = await app.inject({ method: 'POST', url: '/v1/responses', payload });
      expect(used).toEqual([]);
      return response.json().error;
    };
    const longInput = await respond({ model: 'together/tiny', input: 'word '.repeat(300) });
    expect(longInput).toMatchObject({ code: 'context_length_exceeded', param: 'input' });
    const include = ['message.output_text.logprobs'];
    const unsupported = await respond({ model: 'openai/gpt-4o', input: 'Hello', include });
    expect(unsupported).toMatchObject({ code: 'unsupported_parameter', param: 'include' });
    expect(unsupported.message).toContain('log probabilities (include)');
  });

  test('also when a strategy comes with it', async () => {
    const strategy = { type: 'failover', targets: [{ target: 'openai/o', params: { stop: 'x' } }, 'openai/p'] };
    const response = await app.inject({
      method: 'POST',
      url: '/v1/inferences',
      payload: { ...chat, logprobs: true, strategy },
    });
    expect(response.json().error).toMatchObject({ code: 'unsupported_parameter', param: 'logprobs' });
    expect(used).toEqual([]);
  });
});
