// From a right-click to an open panel. Nothing of ours is in the page before that click.
import { browser, type Browser } from 'wxt/browser';
import type { Picture, Target } from '../ladder/how_got';
import type { OpenPanel } from '../panel/open';
import { readSettings } from '../store/settings';
import { tongueOf, type Tongue } from '../words/words';
import { findInFrame, openPanel } from './in_frame';

/** What we use of a click. */
type Info = Partial<Pick<Browser.contextMenus.OnClickData, 'frameId' | 'frameUrl' | 'pageUrl' | 'srcUrl'>>;

export async function onMenuClick(info: Info, tab: Browser.tabs.Tab | undefined): Promise<void> {
  if (tab?.id === undefined) return;
  const tongue = tongueOf(await readSettings());
  const target = await findTarget(info, tab.id, tongue);
  if (target === 'left') return;
  await show(tab.id, { target: target === 'none' ? null : target, tongue });
}

async function findTarget(info: Info, tabId: number, tongue: Tongue): Promise<Target | 'none' | 'left'> {
  const frameId = info.frameId ?? 0;
  const pageUrl = info.frameUrl ?? info.pageUrl ?? null;
  try {
    const click = { srcUrl: info.srcUrl ?? null, tongue };
    const picture = await findInFrame(tabId, frameId, click);
    return typeof picture === 'string' ? picture : { tabId, frameId, isReadable: true, pageUrl, picture };
  } catch {
    // A frame of another site, or a page of the browser's own: the address is all that we have.
    if (!info.srcUrl) return 'none';
    return { tabId, frameId, isReadable: false, pageUrl, picture: pictureAt(info.srcUrl) };
  }
}

async function show(tabId: number, open: OpenPanel): Promise<void> {
  try {
    await openPanel(tabId, open);
  } catch {
    const job = crypto.randomUUID();
    await browser.storage.session.set({ [job]: open });
    await browser.tabs.create({ url: browser.runtime.getURL(`/check.html#${job}`) });
  }
}

const pictureAt = (url: string): Picture => ({
  ref: -1,
  sources: [{ url, shownBy: 'src', mustFit: 'nothing' }],
  widthPx: 0,
  heightPx: 0,
});
