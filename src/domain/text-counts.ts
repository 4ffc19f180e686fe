// How the characters, words, bullet points and paragraphs of an answer are counted. Pure; no judgement of what they say.

/** Unicode's code points, without white space at the ends. */
export function countCharacters(text: string): number {
  let count = 0;
  for (const _ of text.trim()) count++;
  return count;
}

/** What white space separates and has a letter or a digit in it. */
export function countWords(text: string): number {
  return text.split(/\s+/u).filter((word) => /[\p{L}\p{N}]/u.test(word)).length;
}

/** Items of lists, nested and numbered ones too; a rule (`* * *`) and what stands in a fence are none. */
export function countBullets(text: string): number {
  return linesOutsideFences(text).filter((line) => BULLET.test(line) && !RULE.test(line)).length;
}

const BULLET = /^\s*(?:[-*+•◦▪‣–—]|\d{1,3}[.)])\s+\S/u;
const RULE = /^\s*([-*_])\s*(?:\1\s*){2,}$/u;

/** What blank lines separate. A list is one, and so is a fence with what it holds; headings and rules are none. */
export function countParagraphs(text: string): number {
  let count = 0;
  let isWithin = false;
  for (const line of linesOutsideFences(text)) {
    const isBreak = line.trim() === '' || HEADING.test(line) || RULE.test(line);
    if (!isBreak && !isWithin) count++;
    isWithin = !isBreak;
  }
  return count;
}

const HEADING = /^\s{0,3}#{1,6}(?:\s|$)/u;

/** A fence stands as its opening line alone. */
function linesOutsideFences(text: string): readonly string[] {
  const lines: string[] = [];
  let fence: string | null = null;
  for (const line of text.split(/\r\n|\r|\n/u)) {
    const mark = /^\s*(`{3,}|~{3,})/u.exec(line)?.[1];
    if (fence === null) lines.push(line);
    if (mark === undefined) continue;
    if (fence === null) fence = mark;
    else if (mark[0] === fence[0] && mark.length >= fence.length) fence = null;
  }
  return lines;
}
