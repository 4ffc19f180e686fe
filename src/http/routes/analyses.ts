// `/v1/analyses`: the same instructions for every document of a file or a folder.

import { z } from 'zod';
import type { AnalysisView, GetAnalysisOutcome } from '../../domain/analyses.ts';
import { isAnalysisId } from '../../domain/ids.ts';
import { analysisObject, analysisSchema } from '../analysis-object.ts';
import { analysisBodySchema } from '../analysis-schema.ts';
import type { Caller } from '../auth.ts';
import { maySee } from '../auth.ts';
import { errorSchema } from '../error-schema.ts';
import { analysisNotFound, temporalUnavailable } from '../errors.ts';
import type { App, HttpContext } from '../http-context.ts';
import { idempotencyKeySchema } from '../idempotency.ts';
import { startAnalysis } from '../start-analysis.ts';

const tags = ['Analyses'];
const params = z.object({ id: z.string() });
const response = { 200: analysisSchema, default: errorSchema };

const headersSchema = z.object({
  'idempotency-key': idempotencyKeySchema.optional().meta({
    description: 'The same key and body join the analysis, running or ended; the same key with another body is 409.',
  }),
});

export function registerAnalyses(app: App, context: HttpContext): void {
  const { analyses, uiUrlOf } = context;

  app.post(
    '/analyses',
    {
      schema: {
        summary: 'Analyse documents',
        description:
          'Asks the same of every document, in batches. Documents that are too long are read in parts, and their answers merged.',
        tags,
        headers: headersSchema,
        body: analysisBodySchema,
        response,
      },
    },
    async ({ body, caller, headers }) => {
      const analysis = await startAnalysis(context, { body, caller, idempotencyKey: headers['idempotency-key'] });
      return analysisObject(analysis, uiUrlOf);
    },
  );

  app.get('/analyses/:id', { schema: { summary: 'Read an analysis', tags, params, response } }, async (request) => {
    const { params: asked, caller } = request;
    return analysisObject(await readOwn(context, asked.id, caller), uiUrlOf);
  });

  app.post(
    '/analyses/:id/cancel',
    {
      schema: {
        summary: 'Cancel an analysis',
        description: 'What is answered already is kept, and put together. One that has ended stays as it is.',
        tags,
        params,
        response,
      },
    },
    async ({ params: asked, caller }) => {
      const { id } = await readOwn(context, asked.id, caller);
      return analysisObject(expectFound(id, await analyses.cancel(id)), uiUrlOf);
    },
  );
}

/** One of somebody else's is not there. */
async function readOwn({ analyses }: HttpContext, id: string, caller: Caller): Promise<AnalysisView> {
  if (!isAnalysisId(id)) throw analysisNotFound(id);
  const analysis = expectFound(id, await analyses.get(id));
  if (!maySee(caller, analysis.owner)) throw analysisNotFound(id);
  return analysis;
}

function expectFound(id: string, outcome: GetAnalysisOutcome): AnalysisView {
  if (outcome.type === 'not-found') throw analysisNotFound(id);
  if (outcome.type === 'unavailable') throw temporalUnavailable({ shouldRetry: true });
  return outcome.analysis;
}
