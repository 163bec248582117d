// Images in view on a site that the reader has opted in: each is checked once, a few at a time.
import { browser } from 'wxt/browser';
import type { Answer, Message } from '../background/messages';
import type { Label } from '../api/types';
import { readHere } from '../pictures/read_here';
import { describePicture } from '../pictures/sources';
import type { Speaker } from '../words/words';
import { makeBadges } from './badges';
import { makePool } from './pool';

export const MIN_SIDE_PX = 256;
export const MAX_IN_FLIGHT = 20;

export function startScan(say: Speaker): void {
  const seen = new WeakMap<HTMLImageElement, string>();
  const pool = makePool(MAX_IN_FLIGHT);
  const badges = makeBadges(say, stop);
  const view = new IntersectionObserver((entries) => entries.forEach(({ isIntersecting, target }) => {
    if (isIntersecting && target instanceof HTMLImageElement) look(target);
  }));
  const page = new MutationObserver(watchImages);

  function watchImages(): void {
    for (const image of document.images) view.observe(image);
  }

  function look(image: HTMLImageElement): void {
    if (!image.complete) return image.addEventListener('load', () => look(image), { once: true });
    const { width, height } = image.getBoundingClientRect();
    if (Math.min(width, height) < MIN_SIDE_PX || seen.get(image) === image.currentSrc) return;
    seen.set(image, image.currentSrc);
    badges.put(image, null);
    pool.add(async () => badges.put(image, (await check(image)) ?? 'failed'));
  }

  function stop(): void {
    view.disconnect();
    page.disconnect();
    pool.clear();
    badges.remove();
    void browser.runtime.sendMessage({ type: 'scan_stop' } satisfies Message);
  }

  watchImages();
  page.observe(document.documentElement, { childList: true, subtree: true });
}

async function check(image: HTMLImageElement): Promise<Label | null> {
  const described = describePicture(image);
  const source = described?.sources[0];
  if (!described || !source) return null;
  const picture = { ...described, ref: 0 };
  const read = await readHere(image, picture, source);
  const answer = (await browser.runtime.sendMessage({ type: 'scan', picture, read } satisfies Message)) as Answer;
  return answer.isDone ? (answer.value as Label | null) : null;
}
