// `holdfast submit`: starts an inference and, unless told otherwise, waits for its answer.

import { connect } from './api-client.ts';
import { follow } from './follow.ts';
import { CommandError, printInference, printJson, printLine } from './output.ts';
import { decode, readSchema, readText } from './text-files.ts';

export interface SubmitOptions {
  readonly file?: string;
  readonly model: string;
  readonly system?: string;
  readonly maxTokens?: number;
  readonly schema?: string;
  readonly deadline?: string;
  readonly priority?: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly idempotencyKey?: string;
  readonly detach?: boolean;
  /** False after `--no-wait`. */
  readonly wait: boolean;
  readonly json: boolean;
}

export async function submit(prompt: string | undefined, options: SubmitOptions): Promise<void> {
  const body = await requestBody(prompt, options);
  const client = connect();
  const started = await client.submit(body, options.idempotencyKey);
  if (options.detach || !options.wait) {
    if (options.json) printJson(started);
    else printLine(started.id);
    return;
  }
  printInference(await follow(client, started, options), options);
}

async function requestBody(prompt: string | undefined, options: SubmitOptions): Promise<Record<string, unknown>> {
  const { model, system, maxTokens, deadline, priority, metadata } = options;
  const text = await readPrompt(prompt, options.file);
  const schema = options.schema === undefined ? undefined : await readSchema(options.schema);
  return {
    model,
    messages: [...(system === undefined ? [] : [{ role: 'system', content: system }]), { role: 'user', content: text }],
    ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
    ...(schema === undefined
      ? {}
      : { response_format: { type: 'json_schema', json_schema: { name: 'answer', schema } } }),
    ...(deadline === undefined ? {} : { deadline }),
    ...(priority === undefined ? {} : { priority: Number(priority) }),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
  };
}

async function readPrompt(prompt: string | undefined, file: string | undefined): Promise<string> {
  const parts: string[] = [];
  if (prompt !== undefined) parts.push(prompt);
  if (file !== undefined) parts.push(await readText(file));
  if (parts.length === 0) {
    if (process.stdin.isTTY)
      throw new CommandError('There is no prompt: give it as an argument, with --file or on stdin.');
    parts.push(decode(await readStdin(), 'stdin'));
  }
  const text = parts.join('\n\n');
  if (text.trim() === '') throw new CommandError('The prompt is empty.');
  return text;
}

async function readStdin(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return Buffer.concat(chunks);
}
