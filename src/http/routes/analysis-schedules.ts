// `/v1/analysis_schedules`: an analysis every night, of what is new in a folder of the workers. For operators.

import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { isScheduleName } from '../../domain/ids.ts';
import { scheduleObject, scheduleSchema } from '../analysis-object.ts';
import { scheduleBodySchema } from '../analysis-schema.ts';
import { errorSchema } from '../error-schema.ts';
import { ApiError, scheduleNotFound, temporalUnavailable } from '../errors.ts';
import type { App, HttpContext } from '../http-context.ts';
import { analysisInput } from '../start-analysis.ts';

const tags = ['Analyses'];
const NAME = 'must be up to 8 words of lower-case letters and digits, joined by dashes';
const params = z.object({ name: z.string().refine(isScheduleName, { error: NAME }) });

export function registerAnalysisSchedules(app: App, context: HttpContext): void {
  const { schedules } = context;
  const response = { 200: scheduleSchema, default: errorSchema };

  app.put(
    '/analysis_schedules/:name',
    {
      schema: {
        summary: 'Analyse what is new in a folder every night',
        description: 'A Temporal Schedule. Replaces one of the same name; what has been analysed under it stays so.',
        tags,
        params,
        body: scheduleBodySchema,
        response,
      },
    },
    async (request) => {
      checkOperator(request);
      const { body, caller } = request;
      const { name } = request.params;
      const input = analysisInput(context, {
        body,
        caller,
        source: { type: 'folder', folder: body.folder, newFor: name },
      });
      const outcome = await schedules.put({ name, at: body.at, timezone: body.timezone ?? 'UTC', input });
      if (outcome.type === 'kept') return scheduleObject(outcome.schedule);
      if (outcome.type === 'unavailable') throw temporalUnavailable({ shouldRetry: true });
      throw new ApiError({ code: 'schedule_name_taken', message: `The schedule ${name} is another API key's.` });
    },
  );

  app.get(
    '/analysis_schedules/:name',
    { schema: { summary: 'Read a schedule', tags, params, response } },
    async (request) => {
      checkOperator(request);
      const { name } = request.params;
      const outcome = await schedules.get(name);
      if (outcome.type === 'found') return scheduleObject(outcome.schedule);
      throw outcome.type === 'not-found' ? scheduleNotFound(name) : temporalUnavailable({ shouldRetry: true });
    },
  );

  app.get(
    '/analysis_schedules',
    {
      schema: {
        summary: 'List schedules',
        tags,
        response: {
          200: z.object({ object: z.literal('list'), data: z.array(scheduleSchema) }),
          default: errorSchema,
        },
      },
    },
    async (request) => {
      checkOperator(request);
      const outcome = await schedules.list({ owner: null });
      if (outcome.type === 'unavailable') throw temporalUnavailable({ shouldRetry: true });
      return { object: 'list' as const, data: outcome.schedules.map(scheduleObject) };
    },
  );

  app.delete(
    '/analysis_schedules/:name',
    {
      schema: {
        summary: 'Delete a schedule',
        description: 'What it has started goes on.',
        tags,
        params,
        response: { 200: z.object({ name: z.string(), deleted: z.literal(true) }), default: errorSchema },
      },
    },
    async (request) => {
      checkOperator(request);
      const { name } = request.params;
      const outcome = await schedules.delete(name);
      if (outcome.type === 'deleted') return { name, deleted: true as const };
      throw outcome.type === 'not-found' ? scheduleNotFound(name) : temporalUnavailable({ shouldRetry: true });
    },
  );
}

function checkOperator({ caller }: Pick<FastifyRequest, 'caller'>): void {
  if (caller.isOperator) return;
  throw new ApiError({ code: 'operator_required', message: "Schedules need an operator's API key." });
}
