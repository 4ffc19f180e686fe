// Runs the small local model: one answer at a time, the others wait in line. Must not know HTTP.

import type { LlamaSampling } from './llama-module.ts';
import { importLlama } from './llama-module.ts';

export interface LocalModel {
  readonly contextTokens: number;
  /** The conversation in the model's own format, up to where its answer begins. */
  toPrompt(messages: readonly ChatMessage[]): readonly number[];
  /** Null when the signal stopped it. Whatever computes does so on threads of its own. */
  answer(input: AnswerInput): Promise<LocalAnswer | null>;
  dispose(): Promise<void>;
}

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly text: string;
}

interface AnswerInput {
  readonly prompt: readonly number[];
  readonly maxTokens: number;
  readonly sampling: LlamaSampling;
  readonly signal: AbortSignal;
  readonly onText: (text: string) => void;
}

export interface LocalAnswer {
  readonly tokens: number;
  readonly finishReason: 'stop' | 'length';
}

export async function loadLocalModel(input: {
  readonly modelPath: string;
  readonly modulePath: string;
}): Promise<LocalModel> {
  const library = await importLlama(input.modulePath);
  const llama = await library.getLlama({ gpu: false, build: 'never', logLevel: 'error', progressLogs: false });
  const model = await llama.loadModel({ modelPath: input.modelPath });
  const context = await model.createContext({ contextSize: CONTEXT_TOKENS, sequences: 1, threads: THREADS });
  const sequence = context.getSequence();
  let lastInLine: Promise<unknown> = Promise.resolve();

  async function answerNow({ prompt, maxTokens, sampling, signal, onText }: AnswerInput): Promise<LocalAnswer | null> {
    await sequence.clearHistory();
    // The last token stays for `evaluate`, which needs one to begin with.
    for (let start = 0; start < prompt.length - 1; start += PROMPT_STEP_TOKENS) {
      if (signal.aborted) return null;
      const end = Math.min(start + PROMPT_STEP_TOKENS, prompt.length - 1);
      await sequence.evaluateWithoutGeneratingNewTokens(prompt.slice(start, end));
    }
    let tokens = 0;
    // A character may take several tokens.
    let unfinished: number[] = [];
    for await (const token of sequence.evaluate(prompt.slice(-1), sampling)) {
      if (signal.aborted) return null;
      tokens++;
      unfinished.push(token);
      const text = model.detokenize(unfinished);
      if (!text.endsWith(REPLACEMENT_CHARACTER)) {
        onText(text);
        unfinished = [];
      }
      if (tokens === maxTokens) break;
    }
    if (unfinished.length > 0) onText(model.detokenize(unfinished));
    return { tokens, finishReason: tokens === maxTokens ? 'length' : 'stop' };
  }

  return {
    contextTokens: CONTEXT_TOKENS,
    toPrompt: (messages) => {
      const mark = (name: string) => model.tokenize(name, true);
      const parts = messages.map(({ role, text }) => [
        ...mark('<|im_start|>'),
        ...model.tokenize(`${role}\n${text}`),
        ...mark('<|im_end|>'),
        ...model.tokenize('\n'),
      ]);
      return [...parts.flat(), ...mark('<|im_start|>'), ...model.tokenize('assistant\n')];
    },
    answer(answerInput) {
      const turn = lastInLine.then(() => answerNow(answerInput));
      lastInLine = turn.catch(() => 'the one whose turn it was is told');
      return turn;
    },
    async dispose() {
      await lastInLine;
      await llama.dispose();
    },
  };
}

/** Half of what the model was trained on: enough for a few pages, at 90 MB of memory. */
const CONTEXT_TOKENS = 4_096;
/** llama.cpp's threads wait for each other in busy loops: where other processes take a core away, several crawl. */
const THREADS = 1;
/** How much of a prompt is read between two looks at the signal. */
const PROMPT_STEP_TOKENS = 256;
/** What stands in the text for bytes that are no whole character yet. */
const REPLACEMENT_CHARACTER = '\uFFFD';
