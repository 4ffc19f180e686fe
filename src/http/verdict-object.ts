// A verdict as clients see it. Pure; must not leave a vote out: they are what an operator audits.

import { z } from 'zod';
import type { Verdict, Vote } from '../domain/verdict.ts';
import { timeSchema } from './call-object.ts';

const voteSchema = z
  .object({
    index: z.int().meta({ description: 'As `resolve` takes it.' }),
    standing: z.enum(['counted', 'same-model', 'unreadable', 'failed', 'late']).meta({
      description:
        '`same-model`: from a model that has voted already; `unreadable`: nothing in it can be compared; `failed`: ' +
        'nobody answered; `late`: not waited for.',
    }),
    target: z.string(),
    model: z.string().nullable().meta({ description: 'The model that served, as the provider names it.' }),
    answer: z
      .object({
        content: z.string().nullable(),
        tool_calls: z.array(z.object({ name: z.string(), arguments: z.string() })),
      })
      .nullable(),
    agrees: z.boolean().meta({ description: 'With the winner.' }),
    weight: z.number(),
    latency_ms: z.number().nullable(),
    cost_usd: z.number().nullable(),
  })
  .meta({ id: 'Vote' });

export const verdictSchema = z
  .object({
    outcome: z.enum(['agreed', 'partial', 'split', 'inconclusive']).meta({
      description: 'What the votes say, whoever decides in the end.',
    }),
    decided_by: z.enum(['votes', 'majority-field', 'escalation', 'person']).nullable(),
    quorum: z.int(),
    winner: z.int().nullable().meta({ description: 'Index of the vote that won or was chosen.' }),
    agreement: z.number().nullable().meta({ description: 'Share of the weight of the counted votes.' }),
    fields: z.record(z.string(), z.number()).nullable().meta({ description: 'Of JSON: agreement by field.' }),
    open_fields: z.array(z.string()).meta({ description: 'Fields without a majority.' }),
    because: z.string(),
    votes: z.array(voteSchema),
    approvals: z
      .array(
        z.object({
          by: z.string().nullable(),
          via: z.enum(['api', 'temporal']),
          at: timeSchema,
          reason: z.string(),
          vote: z.int().nullable(),
          answer: z.string().nullable(),
        }),
      )
      .optional()
      .meta({ description: 'What people have decided about a vote that was held for them.' }),
  })
  .meta({ id: 'Verdict', description: 'What several models have come to.' });

export function verdictObject(verdict: Verdict): z.output<typeof verdictSchema> {
  const { outcome, decidedBy, quorum, winner, agreement, fields, openFields, because, votes, approvals } = verdict;
  return {
    outcome,
    decided_by: decidedBy,
    quorum,
    winner,
    agreement,
    fields: fields && { ...fields },
    open_fields: [...openFields],
    because,
    votes: votes.map(voteObject),
    ...(approvals && {
      approvals: approvals.map(({ choice, ...approval }) => ({
        ...approval,
        vote: 'vote' in choice ? choice.vote : null,
        answer: 'answer' in choice ? choice.answer : null,
      })),
    }),
  };
}

function voteObject(vote: Vote, index: number): z.output<typeof voteSchema> {
  const { standing, target, answer, agrees, weight, latencyMs, costUsd } = vote;
  return {
    index,
    standing,
    target,
    model: answer?.model ?? null,
    answer: answer && {
      content: answer.text,
      tool_calls: answer.toolCalls.map((call) => ({ name: call.name, arguments: call.arguments })),
    },
    agrees,
    weight,
    latency_ms: latencyMs,
    cost_usd: costUsd,
  };
}
