// One attempt at one target's embeddings: sends the texts, takes the document that comes, judges it. Every expected
// failure is a value.

import { APICallError, type SharedV3ProviderOptions } from '@ai-sdk/provider';
import type { Usage } from '../../src/domain/answer.ts';
import type { EmbedInput } from '../../src/domain/call.ts';
import type { Embedded } from '../../src/domain/embeddings.ts';
import { NO_OUTPUT } from '../../src/domain/embeddings.ts';
import type { CallFailure } from '../../src/domain/failure.ts';
import { targetName } from '../../src/domain/target.ts';
import type { CallInput, CallMeta, CallOutcome } from './outcome.ts';
import { errorCode, kindOf, notCalled, sentence, unsent } from './outcome.ts';
import { classifyError } from './errors/classify.ts';
import { Exchange } from './exchange.ts';
import { embeddingModel } from './language-models.ts';
import { readRateHeaders } from './rate-headers.ts';
import { NotCalledError } from './not-called.ts';
import { addressOf, type ProviderSettings, providerFacts, vendorOf } from './registry.ts';
import { judgeVectors, packed } from './vectors.ts';
import type { EmbeddingApi, EmbeddingFacts, Vendor } from './vendor.ts';
import { AttemptWatch } from './watch.ts';

type EmbedTexts = Omit<CallInput, 'prompt'> & Pick<EmbedInput, 'texts' | 'dimensions' | 'expectedDimensions' | 'user'>;

export async function embedTexts(input: EmbedTexts): Promise<CallOutcome<Embedded>> {
  const { settings, target, texts, dimensions } = input;
  const baseUrl = settings && addressOf(settings);
  if (!settings || !baseUrl) {
    return unsent(target, { kind: 'not-configured', message: sentence(target, 'not-configured') });
  }
  const vendor = await vendorOf(settings);
  if (vendor instanceof NotCalledError) return unsent(target, notCalled(target, vendor));
  const { embeddings: api } = vendor;
  const limits = providerFacts(settings.type).embeddings;
  const lacks = (param: string, because: string) =>
    unsent(target, { kind: 'unsupported', message: sentence(target, 'unsupported', because), param });
  // What is known of it has left such a target out, unless the provider has become another one since.
  if (!api || !limits) return lacks('model', 'embeddings');
  if (dimensions !== undefined && !limits.takesDimensions) return lacks('dimensions', 'a number of dimensions');
  if (texts.length > limits.texts) return lacks('input', `more than ${limits.texts} texts in one call`);
  const attempt = new EmbeddingAttempt(input, vendor, api);
  return await attempt.run(settings, baseUrl);
}

class EmbeddingAttempt {
  readonly #input: EmbedTexts;
  readonly #vendor: Vendor;
  readonly #api: EmbeddingApi;
  readonly #watch: AttemptWatch;
  readonly #exchange: Exchange;
  #facts: EmbeddingFacts = { servedModel: null, inputTokens: null, order: null };
  #isAnswered = false;

  constructor(input: EmbedTexts, vendor: Vendor, api: EmbeddingApi) {
    this.#input = input;
    this.#vendor = vendor;
    this.#api = api;
    this.#watch = new AttemptWatch(input.limits, input.cancelSignals);
    this.#exchange = new Exchange({ connections: input.connections, traceparent: input.traceparent, reader: null });
  }

  async run(settings: ProviderSettings, baseUrl: string): Promise<CallOutcome<Embedded>> {
    const { target, texts, dimensions } = this.#input;
    try {
      const { signal } = this.#watch;
      const model = embeddingModel({
        api: this.#api,
        settings,
        baseUrl,
        model: target.model,
        signal,
        exchange: this.#exchange,
      });
      const { embeddings, response } = await model.doEmbed({
        values: [...texts],
        abortSignal: signal,
        providerOptions: this.#options(),
      });
      this.#facts = this.#api.read(response?.body);
      const verdict = judgeVectors(embeddings, {
        count: texts.length,
        dimensions: dimensions ?? this.#input.expectedDimensions ?? null,
        order: this.#facts.order,
      });
      if (verdict.type === 'rejected') {
        const { kind, because } = verdict;
        return { type: 'failed', failure: { kind, message: sentence(target, kind, because) }, meta: this.#meta() };
      }
      this.#isAnswered = true;
      const { vectors } = verdict;
      const answer = {
        vectors: packed(vectors),
        dimensions: vectors[0]?.length ?? 0,
        usage: this.#usage(),
        model: this.#servedModel(),
      };
      return { type: 'answered', answer, meta: this.#meta() };
    } catch (error) {
      return { type: 'failed', failure: this.#failure(error), meta: this.#meta() };
    } finally {
      this.#watch.end();
      this.#exchange.close();
    }
  }

  #options(): SharedV3ProviderOptions {
    const { dimensions, user } = this.#input;
    return this.#api.options({
      ...(dimensions !== undefined && { dimensions }),
      ...(user !== undefined && { user }),
    });
  }

  /** What an exception means is told by what happened on the wire, as the AI SDK wraps most of it. */
  #failure(error: unknown): CallFailure {
    const { target } = this.#input;
    const { stopReason } = this.#watch;
    const { errorAnswer, connectionError, hasDocument } = this.#exchange;
    if (stopReason) return { kind: stopReason, message: sentence(target, stopReason) };
    if (errorAnswer) {
      const nowMs = Date.now();
      return classifyError({ vendor: this.#vendor, answer: errorAnswer, target: targetName(target), nowMs });
    }
    if (connectionError) {
      return { kind: 'connection', message: sentence(target, 'connection', errorCode(connectionError)) };
    }
    const kind = hasDocument && APICallError.isInstance(error) ? 'malformed' : kindOf(error);
    return { kind, message: sentence(target, kind) };
  }

  #meta(): CallMeta {
    const { headers, isSent, errorAnswer } = this.#exchange;
    return {
      servedModel: this.#servedModel(),
      firstTokenMs: null,
      durationMs: this.#watch.durationMs,
      usage: this.#usage(),
      providerRequestId: headers[this.#vendor.requestIdHeader] ?? headers['x-request-id'] ?? null,
      // Some count nothing: of an answer that is there it is known all the same that it was paid for.
      possiblyBilled: isSent && !this.#isAnswered && this.#usage() === null && errorAnswer === null,
      isSent,
      rate: readRateHeaders(headers, Date.now()),
    };
  }

  #usage(): Usage | null {
    const { inputTokens } = this.#facts;
    return inputTokens === null ? null : { ...NO_OUTPUT, inputTokens };
  }

  #servedModel(): string {
    return this.#facts.servedModel ?? this.#input.target.model;
  }
}
