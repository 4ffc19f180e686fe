// Which names tell one model.

import { describe, expect, test } from 'vitest';
import { modelIdentity } from '../../src/domain/model-identity.ts';

describe('one model', () => {
  test.each([
    ['a dated version', 'gpt-4o', 'gpt-4o-2024-08-06'],
    ['a date without dashes', 'claude-sonnet-4-5', 'claude-sonnet-4-5-20250929'],
    ['a date behind an at sign', 'claude-sonnet-4-5', 'claude-sonnet-4-5@20250929'],
    [
      'a region and a maker before it, a version behind it',
      'claude-sonnet-4-5',
      'eu.maker.claude-sonnet-4-5-20250929-v1:0',
    ],
    ["a router's path", 'openai/gpt-4o', 'gpt-4o'],
    ['a path of several parts', 'accounts/x/models/llama-v3-70b', 'llama-v3-70b'],
    ['the latest', 'mistral-medium-latest', 'mistral-medium'],
    ['a numbered version', 'gemini-2.0-flash-001', 'models/gemini-2.0-flash'],
    ['a version by month', 'mistral-large-2411', 'mistral-large'],
    ['upper case', 'Gemini-2.5-Pro', 'gemini-2.5-pro'],
  ])('under %s', (_, a, b) => {
    expect(modelIdentity(a)).toBe(modelIdentity(b));
  });
});

describe('two models', () => {
  test.each([
    ['gpt-4o', 'gpt-4o-mini'],
    ['gpt-4.1', 'gpt-4'],
    ['gemini-2.5-pro', 'gemini-2.5-flash'],
    ['claude-sonnet-4-5', 'claude-opus-4-5'],
    ['llama3:8b', 'llama3:70b'],
    ['qwen-2.5-72b', 'qwen-2.5-7b'],
    ['o3', 'o1'],
  ])('%s and %s', (a, b) => {
    expect(modelIdentity(a)).not.toBe(modelIdentity(b));
  });
});

test('a name that is only a date or a number keeps something', () => {
  expect(modelIdentity('-2024-08-06')).not.toBe('');
  expect(modelIdentity('2411')).toBe('2411');
});
