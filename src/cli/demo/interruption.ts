// Ctrl-C during the demo: ends what is under way, so that what was started can be stopped.

import { CommandError } from '../output.ts';

export interface Interruption {
  readonly signal: AbortSignal;
  /** Rejects at the first Ctrl-C; a second one ends the process at once. */
  readonly interrupted: Promise<never>;
  end(): void;
}

export function watchForInterruption(): Interruption {
  const controller = new AbortController();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const onSignal = () => {
    controller.abort();
    end();
  };
  const end = () => {
    for (const signal of signals) process.off(signal, onSignal);
  };
  for (const signal of signals) process.on(signal, onSignal);
  const interrupted = new Promise<never>((_, reject) => {
    controller.signal.addEventListener('abort', () =>
      reject(new CommandError('The demo was interrupted.', { exitCode: 130 })),
    );
  });
  return { signal: controller.signal, interrupted, end };
}
