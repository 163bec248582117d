// What every page of ours begins with: the reader's words, the page's language and title.
import { readSettings, type Settings } from '../store/settings';
import { directionOf, speaker, tongueOf, type Speaker, type Tongue, type WordKey } from '../words/words';
import './page.css';

export interface Start {
  say: Speaker;
  tongue: Tongue;
  settings: Settings;
  main: HTMLElement;
}

export async function startPage(title: WordKey): Promise<Start> {
  const settings = await readSettings();
  const tongue = tongueOf(settings);
  const say = speaker(tongue);
  document.documentElement.lang = tongue;
  document.documentElement.dir = directionOf(tongue);
  document.title = `${say(title)} · Natural Trace Forensics`;
  const main = document.querySelector('main');
  if (!main) throw new Error('the page has no <main>');
  return { say, tongue, settings, main };
}
