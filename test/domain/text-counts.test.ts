// How answers are counted, by table.

import { describe, expect, it } from 'vitest';
import { countBullets, countCharacters, countParagraphs, countWords } from '../../src/domain/text-counts.ts';

describe('characters', () => {
  it.each([
    ['', 0],
    ['  a b \n', 3],
    ['Grüße', 5],
    ['👍🏽', 2],
    ['日本語', 3],
  ])('of %j are %i', (text, count) => expect(countCharacters(text)).toBe(count));
});

describe('words', () => {
  it.each([
    ['', 0],
    ['one  two\nthree', 3],
    ["It's well-known - isn't it?", 4],
    ['1,000 % of 5', 3],
    ['- a\n- b', 2],
    ['… — !', 0],
  ])('of %j are %i', (text, count) => expect(countWords(text)).toBe(count));
});

describe('bullet points', () => {
  it.each([
    ['nothing of the kind', 0],
    ['- one\n- two\n- three', 3],
    ['* one\n+ two\n• three', 3],
    ['Intro:\n\n- one\n\n- two\n\nThe end.', 2],
    ['1. one\n2) two', 2],
    ['- one\n  - nested\n    more of it', 2],
    ['-not a bullet\n*bold* is none\n**neither**', 0],
    ['- one\n---\n* * *\n- two', 2],
    ['```\n- in a fence\n```\n- outside', 1],
    ['~~~md\n- in a fence\n```\n- still\n~~~\n- outside', 1],
    ['-', 0],
    ['In\n2024. That was the year.', 0],
    ['- one\r\n- two\r\n', 2],
  ])('of %j are %i', (text, count) => expect(countBullets(text)).toBe(count));
});

describe('paragraphs', () => {
  it.each([
    ['', 0],
    ['one', 1],
    ['one\nstill one', 1],
    ['one\n\ntwo\n \n\nthree\n', 3],
    ['# Heading\n\none\n\n---\n\ntwo', 2],
    ['# Heading\none', 1],
    ['Intro:\n\n- a\n- b', 2],
    ['```\ncode\n\nmore code\n```', 1],
    ['one\r\n\r\ntwo', 2],
  ])('of %j are %i', (text, count) => expect(countParagraphs(text)).toBe(count));
});
