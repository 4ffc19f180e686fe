// What is wrong with an expectation itself, before any answer is held against it.

import type { Expect, ExpectFault } from '../../src/domain/expectation.ts';
import { boundsFaults } from '../../src/domain/expectation.ts';
import { patternCheck } from './pattern-check.ts';
import { schemaCheck } from './schema-check.ts';

export function expectFaults(expect: Expect): readonly ExpectFault[] {
  const { schema, pattern } = expect;
  return [
    ...(schema && schemaCheck(schema).type === 'invalid'
      ? [{ path: ['schema'], message: 'is not a JSON Schema that can be compiled' }]
      : []),
    ...(pattern !== undefined && patternCheck(pattern).type === 'invalid'
      ? [
          {
            path: ['pattern'],
            message: 'is not a regular expression of RE2, which has no look-around and no back-references',
          },
        ]
      : []),
    ...boundsFaults(expect),
  ];
}
