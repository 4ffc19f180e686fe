// Amazon Bedrock's errors: named exceptions, in a header of the answer or as an event of the stream.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html

import { isRecord } from '../sse.ts';
import type { ErrorAnswer, Fault } from '../vendor.ts';
import { isAboutContext, isAboutSupport } from './any.ts';
import { errorWords, matches } from './error-words.ts';

export function classifyBedrock(answer: ErrorAnswer): Fault | null {
  const message = messageIn(answer.body);
  switch (exceptionOf(answer)) {
    case 'throttlingexception':
      // The day's tokens are a quota, whatever the name says.
      return { kind: /tokens per day/i.test(message) ? 'quota-exhausted' : 'rate-limited' };
    case 'servicequotaexceededexception':
      return { kind: 'quota-exhausted' };
    case 'modelnotreadyexception':
    case 'serviceunavailableexception':
      return { kind: 'overloaded' };
    case 'modeltimeoutexception':
      return { kind: 'timeout' };
    case 'modelerrorexception':
    case 'modelstreamerrorexception':
    case 'internalserverexception':
    case 'internalfailure':
      return { kind: 'server-error' };
    case 'accessdeniedexception':
    case 'unrecognizedclientexception':
    case 'invalidsignatureexception':
    case 'expiredtokenexception':
    case 'missingauthenticationtokenexception':
    case 'incompletesignature':
      return { kind: 'auth' };
    case 'resourcenotfoundexception':
      return { kind: 'model-not-found' };
    case 'validationexception':
      return ofValidation(message);
    default:
      return null;
  }
}

function ofValidation(message: string): Fault {
  if (isAboutContext(message) || matches(message, /input is too long/i, /too many (?:input )?tokens/i)) {
    return { kind: 'context-too-long' };
  }
  if (matches(message, /model identifier is invalid/i, /on-demand throughput isn.t supported/i)) {
    return { kind: 'model-not-found' };
  }
  if (/content filter|blocked by/i.test(message)) return { kind: 'content-filtered' };
  return { kind: isAboutSupport(message) ? 'unsupported' : 'invalid-request' };
}

/** `ThrottlingException:http://internal.amazon.com/…`, in lower case, as the stream writes it otherwise than the header. */
function exceptionOf({ headers, body }: ErrorAnswer): string {
  const inBody = isRecord(body) ? body['__type'] : undefined;
  const name = headers['x-amzn-errortype'] ?? (typeof inBody === 'string' ? inBody : '');
  return (name.split(':')[0]?.split('#').at(-1) ?? '').toLowerCase();
}

function messageIn(body: unknown): string {
  const words = errorWords(body);
  const capital = words.fields['Message'];
  return words.message || (typeof capital === 'string' ? capital : '');
}
