// The part of node-llama-cpp that Holdfast uses, as types of our own: the library is fetched at run time, so its own
// types are not there to compile against. Must not know HTTP.

import { pathToFileURL } from 'node:url';

export interface LlamaModule {
  getLlama(options: {
    readonly gpu: false;
    /** Only a compiled package is used: nothing is compiled or downloaded. */
    readonly build: 'never';
    readonly logLevel: 'error';
    readonly progressLogs: false;
  }): Promise<Llama>;
}

interface Llama {
  loadModel(options: { readonly modelPath: string }): Promise<LlamaModel>;
  /** Also of its models and their contexts. */
  dispose(): Promise<void>;
}

interface LlamaModel {
  /** Without `specialTokens`, text that looks like a special token is only text. */
  tokenize(text: string, specialTokens?: boolean): number[];
  detokenize(tokens: readonly number[]): string;
  createContext(options: {
    readonly contextSize: number;
    readonly sequences: 1;
    readonly threads: number;
  }): Promise<LlamaContext>;
}

interface LlamaContext {
  getSequence(): LlamaSequence;
}

interface LlamaSequence {
  clearHistory(): Promise<void>;
  evaluateWithoutGeneratingNewTokens(tokens: number[]): Promise<void>;
  /** Ends when the model ends its answer. */
  evaluate(tokens: number[], options: LlamaSampling): AsyncGenerator<number, void, void>;
}

export interface LlamaSampling {
  /** @default 0: always the likeliest token */
  readonly temperature?: number;
  readonly topP?: number;
  readonly seed?: number;
}

export async function importLlama(modulePath: string): Promise<LlamaModule> {
  return (await import(pathToFileURL(modulePath).href)) as LlamaModule;
}
