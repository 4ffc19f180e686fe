// An extractive answer: the most telling sentences of a text, as many and in the form that was asked for.
// Deterministic, and no model: it only ever says what the text says.

export function summarize({ text, system }: { readonly text: string; readonly system: string }): string {
  const wish = wishOf(`${system}\n${text.slice(0, INSTRUCTION_LENGTH)}\n${text.slice(-INSTRUCTION_LENGTH)}`);
  const told = sentencesOf(text);
  if (told.length === 0) return plainAnswer(text);
  const chosen = mostTelling(told, wish.count);
  return wish.bullets ? chosen.map((sentence) => `- ${sentence}`).join('\n') : chosen.join(' ');
}

/** The sentences of a text that tell something: no headings, no instructions to the model. */
export function sentencesOf(text: string): readonly string[] {
  return text
    .slice(0, READ_LENGTH)
    .split(/\n\s*\n|\n(?=\s*[-*•#]\s)/u)
    .flatMap((paragraph) => paragraph.replace(/\s+/gu, ' ').trim().split(SENTENCE_END))
    .map((sentence) =>
      withoutInstruction(sentence)
        .replace(/^[-*•#]+\s+/u, '')
        .trim(),
    )
    .filter((sentence) => sentence.length >= SHORTEST_SENTENCE && /[.!]["'”’)]?$/u.test(sentence));
}

const INSTRUCTION_LENGTH = 1_000;
/** More would cost time and add little. */
const READ_LENGTH = 200_000;
const SHORTEST_SENTENCE = 30;
const LONG_SENTENCE_WORDS = 45;
const DEFAULT_SENTENCES = 3;
const SENTENCE_END = /(?<=[.!?]["'”’)]?)\s+(?=["'“‘(]?[\p{Lu}\d])/u;
const INSTRUCTION =
  /^(?:please\b|you are\b|summari[sz]e|answer\b|translate|list\b|explain|write\b|describe|extract\b|reply\b)|bullet points?/iu;
const NUMBERS = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];
const counted = (unit: string) => new RegExp(`\\b(\\d{1,2}|${NUMBERS.join('|')})\\s+(?:[\\w-]+\\s+)?${unit}`, 'iu');
const COUNTED_BULLETS = counted('bullet');
const COUNTED_SENTENCES = counted('sentence');

function wishOf(instructions: string): { readonly bullets: boolean; readonly count: number } {
  const bullets = /bullet/iu.test(instructions);
  const [, amount] = (bullets ? COUNTED_BULLETS : COUNTED_SENTENCES).exec(instructions) ?? [];
  const count = amount ? NUMBERS.indexOf(amount.toLowerCase()) + 1 || Number(amount) : DEFAULT_SENTENCES;
  return { bullets, count: Math.max(1, count) };
}

/** "Summarize this: The river …" still tells of the river. */
function withoutInstruction(sentence: string): string {
  if (!INSTRUCTION.test(sentence)) return sentence;
  const colon = sentence.indexOf(': ');
  return colon === -1 ? '' : sentence.slice(colon + 2);
}

/** By how often its words occur in the whole text, in the order of the text. */
function mostTelling(told: readonly string[], count: number): readonly string[] {
  const frequency = new Map<string, number>();
  const words = told.map(wordsOf);
  for (const word of words.flat()) frequency.set(word, (frequency.get(word) ?? 0) + 1);
  const scored = words.map((own, index) => {
    const sum = own.reduce((total, word) => total + (frequency.get(word) ?? 0), 0);
    const tooLong = own.length > LONG_SENTENCE_WORDS ? 0.3 : 1;
    return { index, score: (sum / Math.sqrt(own.length + 1)) * tooLong };
  });
  return scored
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .slice(0, count)
    .sort((a, b) => a.index - b.index)
    .map(({ index }) => told[index] ?? '');
}

/** Short words tell little. */
function wordsOf(sentence: string): readonly string[] {
  return sentence.toLowerCase().match(/\p{L}{4,}/gu) ?? [];
}

function plainAnswer(text: string): string {
  const asked = text.slice(0, INSTRUCTION_LENGTH).replace(/\s+/gu, ' ').trim();
  return asked === '' ? 'A simulated answer.' : `A simulated answer to: ${asked.slice(0, 200)}`;
}
