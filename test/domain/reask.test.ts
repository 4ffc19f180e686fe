// What the same target is told when it is asked once more.

import { describe, expect, it } from 'vitest';
import type { Prompt } from '../../src/domain/prompt.ts';
import { answerReask, reasked } from '../../src/domain/reask.ts';

const prompt: Prompt = { messages: [{ role: 'user', parts: [{ type: 'text', text: 'Why?' }] }], params: { seed: 1 } };

describe('a prompt that is asked again', () => {
  it('is the same when there is nothing to tell', () => expect(reasked(prompt, undefined)).toBe(prompt));

  it('has the answer and what is wrong with it behind the conversation', () => {
    const again = reasked(prompt, answerReask('{"a":"5"}', '/a must be integer'));
    expect(again.params).toEqual({ seed: 1 });
    expect(again.messages).toEqual([
      prompt.messages[0],
      { role: 'assistant', text: '{"a":"5"}', toolCalls: [] },
      { role: 'user', parts: [{ type: 'text', text: expect.stringContaining('not accepted: /a must be integer.') }] },
    ]);
  });

  it('tells the format in words where that was the fault', () => {
    expect(reasked(prompt, { type: 'format' })).toEqual({ ...prompt, tellsFormat: true });
  });

  it('keeps the beginning and the end of what is long, and no half of a character', () => {
    const reask = answerReask(`start${'👍'.repeat(100_000)}end`, 'x'.repeat(10_000));
    if (reask.type !== 'answer') throw new Error('no answer');
    expect(reask.answer.length).toBeLessThanOrEqual(16_000);
    expect(reask.fault.length).toBeLessThanOrEqual(2_000);
    expect(reask.answer).toMatch(/^start👍+ … 👍+end$/u);
  });
});
