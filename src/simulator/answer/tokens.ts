// The simulator's tokens: four characters each. About what the providers' own come to in English prose.

const CHARACTERS_PER_TOKEN = 4;

export function tokensOf(text: string): readonly string[] {
  return text.match(/.{1,4}/gsu) ?? [];
}

/** Without splitting, so that large prompts cost nothing. */
export function countTokens(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN);
}
