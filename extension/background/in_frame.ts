// Calls into a frame of a page: the only place where our scripts are put there.
import { browser } from 'wxt/browser';
import type { OpenPanel } from '../panel/open';
import type { Click } from '../pictures/reader';
import type { Picture, ReadBytes } from '../ladder/how_got';
import type { Place } from '../pictures/place';

const TOP_FRAME = 0;

/** The picture that was clicked in this frame. @throws where our script may not run there. */
export async function findInFrame(tabId: number, frameId: number, click: Click): Promise<Picture | 'none' | 'left'> {
  await browser.scripting.executeScript({ target: { tabId, frameIds: [frameId] }, files: ['/reader.js'] });
  return run(tabId, frameId, (asked: Click) => globalThis.ntfReader!.find(asked), [click]);
}

export const readInFrame = (tabId: number, frameId: number, ref: number, sourceAt: number): Promise<ReadBytes | null> =>
  run(tabId, frameId, (one: number, at: number) => globalThis.ntfReader!.read(one, at), [ref, sourceAt]);

export const placeInFrame = (tabId: number, frameId: number, ref: number): Promise<Place | null> =>
  run(tabId, frameId, (one: number) => globalThis.ntfReader!.place(one), [ref]);

/** Open the panel over the page. @throws where our script may not run there. */
export async function openPanel(tabId: number, open: OpenPanel): Promise<void> {
  await browser.scripting.executeScript({ target: { tabId, frameIds: [TOP_FRAME] }, files: ['/panel.js'] });
  await run(tabId, TOP_FRAME, (asked: OpenPanel) => globalThis.ntfPanel!.open(asked), [open]);
}

/** Do something while the panel does not stand in the way. */
export async function withoutPanel<Result>(tabId: number, work: () => Promise<Result>): Promise<Result> {
  await run(tabId, TOP_FRAME, () => globalThis.ntfPanel?.hide(), []);
  try {
    return await work();
  } finally {
    await run(tabId, TOP_FRAME, () => globalThis.ntfPanel?.show(), []);
  }
}

async function run<Arguments extends unknown[], Result>(
  tabId: number,
  frameId: number,
  func: (...args: Arguments) => Result,
  args: Arguments,
): Promise<Awaited<Result>> {
  const [answer] = await browser.scripting.executeScript({ target: { tabId, frameIds: [frameId] }, func, args });
  return answer?.result as Awaited<Result>;
}
