// A plain client of OpenAI's chat completions, as people write one: a timeout, and an exception for everything but 2xx.
// What comes with a 2xx it takes for the answer.

interface Chat {
  /** With the version: what an OpenAI client calls its base URL. */
  readonly baseUrl: string;
  readonly model: string;
  readonly prompt: string;
  readonly timeoutMs: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Breaks it off. */
  readonly signal: AbortSignal;
}

/** The text of the answer. Throws a `ChatError`, unless it was broken off. */
export async function chat({ baseUrl, model, prompt, timeoutMs, headers, signal }: Chat): Promise<string> {
  const timeout = AbortSignal.timeout(Math.round(timeoutMs));
  try {
    const response = await fetch(`${baseUrl}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer simulated', ...headers },
      body: JSON.stringify({ model, messages: [{ role: 'user', content: prompt }] }),
      signal: AbortSignal.any([signal, timeout]),
    });
    const text = await response.text();
    if (!response.ok) throw new ChatError(`status ${response.status}`);
    const body = JSON.parse(text) as Completion;
    return body.choices?.[0]?.message?.content ?? '';
  } catch (error) {
    if (signal.aborted || error instanceof ChatError) throw error;
    throw new ChatError(timeout.aborted ? 'timeout' : 'connection', { cause: error });
  }
}

/** The message is one or two words: failures are counted by it. */
export class ChatError extends Error {
  override readonly name = 'ChatError';
}

interface Completion {
  readonly choices?: readonly { readonly message?: { readonly content?: string | null } }[];
}
