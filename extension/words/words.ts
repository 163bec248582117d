// Everything that the extension says, in the reader's language.
import { LANGUAGES, type Language, type Settings } from '../store/settings';
import de from './de.json';
import en from './en.json';
import es from './es.json';
import fr from './fr.json';
import zh from './zh.json';

export type Tongue = Language;
export type WordKey = keyof typeof en;
export type Speaker = (key: WordKey, values?: Record<string, string | number>) => string;

// Each file must have every word of the English one; the types say so, and a test says which is missing.
const WORDS: Record<Tongue, Record<WordKey, string>> = { en, de, fr, es, zh };

/** The language that was chosen, or the browser's, or English. */
export function tongueOf({ language }: Pick<Settings, 'language'>, browserLanguages: readonly string[] = navigator.languages): Tongue {
  if (language !== 'browser') return language;
  const short = browserLanguages.map((name) => name.slice(0, 2).toLowerCase());
  return short.map((name) => LANGUAGES.find((one) => one === name)).find((one) => one !== undefined) ?? 'en';
}

export function speaker(tongue: Tongue): Speaker {
  return (key, values = {}) =>
    WORDS[tongue][key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
}

export const hasWord = (key: string): key is WordKey => key in en;

/** All languages so far run from left to right; the panel's styles follow whatever this says. */
export const directionOf = (tongue: Tongue): 'ltr' | 'rtl' => (new Set<string>(['ar', 'he', 'fa']).has(tongue) ? 'rtl' : 'ltr');
