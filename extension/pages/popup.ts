// The toolbar button: the scan of this site, the history, the options.
import { browser } from 'wxt/browser';
import type { Message } from '../background/messages';
import { element } from '../panel/element';
import { originPattern } from '../store/server_address';
import { changeSettings, readSettings } from '../store/settings';
import { startPage } from './start';

export async function showPopup(): Promise<void> {
  const { say, main } = await startPage('panel_title');
  const [tab] = await browser.tabs.query({ active: true, currentWindow: true });
  const site = tab?.url && /^https?:/.test(tab.url) ? originPattern(tab.url) : null;
  const open = (page: 'options' | 'history') => () => void tell({ type: 'open', page });
  const links = element(
    'div',
    { class: 'row' },
    element('button', { type: 'button', onclick: open('history') }, say('history_title')),
    element('button', { type: 'button', onclick: open('options') }, say('options_title')),
  );
  const scan = site ? await scanSwitch(site, say) : element('p', { class: 'hint' }, say('scan_not_here'));
  main.append(element('h1', {}, 'Natural Trace Forensics'), scan, links);
}

async function scanSwitch(site: string, say: Awaited<ReturnType<typeof startPage>>['say']): Promise<HTMLElement> {
  const { scannedSites } = await readSettings();
  const isOn = scannedSites.includes(site) && (await browser.permissions.contains({ origins: [site] }));
  const others = scannedSites.filter((one) => one !== site);
  const said = element('p', { role: 'status', class: 'said' });
  const start = () => {
    // Asked first, while the click counts. Firefox closes this popup then: the background goes on alone.
    const answer = browser.permissions.request({ origins: [site] });
    void changeSettings({ scannedSites: [...others, site] });
    void answer.then((isAllowed) => {
      if (isAllowed) void apply(say('scan_reload'));
    });
  };
  const stop = () => void changeSettings({ scannedSites: others }).then(() => apply(say('scan_reload')));
  const apply = async (text: string) => {
    await tell({ type: 'settings_changed' });
    said.textContent = text;
  };
  const button = element('button', { type: 'button', class: 'primary', onclick: isOn ? stop : start }, say(isOn ? 'scan_stop' : 'scan_start'));
  return element('div', { class: 'stack' }, button, element('p', { class: 'hint' }, say('scan_hint')), said);
}

const tell = (message: Message): Promise<unknown> => browser.runtime.sendMessage(message);
