// The last rung: what the screen shows of the picture, out of a capture of the visible tab.
import { browser } from 'wxt/browser';
import type { Place } from '../pictures/place';

/** A PNG of that part of the tab. The tab must be the one in front of its window. */
export async function cropScreen(tabId: number, place: Place): Promise<Blob> {
  const { windowId } = await browser.tabs.get(tabId);
  const capture = await browser.tabs.captureVisibleTab(windowId, { format: 'png' });
  const bitmap = await createImageBitmap(await (await fetch(capture)).blob());
  const [left, top, width, height] = [place.left, place.top, place.width, place.height].map((side) => Math.round(side * place.pixelRatio)) as [number, number, number, number];
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext('2d')?.drawImage(bitmap, left, top, width, height, 0, 0, width, height);
  bitmap.close();
  return canvas.convertToBlob({ type: 'image/png' });
}
