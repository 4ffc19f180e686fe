// The trace that a client's request belongs to, as W3C Trace Context has it: https://www.w3.org/TR/trace-context/

import type { IncomingHttpHeaders } from 'node:http';

/** Version, trace id, parent id, flags. Ids of zeros and the version ff are invalid. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Null when there is none; an invalid one is ignored, as the recommendation says. */
export function traceparentOf(headers: IncomingHttpHeaders): string | null {
  const given = headers['traceparent'];
  return typeof given === 'string' && TRACEPARENT.test(given) ? given : null;
}
