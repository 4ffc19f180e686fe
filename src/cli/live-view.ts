// What a person sees while waiting: a line for each call as it ends, and on a terminal a spinner below them.
// Writes to stderr only; the answer is the command's to print.

import ora from 'ora';
import picocolors from 'picocolors';
import type { InferenceView } from './api-client.ts';
import { callLine, oneLine } from './output.ts';

export interface LiveView {
  /** Shows calls that were not shown yet. */
  show(inference: InferenceView): void;
  /** Says something about the waiting itself. */
  note(text: string): void;
  stop(): void;
}

type Stream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

export function createLiveView(stream: Stream = process.stderr): LiveView {
  // A terminal without a width, as some remote shells give: ora would clear infinitely many lines, without end.
  const isTerminal = stream.isTTY === true && stream.columns !== 0;
  const colors = picocolors.createColors(isTerminal && picocolors.isColorSupported);
  // Left to itself, ora takes over stdin, and Ctrl-C with it.
  const spinner = isTerminal ? ora({ stream, isEnabled: true, discardStdin: false, text: 'starting' }).start() : null;
  let shownCalls = 0;

  // While it turns, ora itself keeps the spinner below whatever is written.
  const write = (line: string) => stream.write(`${line}\n`);

  return {
    show(inference) {
      for (const call of inference.calls.slice(shownCalls)) {
        write((call.outcome === 'succeeded' ? colors.green : colors.yellow)(callLine(call)));
      }
      shownCalls = Math.max(shownCalls, inference.calls.length);
      if (spinner) spinner.text = `${inference.id} ${inference.status}`;
    },
    note(text) {
      write(oneLine(text));
    },
    stop() {
      spinner?.stop();
    },
  };
}

/** For output that a program reads. */
export const silentView: LiveView = { show: () => undefined, note: () => undefined, stop: () => undefined };
