// What the routes share, injected once. Types only.

import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Analyses, AnalysisSchedules } from '../domain/analyses.ts';
import type { Batches } from '../domain/batches.ts';
import type { Catalog } from '../domain/catalog.ts';
import type { Files } from '../domain/files.ts';
import type { Inferences } from '../domain/inferences.ts';
import type { Lines } from '../domain/line.ts';
import type { Targets } from '../domain/targets.ts';
import type { Admit } from '../domain/admission.ts';
import type { ApiKey } from './auth.ts';
import type { ExpectFaults } from './expect-faults.ts';
import type { UiUrlOf } from './inference-object.ts';
import type { Waiting } from './waiting.ts';

export interface HttpContext {
  readonly inferences: Inferences;
  readonly batches: Batches;
  readonly analyses: Analyses;
  readonly schedules: AnalysisSchedules;
  readonly catalog: Catalog;
  readonly files: Files;
  /** Of one file. */
  readonly maxFileBytes: number;
  readonly lines: Lines;
  readonly targets: Targets;
  /** Asked before an inference is started. */
  readonly admit: Admit;
  readonly expectFaults: ExpectFaults;
  /** Why nothing can be posted to an address, in words that go behind its field's name; null when it can. */
  readonly webhookUrlFault: (url: string) => string | null;
  /** None: no authentication, and every caller is an operator. */
  readonly apiKeys: readonly ApiKey[];
  readonly waiting: Waiting;
  readonly uiUrlOf: UiUrlOf;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;
