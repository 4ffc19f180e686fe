// Amazon Bedrock's ConverseStream: one API for the models of many makers, in binary frames. Its package is optional.

import { createAmazonBedrock } from '@ai-sdk/amazon-bedrock';
import type { Prompt } from '../../src/domain/prompt.ts';
import { AwsEventDecoder } from './aws-event-stream.ts';
import { classifyBedrock } from './errors/amazon-bedrock.ts';
import { isRecord, parseEvent } from './sse.ts';
import type { Vendor, WireReader } from './vendor.ts';
import { WireState } from './wire-state.ts';

export const amazonBedrock: Vendor = {
  languageModel: ({ model, baseUrl, settings, fetch }) => {
    const { apiKey, region, accessKeyId, secretAccessKey, sessionToken } = settings;
    return createAmazonBedrock({
      baseURL: baseUrl,
      region: region ?? '',
      fetch,
      // An empty key says that none is meant: the package would look into the environment.
      apiKey: apiKey ?? '',
      ...(accessKeyId !== undefined && { accessKeyId }),
      ...(secretAccessKey !== undefined && { secretAccessKey }),
      ...(sessionToken !== undefined && { sessionToken }),
    })(model);
  },
  providerOptions: ({ model, prompt }) => ({
    bedrock: {
      ...reasoning(model, prompt.params.reasoningEffort),
      ...(prompt.params.serviceTier !== undefined && { serviceTier: prompt.params.serviceTier }),
    },
    anthropic: {
      ...(prompt.parallelToolCalls !== undefined && { disableParallelToolUse: !prompt.parallelToolCalls }),
    },
  }),
  requestIdHeader: 'x-amzn-requestid',
  newDecoder: () => new AwsEventDecoder(),
  newReader: (onText) => new ConverseReader(onText),
  outputLimit: (body) => {
    const config = isRecord(body) ? body['inferenceConfig'] : undefined;
    return isRecord(config) && typeof config['maxTokens'] === 'number' ? config['maxTokens'] : null;
  },
  finishReasons: {
    end_turn: 'stop',
    stop_sequence: 'stop',
    tool_use: 'tool-calls',
    max_tokens: 'length',
    model_context_window_exceeded: 'truncated',
    guardrail_intervened: 'content-filtered',
    content_filtered: 'content-filtered',
    refusal: 'refused',
    malformed_model_output: 'malformed',
    malformed_tool_use: 'malformed',
  },
  classify: classifyBedrock,
};

type Effort = 'low' | 'medium' | 'high' | 'xhigh' | 'max';

function reasoning(
  model: string,
  effort: Prompt['params']['reasoningEffort'],
): { reasoningConfig?: { type: 'adaptive' | 'enabled' | 'disabled'; maxReasoningEffort?: Effort } } {
  if (effort === undefined) return {};
  if (effort === 'none') return { reasoningConfig: { type: 'disabled' } };
  const known = effort === 'minimal' ? 'low' : effort;
  if (model.includes('anthropic.')) return { reasoningConfig: { type: 'adaptive', maxReasoningEffort: known } };
  // The others know three efforts, and Nova wants to be told that it shall think at all.
  const maxReasoningEffort = known === 'xhigh' || known === 'max' ? 'high' : known;
  return { reasoningConfig: { type: 'enabled', maxReasoningEffort } };
}

type Event = Readonly<Record<string, unknown>>;

/** What it hands on is of no use: the frames go on as they came. */
class ConverseReader extends WireState implements WireReader {
  take(data: string): string {
    const frame = parseEvent(data);
    const name = frame && Object.keys(frame)[0];
    const event = name ? frame[name] : undefined;
    if (!name || !isRecord(event)) this.isMalformed = true;
    else this.#note(name, event);
    return '';
  }

  rest(): string {
    return '';
  }

  #note(name: string, event: Event): void {
    if (name === 'contentBlockStart') this.tokens++;
    else if (name === 'contentBlockDelta') this.#noteDelta(event['delta']);
    else if (name === 'messageStop') this.isComplete = true;
    else if (name.endsWith('Exception') || name === 'error') {
      const type = name === 'error' ? event['code'] : name;
      this.error = { ...event, __type: type };
    }
  }

  #noteDelta(delta: unknown): void {
    this.tokens++;
    if (isRecord(delta) && typeof delta['text'] === 'string') this.onText(delta['text']);
  }
}
