// What every command prints and how it fails: answers and tables to stdout, everything about them to stderr, so that
// piping works. Must not call the API.

import type { CallView, InferenceView } from './api-client.ts';

/** A failure that the person can act on: printed as one line on stderr, and the exit code set. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';
  readonly exitCode: number;

  constructor(message: string, options: { readonly exitCode?: number; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.exitCode = options.exitCode ?? 1;
  }
}

export function printLine(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printNote(text: string): void {
  process.stderr.write(`${oneLine(text)}\n`);
}

export function printJson(value: unknown): void {
  printLine(JSON.stringify(value, null, 2));
}

/** Prints an inference that has ended, or says how far it is; throws when it has ended without an answer. */
export function printInference(inference: InferenceView, options: { readonly json: boolean }): void {
  const { id, status } = inference;
  if (options.json) printJson(inference);
  if (status === 'failed' || status === 'cancelled') {
    const reason = inference.error ? `: ${inference.error.message}` : '.';
    throw new CommandError(`Inference ${id} ${status === 'failed' ? 'failed' : 'was cancelled'}${reason}`);
  }
  if (options.json) return;
  if (status === 'succeeded') {
    printLine(process.stdout.isTTY ? withoutControls(answerText(inference)) : answerText(inference));
    printNote(summary(inference));
  } else if (inference.waiting_for === 'resolution') {
    for (const vote of inference.verdict?.votes ?? []) printLine(voteLine(vote));
    printNote(
      `Inference ${id} waits for a person: its votes are split. To decide: npx holdfast resolve ${id} --vote <number> --reason <text>`,
    );
  } else {
    printNote(`Inference ${id} is ${status}. To wait for it: npx holdfast get ${id} --wait`);
  }
}

type VoteView = NonNullable<InferenceView['verdict']>['votes'][number];

/** A vote with its number, as `resolve` takes it. */
function voteLine({ index, standing, target, answer }: VoteView): string {
  if (!answer) return `   ${oneLine(`${target}: ${standing}`)}`;
  const calls = answer.tool_calls.map((call) => `${call.name}(${call.arguments})`);
  return `${index}  ${oneLine(`${target}: ${answer.content ?? calls.join(' ')}`)}`;
}

/** One call, as a line of the trail. */
export function callLine(call: CallView): string {
  const mark = call.outcome === 'succeeded' ? '✓' : '✗';
  const attempt = call.attempt > 1 ? `, attempt ${call.attempt}` : '';
  const billed = call.possibly_billed ? ', possibly billed' : '';
  return oneLine(
    `${mark} ${call.target}: ${call.kind ?? call.outcome} after ${call.duration_ms} ms${attempt}${billed}`,
  );
}

/** Columns padded to the widest cell; the first row is the heading. */
export function table(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(oneLine));
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Text from elsewhere may hold line breaks and terminal sequences: one line, without them. */
export function oneLine(text: string): string {
  return withoutControls(text).replaceAll(/\s+/g, ' ').trim();
}

function withoutControls(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n\t]/gu, ' ');
}

function answerText(inference: InferenceView): string {
  const { output } = inference;
  if (output?.object === 'list') return `${output.data.length} vectors of ${dimensionsOf(output.data[0])} dimensions`;
  const message = output?.choices?.[0]?.message;
  if (message?.tool_calls?.length) return JSON.stringify(message.tool_calls, null, 2);
  return message?.content ?? message?.refusal ?? '';
}

/** Of a vector in base64. */
function dimensionsOf(item: { readonly embedding: string } | undefined): number {
  return Buffer.byteLength(item?.embedding ?? '', 'base64') / 4;
}

function summary(inference: InferenceView): string {
  const calls = inference.calls.length;
  const costs = inference.calls.map((call) => call.cost_usd);
  const isCostKnown = costs.length > 0 && costs.every((cost) => typeof cost === 'number');
  const parts = [
    inference.target ? `Answered by ${inference.target}` : 'Answered by a person',
    ...(inference.verdict ? [verdictText(inference.verdict)] : []),
    `${calls} ${calls === 1 ? 'call' : 'calls'}`,
    ...(isCostKnown ? [`${costs.reduce((sum, cost) => sum + cost, 0).toPrecision(2)} USD`] : []),
    inference.id,
    ...(inference.temporal?.ui_url ? [inference.temporal.ui_url] : []),
  ];
  return parts.join(' · ');
}

function verdictText({ outcome, decided_by: decidedBy, votes }: NonNullable<InferenceView['verdict']>): string {
  const counted = votes.filter(({ standing }) => standing === 'counted');
  const agreeing = counted.filter(({ agrees }) => agrees).length;
  return decidedBy === 'votes'
    ? `${outcome}: ${agreeing} of ${counted.length} votes`
    : `${outcome}, decided by ${decidedBy ?? 'nobody'}`;
}
