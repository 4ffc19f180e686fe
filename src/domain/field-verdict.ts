// What a verdict says of the fields of JSON answers. Pure.

import type { CastVote, Tally } from './consensus.ts';
import { fieldAgreement, majorityByField } from './majority-field.ts';
import type { ConsensusSettings, JsonCompare } from './model-settings.ts';
import type { JsonSchema } from './prompt.ts';
import type { Verdict } from './verdict.ts';

interface Counted {
  readonly votes: readonly CastVote[];
  readonly tally: Tally;
  readonly compare: JsonCompare;
  readonly schema: JsonSchema | null;
  readonly rules: Pick<ConsensusSettings, 'legs' | 'quorum'>;
}

/** Adds the agreement on each field; where a winner stands alone or against half in a field, it won in part only. */
export function withFields(verdict: Verdict, input: Counted): Verdict {
  const { tally, compare, schema } = input;
  const winner = tally.counted.findIndex((vote) => vote === tally.leader);
  if (winner === -1) return verdict;
  const fields = fieldAgreement({ ...answersOf(input), winner, compare, schema });
  const openFields = Object.keys(fields).filter((path) => (fields[path] ?? 0) <= 0.5);
  const isPartial = verdict.outcome === 'agreed' && openFields.length > 0;
  return {
    ...verdict,
    fields,
    openFields,
    ...(isPartial && {
      outcome: 'partial',
      because: `${verdict.because} On ${openFields.join(', ')} there is no majority.`,
    }),
  };
}

/** The answer of which each field has a majority, or null when no field has one. */
export function byMajority(
  verdict: Verdict,
  input: Counted,
): { readonly verdict: Verdict; readonly text: string } | null {
  const { compare, schema, rules } = input;
  const merged = majorityByField({ ...answersOf(input), quorum: rules.quorum, compare, schema });
  const { value, openFields, fields } = merged;
  if (Object.keys(fields).every((path) => openFields.includes(path))) return null;
  const open = openFields.length === 0 ? 'Every field has one.' : `None on ${openFields.join(', ')}: null.`;
  return {
    text: JSON.stringify(value),
    verdict: {
      ...verdict,
      outcome: 'partial',
      decidedBy: 'majority-field',
      fields,
      openFields,
      because: `${verdict.because} Each field was decided by majority. ${open}`,
    },
  };
}

function answersOf({ votes, tally, rules }: Counted) {
  const cast = tally.counted.flatMap((index) => votes[index] ?? []);
  return {
    answers: cast.map(({ answer }) => answer),
    weights: cast.map(({ leg }) => rules.legs[leg]?.weight ?? 0),
  };
}
