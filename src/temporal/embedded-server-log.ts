// Passes the Temporal server's own log on into ours. Must not judge what it reads.

/** The part of a pino logger that is needed. */
export interface ServerLog {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export function forwardLine(input: {
  readonly line: string;
  readonly log: ServerLog;
  readonly isStopping: boolean;
}): void {
  const { line, log, isStopping } = input;
  const entry = parse(line);
  // The dev server warns of much that is in order; and while it stops, every poll that it ends is an error to it.
  const isWorthSeeing = entry.level === 'ERROR' && !isStopping;
  log[isWorthSeeing ? 'warn' : 'debug']({ temporalServer: entry.fields }, entry.message);
}

interface Entry {
  readonly level: string;
  readonly message: string;
  readonly fields: object;
}

function parse(line: string): Entry {
  try {
    const { level, msg, time: _, ...fields } = JSON.parse(line);
    return { level: String(level), message: `Temporal server: ${msg}`, fields };
  } catch (error) {
    // Not all that it prints is JSON: the banner, and why it did not start.
    if (!(error instanceof SyntaxError)) throw error;
    return { level: 'INFO', message: `Temporal server: ${line}`, fields: {} };
  }
}
