// Everything that `expect` asks of an answer, ready to be checked against its text.

import type { Expect } from '../../src/domain/expectation.ts';
import { countFault } from '../../src/domain/expectation.ts';
import { patternCheck } from './pattern-check.ts';
import { schemaCheck } from './schema-check.ts';
import { syntaxCheck, syntaxNames } from './syntax-check.ts';

export interface AnswerCheck {
  /** The answer has to be JSON. */
  readonly asksJson: boolean;
  readonly faultOf: (text: string) => AnswerFault | null;
}

export interface AnswerFault {
  /** Remarks on "it" that quote nothing. */
  readonly because: string;
  /** The same with all that helps to put it right; may quote the answer. */
  readonly detail: string;
}

/** A text says why the expectation is none: it should have been refused before. */
export async function answerCheck(expects: readonly Expect[]): Promise<AnswerCheck | string> {
  const checks: Check[] = [];
  for (const expect of expects) {
    const made = await checksOf(expect);
    if (typeof made === 'string') return made;
    checks.push(...made);
  }
  return {
    asksJson: expects.some(({ schema }) => schema !== undefined),
    faultOf: (text) => {
      const faults = checks.flatMap((check) => check(text) ?? []);
      if (faults.length === 0) return null;
      return {
        because: faults.map(({ because }) => because).join('; '),
        detail: faults.map(({ detail }) => detail).join('; '),
      };
    },
  };
}

type Check = (text: string) => AnswerFault | null;

async function checksOf(expect: Expect): Promise<readonly Check[] | string> {
  const checks: Check[] = [];
  const { schema, pattern, syntax } = expect;
  if (schema !== undefined) {
    const check = schemaCheck(schema);
    if (check.type === 'invalid') return check.because;
    checks.push((text) => detailed('its JSON does not match the expected schema', check.faultOf(text)));
  }
  if (pattern !== undefined) {
    const check = patternCheck(pattern);
    if (check.type === 'invalid') return check.because;
    checks.push((text) => {
      const because = check.faultOf(text);
      return because === null ? null : { because, detail: `${because} ${pattern}` };
    });
  }
  checks.push((text) => {
    const because = countFault(expect, text);
    return because === null ? null : { because, detail: because };
  });
  if (syntax !== undefined) {
    const faultOf = await syntaxCheck(syntax);
    checks.push((text) => detailed(`it is not valid ${syntaxNames[syntax]}`, faultOf(soleFence(text) ?? text)));
  }
  return checks;
}

function detailed(because: string, words: string | null): AnswerFault | null {
  return words === null ? null : { because, detail: `${because}: ${words}` };
}

/** What the one fence of a text holds. Line by line: a regular expression takes for ever over fences that are left open. */
function soleFence(text: string): string | null {
  const fences: string[] = [];
  let within: string[] | null = null;
  for (const line of text.split('\n')) {
    if (within === null) {
      if (OPENING.test(line)) within = [];
    } else if (CLOSING.test(line)) {
      fences.push(within.join('\n'));
      within = null;
    } else within.push(line);
  }
  return fences.length === 1 ? (fences[0] ?? null) : null;
}

const OPENING = /^[ \t]*```[^`]*$/;
const CLOSING = /^[ \t]*```[ \t\r]*$/;
