// The one item in the right-click menu.
import { browser } from 'wxt/browser';
import { readSettings } from '../store/settings';
import { speaker, tongueOf } from '../words/words';

export const MENU_ITEM = 'check-picture';

/** Put the item into the menu, in the reader's language. It is everywhere: a picture may be a background, or a
 * canvas, for which Chromium has no context of its own. */
export async function addMenu(): Promise<void> {
  const say = speaker(tongueOf(await readSettings()));
  await browser.contextMenus.removeAll();
  browser.contextMenus.create({
    id: MENU_ITEM,
    title: say('menu_item'),
    contexts: ['all'],
  });
}
