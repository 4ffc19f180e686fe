// The service's log: JSON lines on stderr, readable ones for a person. Prompts, answers and keys never get into it,
// even when somebody logs a whole object by mistake.

import type { Writable } from 'node:stream';
import { destination, type Logger, pino, stdTimeFunctions } from 'pino';
import { PinoPretty } from 'pino-pretty';
import type { FailureKind } from './domain/failure.ts';

// The fields of log lines: one name per thing. Those that are `undefined` here can't be logged at all.
declare module 'pino' {
  interface LogFnFields {
    /** The part of the service that writes. */
    component?: string;
    requestId?: string;
    inferenceId?: string;
    /** The name that a client asked for. */
    model?: string;
    /** `provider/model` */
    target?: string;
    attempt?: number;
    kind?: FailureKind | null;
    durationMs?: number;
    /** Name of an API key. */
    owner?: string | null;
    err?: unknown;
    apiKey?: undefined;
    authorization?: undefined;
    prompt?: undefined;
    messages?: undefined;
    answer?: undefined;
    content?: undefined;
  }
}

export function createLogger(options: {
  readonly level: string;
  /** For a person at a terminal. */
  readonly pretty: boolean;
  /** @default stderr: stdout is for what was asked for */
  readonly stream?: Writable;
}): Logger {
  const { level, pretty } = options;
  // Synchronous: the last lines before a crash are the ones that matter.
  const stream = options.stream ?? destination({ fd: 2, sync: true });
  return pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      // Errors are in their final form when pino's own serializer would come; it adds every field that they have.
      serializers: { err: (err: unknown) => err },
      formatters: { level: (label) => ({ level: label }), log: (fields) => withoutSecrets(fields) },
    },
    pretty ? PinoPretty({ destination: stream, ignore: 'component', messageFormat: MESSAGE, sync: true }) : stream,
  );
}

const MESSAGE = '{if component}{component}: {end}{msg}';

/** Compared without case, dashes and underscores. Numbers pass: `usage.input` is a count. */
const SECRET_FIELDS: ReadonlySet<string> = new Set(
  [
    'apikey xapikey xgoogapikey authorization proxyauthorization cookie setcookie password secret token',
    'prompt messages system instructions input content parts text arguments toolcalls body requestbody',
    'answer output completion reasoning responsebody requestbodyvalues',
  ].flatMap((names) => names.split(' ')),
);

function withoutSecrets(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, safeField(name, value, 0)]));
}

function safeField(name: string, value: unknown, depth: number): unknown {
  const isSecret = SECRET_FIELDS.has(name.toLowerCase().replaceAll(/[-_]/g, ''));
  const mayHold = typeof value === 'string' || (typeof value === 'object' && value !== null);
  return isSecret && mayHold ? '[redacted]' : safeValue(value, depth);
}

function safeValue(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) return '[nested]';
  if (value instanceof Error) return safeError(value, depth);
  if (Array.isArray(value)) return value.map((entry) => safeValue(entry, depth + 1));
  // What has a class has a serializer of its own (Fastify's request, a Date).
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]: [string, unknown]) => [name, safeField(name, inner, depth + 1)]),
  );
}

/** An allow-list: errors of SDKs carry the request and the response as fields. */
function safeError(error: Error, depth: number): unknown {
  return {
    type: error.name,
    message: error.message,
    stack: error.stack,
    ...('code' in error && { code: error.code }),
    ...(error.cause !== undefined && { cause: safeValue(error.cause, depth + 1) }),
  };
}

const MAX_DEPTH = 6;
