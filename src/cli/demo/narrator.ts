// Tells the demo's story on stdout: headings, and a line with the time for each event. Colours on a terminal only.

import picocolors from 'picocolors';
import { oneLine, printLine } from '../output.ts';

type Mark = '→' | '✓' | '✗' | '·';

export interface Narrator {
  /** Text between the events. */
  say(...lines: readonly string[]): void;
  /** Begins a part of the story. */
  heading(text: string): void;
  event(mark: Mark, text: string): void;
}

export function createNarrator(): Narrator {
  const startedAtMs = performance.now();
  const colors = picocolors.createColors(process.stdout.isTTY && picocolors.isColorSupported);
  const paint = { '→': colors.cyan, '✓': colors.green, '✗': colors.red, '·': colors.dim };
  return {
    say: (...lines) => printLine(lines.join('\n')),
    heading: (text) => printLine(`\n${colors.bold(text)}`),
    event(mark, text) {
      const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
      printLine(`${colors.dim(`${seconds.padStart(5)} s`)}  ${paint[mark](mark)} ${oneLine(text)}`);
    },
  };
}

export const silentNarrator: Narrator = {
  say: () => undefined,
  heading: () => undefined,
  event: () => undefined,
};
