// Who calls: the API key of a request, by its hash. Keys themselves are neither kept nor logged.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { ApiError } from './errors.ts';

export interface ApiKey {
  readonly name: string;
  /** Of the key, in hex. */
  readonly sha256: string;
  readonly operator: boolean;
}

export interface Caller {
  /** The key's name, which owns what it starts; null when there is no authentication. */
  readonly name: string | null;
  /** Sees, cancels and replays what others started, too. */
  readonly isOperator: boolean;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller;
  }
}

const ANYBODY: Caller = { name: null, isOperator: true };

/** Finds the caller of a request, or throws the 401. */
export function createAuthenticator(apiKeys: readonly ApiKey[]): (request: FastifyRequest) => Caller {
  if (apiKeys.length === 0) return () => ANYBODY;
  const known = apiKeys.map((key) => ({
    hash: Buffer.from(key.sha256, 'hex'),
    caller: { name: key.name, isOperator: key.operator },
  }));
  return (request) => {
    const key = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (key === undefined) {
      throw unauthenticated('This needs an API key: send the header "Authorization: Bearer <key>".');
    }
    const hash = createHash('sha256').update(key).digest();
    // Every key is compared, in constant time: how long it takes must not tell which part of a hash was right.
    const matches = known.filter((candidate) => timingSafeEqual(candidate.hash, hash));
    const [match] = matches;
    if (!match) throw unauthenticated('This API key is not known.');
    return match.caller;
  };
}

/** Inferences belong to the key that made them. */
export function maySee(caller: Caller, owner: string | null): boolean {
  return caller.isOperator || caller.name === owner;
}

function unauthenticated(message: string): ApiError {
  return new ApiError({ code: 'invalid_api_key', message, param: 'authorization' });
}
