// One streamed attempt at one target: sends it, watches it, judges it. Every expected failure is a value.

import {
  InvalidResponseDataError,
  type LanguageModelV3CallOptions,
  type LanguageModelV3StreamPart,
  UnsupportedFunctionalityError,
} from '@ai-sdk/provider';
import type { Usage } from '../../src/domain/answer.ts';
import { capabilitiesOf } from '../../src/domain/capabilities.ts';
import type { CallFailure } from '../../src/domain/failure.ts';
import type { ResponseFormat, ToolCall } from '../../src/domain/prompt.ts';
import { reasked } from '../../src/domain/reask.ts';
import { targetName } from '../../src/domain/target.ts';
import { capabilityTable } from './capabilities.ts';
import { type Continuation, continuationOf } from './continuation.ts';
import { classifyError, providerWords } from './errors/classify.ts';
import { isErrorBody } from './errors/error-words.ts';
import { Exchange } from './exchange.ts';
import { type Expectation, judgeAnswer, type RawAnswer } from './judge.ts';
import { languageModel } from './language-models.ts';
import { NotCalledError } from './not-called.ts';
import type { CallInput, CallMeta, CallOutcome } from './outcome.ts';
import { errorCode, kindOf, notCalled, sentence, unsent } from './outcome.ts';
import { prepareCall } from './prepare.ts';
import { readRateHeaders } from './rate-headers.ts';
import { isAboutFormat, isRefused, noteRefused } from './refused-formats.ts';
import { addressOf, type ProviderSettings, vendorOf } from './registry.ts';
import { isRecord } from './sse.ts';
import { unlessAborted } from './unless-aborted.ts';
import { usageOf } from './usage.ts';
import type { FinishMeaning, Vendor, WireReader } from './vendor.ts';
import { AttemptWatch } from './watch.ts';

export async function callProvider(input: CallInput): Promise<CallOutcome> {
  const { target, settings, passage } = input;
  const baseUrl = settings && addressOf(settings);
  if (!settings || !baseUrl) {
    return unsent(target, { kind: 'not-configured', message: sentence(target, 'not-configured') });
  }
  const vendor = await vendorOf(settings);
  if (vendor instanceof NotCalledError) return unsent(target, notCalled(target, vendor));
  const tellsFormat = isRefused({ settings, model: target.model, format: input.prompt.responseFormat });
  const asked = tellsFormat ? reasked(input.prompt, { type: 'format' }) : input.prompt;
  const continuation = passage?.sofar ? continuationOf({ vendor, target, prompt: asked, passage }) : null;
  const prompt = continuation?.prompt ?? asked;
  const capabilities = capabilitiesOf(capabilityTable[settings.type], target.model);
  const prepared = await prepareCall({ vendor, target, prompt, capabilities });
  if (prepared.type === 'failed') return unsent(target, prepared.failure);
  const attempt = new Attempt({ ...input, vendor, prompt, continuation });
  return await attempt.run({ ...prepared, settings, baseUrl });
}

class Attempt {
  readonly #input: CallInput;
  readonly #vendor: Vendor;
  readonly #watch: AttemptWatch;
  readonly #reader: WireReader;
  readonly #exchange: Exchange;
  readonly #continuation: Continuation | null;
  #usage: Usage | null = null;

