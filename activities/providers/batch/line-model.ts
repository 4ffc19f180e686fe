// The AI SDK's model of a lane, for lines that are neither sent nor streamed by it: it makes the body of a request, and
// reads the answer to one. So that a line means the same in a batch as anywhere else.

import type { LanguageModelV3CallOptions, LanguageModelV3GenerateResult } from '@ai-sdk/provider';
import type { ProviderSettings } from '../registry.ts';
import { addressOf } from '../registry.ts';
import type { StreamingModel, Vendor } from '../vendor.ts';

/** One line at a time. */
export class LineModel {
  readonly #model: StreamingModel;
  /** What the provider is taken to answer; null: the body is wanted. */
  #document: string | null = null;
  #body: string | null = null;

  constructor(lane: { readonly vendor: Vendor; readonly settings: ProviderSettings; readonly model: string }) {
    const { vendor, settings, model } = lane;
    this.#model = vendor.languageModel({
      model,
      // Nothing is sent; some models look at the form of their address.
      baseUrl: addressOf(settings) ?? 'http://127.0.0.1',
      apiKey: settings.apiKey,
      settings,
      fetch: async (_, init) => {
        this.#body = typeof init?.body === 'string' ? init.body : '{}';
        if (this.#document === null) throw new BodyTaken();
        return new Response(this.#document, { headers: JSON_TYPE });
      },
    });
  }

  /** JSON, as the provider's API takes it. */
  async bodyOf(options: LanguageModelV3CallOptions): Promise<string> {
    this.#document = null;
    try {
      await this.#model.doGenerate(options);
    } catch (error) {
      if (!(error instanceof BodyTaken)) throw error;
    }
    return this.#body ?? '{}';
  }

  async read(options: LanguageModelV3CallOptions, document: string): Promise<LanguageModelV3GenerateResult> {
    this.#document = document;
    return this.#model.doGenerate(options);
  }
}

const JSON_TYPE = { 'content-type': 'application/json' };

class BodyTaken extends Error {}
