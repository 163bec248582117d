import { expect, test } from 'vitest';
import de from '../../words/de.json';
import en from '../../words/en.json';
import es from '../../words/es.json';
import fr from '../../words/fr.json';
import zh from '../../words/zh.json';
import { speaker, tongueOf } from '../../words/words';

const holes = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

test.each(Object.entries({ de, es, fr, zh }))('%s has every word, with the same values to fill in', (_, words) => {
  expect(Object.keys(words).sort()).toEqual(Object.keys(en).sort());
  for (const [key, text] of Object.entries(words)) {
    expect(text.trim(), key).not.toBe('');
    expect(holes(text), key).toEqual(holes(en[key as keyof typeof en]));
  }
});

test('no language says fake, real as a verdict, or a certainty', () => {
  for (const words of [en, de, es, fr, zh]) {
    const labels = Object.entries(words).filter(([key]) => /^(label|meaning)_/.test(key));
    for (const [key, text] of labels) expect(text, key).not.toMatch(/\bfake\b|\bgefälscht|\bfalsch\b|\bfaux\b|\bfalso\b|100 ?%|(^|\D)0 ?%/i);
  }
});

test('values are put into their places', () => {
  expect(speaker('en')('sent_bytes', { kilobytes: 7 })).toBe('7 KB were sent.');
});

test.each([
  ['de', ['fr-FR'], 'de'],
  ['browser', ['pt-BR', 'es-MX', 'en'], 'es'],
  ['browser', ['zh-TW'], 'zh'],
  ['browser', ['ja'], 'en'],
] as const)('language %s in a browser of %s', (language, browserLanguages, expected) => {
  expect(tongueOf({ language }, browserLanguages)).toBe(expected);
});
