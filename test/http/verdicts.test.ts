// What clients see of a vote: with the answer, while it is held, and in headers.

import { describe, expect, test } from 'vitest';
import { answerOfPerson } from '../../src/domain/answer.ts';
import type { Inference } from '../../src/domain/inference.ts';
import type { Verdict } from '../../src/domain/verdict.ts';
import { inferenceObject } from '../../src/http/inference-object.ts';
import { verdictObject } from '../../src/http/verdict-object.ts';
import { chat, serverWithoutTemporal } from './server-without-temporal.ts';
import { agreed, answer, failed, id, running, split, succeeded, vote } from './votes.ts';

describe('a verdict', () => {
  test('shows every leg with its vote, its number, and who served it, or that it has none', () => {
    expect(verdictObject(agreed)).toEqual({
      outcome: 'agreed',
      decided_by: 'votes',
      quorum: 2,
      winner: 0,
      agreement: 0.75,
      fields: { amount: 1, 'items[].price': 0.5 },
      open_fields: [],
      because: 'Two of three agree.',
      votes: [
        {
          index: 0,
          standing: 'counted',
          target: 'one/gpt-4o',
          model: 'gpt-4o-2024-08-06',
          answer: { content: 'Bern', tool_calls: [] },
          agrees: true,
          weight: 1,
          latency_ms: 300,
          cost_usd: 0.002,
        },
        {
          index: 1,
          standing: 'failed',
          target: 'two/beta',
          model: null,
          answer: null,
          agrees: false,
          weight: 2,
          latency_ms: null,
          cost_usd: null,
        },
        {
          index: 2,
          standing: 'counted',
          target: 'three/gamma',
          model: 'gpt-4o-2024-08-06',
          answer: { content: 'Bern', tool_calls: [] },
          agrees: true,
          weight: 0.5,
          latency_ms: 300,
          cost_usd: 0.002,
        },
      ],
    });
  });

  test('shows the tool calls of a vote', () => {
    const toolCalls = [{ id: 'c1', name: 'pay', arguments: '{"amount": 3}' }];
    const shown = verdictObject({ ...agreed, votes: [{ ...vote, answer: { ...answer, text: null, toolCalls } }] });
    expect(shown.votes[0]?.answer).toEqual({
      content: null,
      tool_calls: [{ name: 'pay', arguments: '{"amount": 3}' }],
    });
  });

  test('names the fields that are open, and has no fields where nothing was compared field by field', () => {
    expect(verdictObject({ ...agreed, outcome: 'partial', openFields: ['buyer.name'] })).toMatchObject({
      outcome: 'partial',
      open_fields: ['buyer.name'],
    });
    expect(verdictObject(split)).toMatchObject({ fields: null, winner: null, decided_by: null });
  });

  test('says who has decided what, and by which way', () => {
    const at = '2026-11-24T11:00:00.000Z';
    const { approvals } = verdictObject({
      ...split,
      approvals: [
        { by: 'olga', via: 'api', at, reason: 'Looked it up.', choice: { vote: 0 } },
        { by: null, via: 'temporal', at, reason: 'None is right.', choice: { answer: 'Vienna' } },
      ],
    });
    expect(approvals).toEqual([
      { by: 'olga', via: 'api', at, reason: 'Looked it up.', vote: 0, answer: null },
      { by: null, via: 'temporal', at, reason: 'None is right.', vote: null, answer: 'Vienna' },
    ]);
    expect(verdictObject(split)).not.toHaveProperty('approvals');
  });
});

describe('an inference', () => {
  const shown = (inference: Inference) => inferenceObject(inference, () => null);

  test('that has an answer shows what the votes have come to', () => {
    expect(shown(succeeded)).toMatchObject({ status: 'succeeded', verdict: verdictObject(agreed) });
  });

  test('that failed shows it, too', () => {
    const inference = { ...running, status: 'failed' as const, failure: failed({}) };
    expect(shown(inference)).toMatchObject({ error: { code: 'consensus_split' }, verdict: verdictObject(split) });
  });

  test('that is held shows the votes, and that it waits for a person', () => {
    const inference = { ...running, status: 'waiting' as const, waitingFor: 'resolution' as const };
    expect(shown({ ...inference, heldVerdict: { ...split, approvals: [] } })).toMatchObject({
      status: 'waiting',
      waiting_for: 'resolution',
      output: null,
      error: null,
      verdict: { ...verdictObject(split), approvals: [] },
    });
    // Its worker was not to be asked.
    expect(shown(inference)).not.toHaveProperty('verdict');
  });

  test('that waits for a target says so, and one that nobody voted on shows no verdict', () => {
    const shownOne = shown({ ...running, status: 'waiting', waitingFor: 'target' });
    expect(shownOne).toMatchObject({ status: 'waiting', waiting_for: 'target' });
    expect(shownOne).not.toHaveProperty('verdict');
  });

  test('that a person has answered was served by no target', () => {
    const result = { answer: answerOfPerson('Vienna'), target: null, verdict: split, calls: [] };
    expect(shown({ ...succeeded, result })).toMatchObject({ target: null, output: { model: 'person' } });
  });
});

describe('a chat completion', () => {
  const completed = async (inference: Inference) => {
    const { app } = await serverWithoutTemporal({
      inferences: { start: () => Promise.resolve({ type: 'started', inference }) },
    });
    return app.inject({ method: 'POST', url: '/v1/chat/completions', payload: chat });
  };

  test('says in its headers what the votes have come to, and who has won', async () => {
    const { statusCode, headers } = await completed(succeeded);
    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({
      'x-holdfast-verdict': 'agreed',
      'x-holdfast-target': 'one/gpt-4o',
      'x-holdfast-calls': '3',
    });
  });

  test('names no target when a person has answered', async () => {
    const verdict: Verdict = { ...split, decidedBy: 'person' };
    const result = { answer: answerOfPerson('Vienna'), target: null, verdict, calls: [] };
    const { statusCode, headers, body } = await completed({ ...succeeded, result });
    expect(statusCode).toBe(200);
    expect(headers).not.toHaveProperty('x-holdfast-target');
    expect(headers).toMatchObject({ 'x-holdfast-verdict': 'split', 'x-holdfast-inference-id': id });
    expect(JSON.parse(body)).toMatchObject({ model: 'person', choices: [{ message: { content: 'Vienna' } }] });
  });

  test('has no verdict where nobody voted', async () => {
    const { headers } = await completed({ ...succeeded, result: { answer, target: 'one/gpt-4o', calls: [] } });
    expect(headers).not.toHaveProperty('x-holdfast-verdict');
  });

  test('on which the votes are split is a 422 with the votes', async () => {
    const { statusCode, headers, body } = await completed({
      ...succeeded,
      status: 'failed',
      result: null,
      failure: failed({}),
    });
    expect(statusCode).toBe(422);
    expect(headers).toMatchObject({ 'x-holdfast-verdict': 'split', 'x-should-retry': 'false' });
    expect(JSON.parse(body).error.verdict.votes).toHaveLength(3);
  });
});
