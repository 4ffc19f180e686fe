// How an answer is streamed when the request, the model and the form of the answer say different things.

import { describe, expect, test } from 'vitest';
import type { Prompt } from '../../src/domain/prompt.ts';
import type { StreamMode } from '../../src/domain/stream-mode.ts';
import { streamMode } from '../../src/domain/stream-mode.ts';

const plain: Prompt = { messages: [], params: {} };
const checked: Prompt = { ...plain, responseFormat: { type: 'json' } };

describe('a stream is', () => {
  test.each<
    [name: string, prompt: Prompt, asked: StreamMode | undefined, configured: StreamMode | undefined, StreamMode]
  >([
    ['live by default', plain, undefined, undefined, 'live'],
    ['verified where a form of the answer is asked for', checked, undefined, undefined, 'verified'],
    ['live where a form is asked for and the request says so', checked, 'live', undefined, 'live'],
    ['live where a form is asked for and the model says so', checked, undefined, 'live', 'live'],
    ['as the model says', plain, undefined, 'verified', 'verified'],
    ['as the request says, whatever the model does', plain, 'live', 'verified', 'live'],
    [
      'live with a format that is plain text',
      { ...plain, responseFormat: { type: 'text' } },
      undefined,
      undefined,
      'live',
    ],
  ])('%s', (_name, prompt, asked, configured, mode) => {
    for (const strategy of ['failover', 'hedge'] as const) {
      expect(streamMode({ strategy, prompt, asked, configured })).toBe(mode);
    }
    expect(streamMode({ strategy: 'consensus', prompt, asked, configured })).toBe('verified');
  });
});