  constructor(
    input: CallInput & {
      readonly vendor: Vendor;
      /** Of the text that was passed on before; null: it answers from the beginning. */
      readonly continuation: Continuation | null;
    },
  ) {
    this.#input = input;
    this.#vendor = input.vendor;
    this.#continuation = input.continuation;
    this.#watch = new AttemptWatch(input.limits, input.cancelSignals);
    this.#reader = input.vendor.newReader((text) => this.#pass(text));
    this.#exchange = new Exchange({
      connections: input.connections,
      traceparent: input.traceparent,
      decoder: input.vendor.newDecoder?.(),
      reader: this.#reader,
      onToken: this.#watch.token,
    });
  }

  async run(call: {
    readonly settings: ProviderSettings;
    readonly baseUrl: string;
    readonly options: LanguageModelV3CallOptions;
    readonly sentFormat: ResponseFormat | undefined;
    readonly expectation: Omit<Expectation, 'outputLimit' | 'isClientsLimit'>;
  }): Promise<CallOutcome> {
    const { target } = this.#input;
    try {
      const model = languageModel({
        vendor: this.#vendor,
        settings: call.settings,
        baseUrl: call.baseUrl,
        model: target.model,
        signal: this.#watch.signal,
        exchange: this.#exchange,
      });
      const { signal } = this.#watch;
      const { stream, request } = await unlessAborted(model.doStream({ ...call.options, abortSignal: signal }), signal);
      const raw = await this.#collect(stream);
      const outputLimit = this.#vendor.outputLimit(request?.body);
      const isClientsLimit = outputLimit !== null && outputLimit === this.#input.prompt.params.maxTokens;
      return this.#judge(raw, { ...call.expectation, outputLimit, isClientsLimit });
    } catch (error) {
      const failure = this.#failure(error);
      const meta = this.#meta();
      if (!call.sentFormat || !isAboutFormat(failure)) return { type: 'failed', failure, meta };
      noteRefused({ settings: call.settings, model: target.model, format: this.#input.prompt.responseFormat });
      return { type: 'failed', failure: { ...failure, isReaskable: true }, meta, reask: { type: 'format' } };
    } finally {
      this.#watch.end();
      this.#exchange.close();
    }
  }

  /** Behind a chunk that could not be read the text would have a hole in it. */
  #pass(text: string): void {
    const { passage } = this.#input;
    if (!passage || this.#reader.isMalformed || this.#reader.error) return;
    const joined = this.#continuation ? this.#continuation.take(text) : text;
    if (joined !== '') passage.pass(joined, this.#servedModel());
  }

  async #collect(stream: ReadableStream<LanguageModelV3StreamPart>): Promise<RawAnswer> {
    let text = '';
    const toolCalls: ToolCall[] = [];
    let finish: Extract<LanguageModelV3StreamPart, { type: 'finish' }>['finishReason'] | null = null;
    for await (const part of stream) {
      if (part.type === 'text-delta') text += part.delta;
      else if (part.type === 'tool-call') {
        toolCalls.push({ id: part.toolCallId, name: part.toolName, arguments: part.input || '{}' });
      } else if (part.type === 'finish') {
        finish = part.finishReason;
        // Of half an answer some providers have counted half the tokens.
        if (this.#reader.isComplete) this.#usage = usageOf(part.usage);
      } else if (part.type === 'error' && !this.#exchange.hasRefusedMore) throw part.error;
      else if (part.type === 'stream-start') {
        const dropped = part.warnings.find(
          (warning) => warning.type === 'unsupported' && CONTENT.test(warning.feature),
        );
        if (dropped) throw new UnsupportedFunctionalityError({ functionality: 'a part of the request' });
      }
    }
    const rawFinishReason = finish?.raw ?? null;
    let finishMeaning: FinishMeaning | undefined;
    if (rawFinishReason !== null) finishMeaning = this.#vendor.finishReasons[rawFinishReason];
    // The AI SDK may ask for JSON through a tool of its own making, and gives the call back as text.
    if (finishMeaning === 'tool-calls' && finish?.unified === 'stop') finishMeaning = 'stop';
    const { isComplete, refusal, blockReason, fingerprint, logprobs } = this.#reader;
    return {
      text: this.#continuation ? this.#continuation.whole(text, toolCalls.length > 0) : text,
      toolCalls,
      rawFinishReason,
      finishMeaning,
      usage: this.#usage,
      servedModel: this.#servedModel(),
      isComplete,
      refusal,
      blockReason,
      fingerprint,
      // Of a text that another target has begun they would be those of its end only.
      logprobs: this.#input.prompt.params.logprobs === undefined || this.#continuation ? null : logprobs,
    };
  }

  #judge(raw: RawAnswer, expectation: Expectation): CallOutcome {
    const meta = this.#meta();
    if (this.#reader.error || this.#reader.isMalformed) {
      return { type: 'failed', failure: this.#failure(new Error('The stream has an error in it.')), meta };
    }
    const verdict = judgeAnswer(raw, expectation);
    if (verdict.type === 'answer') return { ...verdict, type: 'answered', meta };
    const words = verdict.words === undefined ? undefined : providerWords(verdict.words);
    const message = sentence(this.#input.target, verdict.kind, verdict.because);
    const failure = { kind: verdict.kind, message, ...(words !== undefined && { providerMessage: words }) };
    return { type: 'failed', failure, meta, ...(verdict.reask && { reask: verdict.reask }) };
  }

  /** What an exception means is told by what happened on the wire, as the AI SDK wraps most of it. */
  #failure(error: unknown): CallFailure {
    const { target } = this.#input;
    const { stopReason } = this.#watch;
    const { errorAnswer, connectionError } = this.#exchange;
    if (stopReason) return { kind: stopReason, message: sentence(target, stopReason) };
    // The headers came before the error, and tell of limits that were not yet hit.
    const inStream = this.#reader.error
      ? { status: null, headers: {}, retryAfterMs: null, body: this.#reader.error }
      : null;
    const answer = errorAnswer ?? inStream;
    if (answer && !isPlainAnswer(answer)) {
      const named = targetName(target);
      const failure = classifyError({ vendor: this.#vendor, answer, target: named, nowMs: Date.now() });
      if (!this.#continuation || failure.kind !== 'invalid-request') return failure;
      // Not the client's request, but what was made of it so that this target could go on.
      return { ...failure, kind: 'unsupported', message: sentence(target, 'unsupported', 'to go on from a text') };
    }
    if (connectionError) {
      return { kind: 'connection', message: sentence(target, 'connection', errorCode(connectionError)) };
    }
    if (error instanceof NotCalledError) return notCalled(target, error);
    const { isMalformed, isComplete } = this.#reader;
    const kind = isMalformed || answer ? 'malformed' : kindOf(error);
    const isAboutEnd = kind === 'unknown' || (!isMalformed && !answer && InvalidResponseDataError.isInstance(error));
    if (isAboutEnd && this.#exchange.isOver && !isComplete) {
      // The AI SDK misses half a frame, or a finish reason; what is missing is the end of the stream.
      return { kind: 'connection', message: sentence(target, 'connection', 'the stream ended before the answer did') };
    }
    return { kind, message: sentence(target, kind, answer ? 'no stream came, but a document' : undefined) };
  }

  #meta(): CallMeta {
    const { headers, isSent, errorAnswer } = this.#exchange;
    const { firstTokenMs, durationMs } = this.#watch;
    const isRefusedUnread = errorAnswer !== null || (this.#reader.error !== null && firstTokenMs === null);
    return {
      servedModel: this.#servedModel(),
      firstTokenMs,
      durationMs,
      usage: this.#usage,
      providerRequestId: headers[this.#vendor.requestIdHeader] ?? headers['x-request-id'] ?? null,
      possiblyBilled: isSent && this.#usage === null && !isRefusedUnread,
      isSent,
      rate: readRateHeaders(headers, Date.now()),
    };
  }

  #servedModel(): string {
    return this.#reader.servedModel ?? this.#input.target.model;
  }
}

/** Features whose loss changes the question; a sampling parameter that a model does not know may go. */
const CONTENT = /^(?:user message|message role|tool|function tool)/;

/** JSON with status 200 that is no error: a server that does not stream. */
function isPlainAnswer(answer: { readonly status: number | null; readonly body: unknown }): boolean {
  const { status, body } = answer;
  return status !== null && status < 300 && isRecord(body) && !isErrorBody(body);
}
