// The history: search it, take it along, delete it, see what people have decided since.
import { readCheck } from '../api/client';
import { element } from '../panel/element';
import { findDecisions } from '../store/decisions';
import { readHistory, saveHistory, searchHistory, type HistoryEntry } from '../store/history';
import type { Speaker, Tongue } from '../words/words';
import { startPage, type Start } from './start';

export async function showHistory(): Promise<void> {
  const start = await startPage('history_title');
  const { say, main, settings } = start;
  let history = await readHistory();
  const said = element('p', { role: 'status', class: 'said' });
  const list = element('ul', { class: 'entries' });
  const search = element('input', { type: 'search', 'aria-label': say('search'), placeholder: say('search') });
  const draw = () => {
    const found = searchHistory(history, search.value, (entry) => wordsOf(entry, say));
    list.replaceChildren(...found.map((entry) => entryLine(entry, start, () => change(history.filter((one) => one !== entry)))));
    said.textContent = history.length ? say('history_count', { count: found.length }) : say('history_empty');
  };
  const change = (changed: HistoryEntry[]) => {
    history = changed;
    void saveHistory(changed);
    draw();
  };
  const askAgain = async () => {
    const ofServer = (entry: HistoryEntry) => entry.serverAddress === settings.serverAddress;
    const server = { address: settings.serverAddress, key: settings.key };
    const answer = await findDecisions(history.filter(ofServer), (id) => readCheck(server, id));
    const news = new Map(answer.history.map((entry) => [entry.checkId, entry]));
    if (answer.found) change(history.map((entry) => news.get(entry.checkId) ?? entry));
    said.textContent = say('decisions_found', { count: answer.found });
  };
  search.addEventListener('input', draw);
  main.append(
    element('h1', {}, say('history_title')),
    settings.keepsHistory ? '' : element('p', {}, say('history_off')),
    search,
    element(
      'div',
      { class: 'row' },
      element('button', { type: 'button', onclick: () => void askAgain() }, say('look_again')),
      element('button', { type: 'button', onclick: () => saveAsFile(history) }, say('export')),
      element('button', { type: 'button', onclick: () => confirm(say('delete_sure', { count: history.length })) && change([]) }, say('delete_all')),
    ),
    said,
    list,
  );
  draw();
  if (history.length && settings.key) await askAgain().then(draw);
}

const wordsOf = ({ label, human, isAppealed }: HistoryEntry, say: Speaker): string =>
  [say(`label_${label}`), human && say(`human_${human}`), isAppealed && say('appealed')].filter(Boolean).join(' ');

function entryLine(entry: HistoryEntry, { say, tongue }: Start, remove: () => void): HTMLElement {
  const { label, human, isAppealed, howGot } = entry;
  const how = say('how_got', { shown: say(`shown_${howGot.shownBy}`), read: say(`read_${howGot.readBy}`) });
  return element(
    'li',
    {},
    element('p', {}, element('strong', { 'data-label': label }, say(`label_${label}`)), entry.score !== null && ` · ${percent(entry.score, tongue)}`),
    human && element('p', {}, say('human_decided', { decision: say(`human_${human}`) })),
    isAppealed && !human && element('p', {}, say('appealed')),
    address(say('image'), entry.imageUrl),
    address(say('page'), entry.pageUrl),
    element('p', { class: 'hint' }, `${new Date(entry.at).toLocaleString(tongue)} · ${entry.model} · ${how}`),
    element('button', { type: 'button', 'aria-label': `${say('remove')}: ${entry.imageUrl ?? entry.checkId}`, onclick: remove }, say('remove')),
  );
}

function address(name: string, url: string | null): HTMLElement | null {
  if (!url || !/^https?:/.test(url)) return null;
  return element('p', {}, `${name}: `, element('a', { href: url, target: '_blank', rel: 'noopener noreferrer' }, url));
}

const percent = (score: number, tongue: Tongue): string => new Intl.NumberFormat(tongue, { style: 'percent' }).format(score);

function saveAsFile(history: HistoryEntry[]): void {
  const href = URL.createObjectURL(new Blob([JSON.stringify(history, null, 2)], { type: 'application/json' }));
  element('a', { href, download: 'ntf-history.json' }).click();
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}
