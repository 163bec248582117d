// The hosts that the reader has allowed, each with a way to take it back.
import { browser } from 'wxt/browser';
import { element } from '../panel/element';
import type { Speaker } from '../words/words';

export async function allowedHosts(say: Speaker): Promise<HTMLElement> {
  const { origins = [] } = await browser.permissions.getAll();
  const lines = origins.map((origin) => {
    const line = element('li', {}, element('span', {}, `${origin} `));
    const takeBack = () => void browser.permissions.remove({ origins: [origin] }).then(() => line.remove());
    line.append(element('button', { type: 'button', 'aria-label': `${say('take_back')}: ${origin}`, onclick: takeBack }, say('take_back')));
    return line;
  });
  const list = lines.length ? element('ul', { class: 'stack' }, ...lines) : element('p', {}, say('none'));
  return element('section', {}, element('h2', {}, say('allowed_hosts')), list);
}
