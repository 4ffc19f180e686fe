// Regular expressions of clients: RE2's, whose time grows only with the text, so that none can hold a worker up.

import { RE2JS } from 're2js';
import { withinTime } from './within-time.ts';

export type PatternCheck =
  | { readonly type: 'checker'; readonly faultOf: (text: string) => string | null }
  | { readonly type: 'invalid'; readonly because: string };

export function patternCheck(pattern: string): PatternCheck {
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(pattern);
  } catch (error) {
    return { type: 'invalid', because: error instanceof Error ? error.message : String(error) };
  }
  return {
    type: 'checker',
    faultOf: (text) => {
      const found =
        text.length <= SHORT ? { value: compiled.test(text) } : withinTime(LIMIT_MS, () => compiled.test(text));
      if (found === null) return `the pattern could not be looked for within ${LIMIT_MS} ms`;
      return found.value ? null : 'it does not match the pattern';
    },
  };
}

/** Below it no pattern takes long, and a watchdog costs more than it. */
const SHORT = 2_000;
const LIMIT_MS = 500;
