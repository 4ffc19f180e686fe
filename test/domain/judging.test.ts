// What a judge is shown, and which of its judgements are believed.

import { describe, expect, test } from 'vitest';
import { escalationPrompt } from '../../src/domain/escalation.ts';
import { judgePrompt, readJudgement } from '../../src/domain/judging.ts';
import type { Prompt } from '../../src/domain/prompt.ts';

const answer = (text: string) => ({
  text,
  refusal: null,
  toolCalls: [],
  finishReason: { unified: 'stop' as const, raw: 'stop' },
  usage: null,
  model: 'a-model-name',
});
const prompt: Prompt = {
  messages: [
    { role: 'system', text: 'Be brief.' },
    {
      role: 'user',
      parts: [
        { type: 'text', text: 'Is it safe?' },
        { type: 'image', url: 'data:image/png;base64,AA' },
      ],
    },
  ],
  params: { temperature: 0.7 },
};
const textOf = ({ messages }: Prompt) => {
  const last = messages.at(-1);
  return last?.role === 'user' ? last.parts.map((part) => (part.type === 'text' ? part.text : '')).join('') : '';
};

describe('the judge', () => {
  const judged = judgePrompt({ prompt, answers: [answer('Yes.'), answer('No."]}')], order: [1, 0] });

  test('reads question and answers as data, in the order given, and not who answered', () => {
    const shown = JSON.parse(textOf(judged));
    expect(shown.answers).toEqual({ 'answer-1': 'No."]}', 'answer-2': 'Yes.' });
    expect(shown.question).toEqual([
      { role: 'system', text: 'Be brief.' },
      { role: 'user', text: 'Is it safe?\n(image)' },
    ]);
    expect(JSON.stringify(judged)).not.toContain('a-model-name');
  });

  test('is bound to a schema that knows only the labels', () => {
    expect(judged.responseFormat).toMatchObject({ type: 'json-schema', strict: true });
    expect(JSON.stringify(judged.responseFormat)).toContain('"enum":["answer-1","answer-2"]');
  });

  test('is taken back to the votes through the order in which it read them', () => {
    expect(readJudgement('{"groups":[["answer-1","answer-3"],["answer-2"]]}', [2, 0, 1])).toEqual([[2, 1], [0]]);
  });

  test.each([
    ['no JSON', 'They agree.'],
    ['nothing', null],
    ['no groups', '{"verdict":"same"}'],
    ['an answer that is left out', '{"groups":[["answer-1"]]}'],
    ['an answer in two groups', '{"groups":[["answer-1","answer-2"],["answer-2"]]}'],
    ['an answer that does not exist', '{"groups":[["answer-1","answer-2","answer-3"]]}'],
    ['an answer twice in one group', '{"groups":[["answer-1","answer-1"]]}'],
    ['groups that are no lists', '{"groups":["answer-1","answer-2"]}'],
  ])('is not believed with %s', (_, text) => {
    expect(readJudgement(text, [0, 1])).toBeNull();
  });

  test('may leave empty groups', () => {
    expect(readJudgement('{"groups":[["answer-1","answer-2"],[]]}', [0, 1])).toEqual([[0, 1]]);
  });
});

describe('whoever decides a split', () => {
  test('is asked the same, with the votes behind it in one message', () => {
    const asked = escalationPrompt({ prompt, answers: [answer('Yes.'), answer('No.')] });
    expect(asked.messages).toHaveLength(2);
    expect(asked.params).toEqual(prompt.params);
    expect(textOf(asked)).toContain('Is it safe?');
    expect(textOf(asked)).toContain('["Yes.","No."]');
    expect(JSON.stringify(asked)).not.toContain('a-model-name');
  });

  test('gets a message of its own behind a conversation that does not end with the user', () => {
    const messages = [...prompt.messages, { role: 'tool' as const, toolCallId: '1', text: 'ok' }];
    expect(escalationPrompt({ prompt: { ...prompt, messages }, answers: [answer('Yes.')] }).messages).toHaveLength(4);
  });
});
