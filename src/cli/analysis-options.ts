// What is asked of documents, from the options of a command to the body of a request.

import { CommandError } from './output.ts';
import { readSchema, readText } from './text-files.ts';

export interface AnalysisOptions {
  readonly prompt: string;
  readonly schema?: string;
  readonly model: string;
  readonly maxTokens?: number;
  readonly timezone?: string;
  readonly deadline?: string;
  readonly maxCost?: number;
  /** False after `--no-rescue`. */
  readonly rescue: boolean;
  readonly csv: boolean;
  readonly json: boolean;
}

export async function analysisBody(options: AnalysisOptions): Promise<Record<string, unknown>> {
  const { prompt: file, schema, model, maxTokens, deadline, maxCost, rescue } = options;
  const prompt = (await readText(file)).trim();
  if (prompt === '') throw new CommandError(`The prompt in ${file} is empty.`);
  return {
    model,
    prompt,
    ...(schema !== undefined && { schema: await readSchema(schema) }),
    ...(maxTokens !== undefined && { max_tokens: maxTokens }),
    timezone: options.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    ...(deadline !== undefined && { deadline }),
    ...(maxCost !== undefined && { max_cost_usd: maxCost }),
    ...(!rescue && { rescue: 'none' }),
  };
}
