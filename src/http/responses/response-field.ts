// What OpenAI's responses call a parameter that chat completions name otherwise, for errors about it.

export function responseField(param: string): string {
  return FIELDS.get(param) ?? param;
}

const FIELDS: ReadonlyMap<string, string> = new Map([
  ['messages', 'input'],
  ['response_format', 'text.format'],
  ['logprobs', 'include'],
]);
