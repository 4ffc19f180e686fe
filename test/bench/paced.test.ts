// What a question asks of the paced provider, and what its tokens tell.

import { expect, test } from 'vitest';
import { paceIn, paceQuestion, stampedTokens, tokenText } from '../../bench/paced.ts';

const token = { index: 17, sentAtMs: 123_456.789, tookMs: 0.5 };

test('the pace that a question asks for is found in whatever request carries it', () => {
  const pace = { tokens: 500, everyMs: 20 };
  expect(paceIn(JSON.stringify({ messages: [{ role: 'user', content: paceQuestion(pace) }] }))).toEqual(pace);
  expect(paceIn('{"messages":[]}')).toBeNull();
});

test('tokens are read out of a text, however many of them came in one piece', () => {
  const next = { ...token, index: 18 };
  expect(stampedTokens(tokenText(token) + tokenText(next))).toEqual([token, next]);
  expect(stampedTokens('')).toEqual([]);
});

test('a text in which anything else stands, or half a token, is no text of tokens', () => {
  expect(stampedTokens(`${tokenText(token)}and`)).toBeNull();
  expect(stampedTokens(tokenText(token).slice(0, -3))).toBeNull();
  expect(stampedTokens(tokenText(token).slice(3))).toBeNull();
});
