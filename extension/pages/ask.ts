// Asks for one host. A page of ours, since only a click in one may ask the browser for a permission.
import { browser } from 'wxt/browser';
import type { Message } from '../background/messages';
import { element } from '../panel/element';
import { originPattern } from '../store/server_address';
import { startPage } from './start';

export async function showAsk(): Promise<void> {
  const { say, main } = await startPage('ask_title');
  const asked = new URLSearchParams(location.search);
  const url = asked.get('url') ?? '';
  const { host, hostname } = new URL(url);
  const said = element('p', { role: 'status', class: 'said' });
  const allow = element('button', { type: 'button', class: 'primary' }, say('ask_allow', { host: hostname }));
  allow.addEventListener('click', () => {
    // First and at once: a permission may only be asked for while the click still counts.
    const answer = browser.permissions.request({ origins: [originPattern(url)] });
    void answer.then((isAllowed) => {
      if (isAllowed) void finish(Number(asked.get('tab')));
      else said.textContent = say('ask_denied');
    });
  });
  main.append(
    element('h1', {}, say('ask_title')),
    element('p', {}, say('ask_why', { host })),
    element('p', {}, say('ask_scope', { host: hostname })),
    allow,
    said,
  );
}

async function finish(tabId: number): Promise<void> {
  await browser.runtime.sendMessage({ type: 'host_allowed', tabId } satisfies Message);
  window.close();
}
