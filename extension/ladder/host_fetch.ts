// Bytes straight from an image's host, once the reader has allowed it: with cookies, and where the host
// wants to know the page, with that as referrer.
import { browser } from 'wxt/browser';
import { originPattern } from '../store/server_address';
import { fitsPicture } from './fits';
import type { Picture, Source } from './how_got';

const FETCH_MILLISECONDS = 15_000;
let lastRuleId = 0;

export const isHostAllowed = (url: string): Promise<boolean> => browser.permissions.contains({ origins: [originPattern(url)] });

/** The bytes, or null where the host gives none or another picture. */
export async function fetchFromHost(picture: Picture, source: Source, pageUrl: string | null): Promise<Blob | null> {
  const { url } = source;
  if (!url || !/^https?:/.test(url) || !(await isHostAllowed(url))) return null;
  const plain = await fetchPicture(url, picture, source);
  if (plain || !pageUrl) return plain;
  return withReferrer(url, referrerFor(pageUrl, url), () => fetchPicture(url, picture, source));
}

async function fetchPicture(url: string, picture: Picture, source: Source): Promise<Blob | null> {
  try {
    const signal = AbortSignal.timeout(FETCH_MILLISECONDS);
    const answer = await fetch(url, { credentials: 'include', cache: 'no-store', signal });
    if (!answer.ok) return null;
    const blob = await answer.blob();
    const bitmap = await createImageBitmap(blob);
    const fits = fitsPicture(bitmap.width, bitmap.height, picture, source);
    bitmap.close();
    return fits ? blob : null;
  } catch {
    return null; // away, or no image: the next rung
  }
}

/** What the page itself would send by the browser's default policy (`strict-origin-when-cross-origin`). */
export function referrerFor(pageUrl: string, url: string): string | null {
  const page = new URL(pageUrl);
  if (!/^https?:$/.test(page.protocol)) return null;
  if (page.protocol === 'https:' && new URL(url).protocol === 'http:') return null;
  return page.origin === new URL(url).origin ? `${page.origin}${page.pathname}${page.search}` : `${page.origin}/`;
}

/** A rule for this one address and this extension's own requests, taken back whatever happens. */
async function withReferrer<Result>(url: string, referrer: string | null, work: () => Promise<Result>): Promise<Result | null> {
  if (!referrer) return null;
  const id = ++lastRuleId;
  await browser.declarativeNetRequest.updateSessionRules({
    removeRuleIds: [id],
    addRules: [
      {
        id,
        condition: { urlFilter: `|${url.replace(/[*^|]/g, '*').replace(/#.*$/, '')}|`, tabIds: [-1], resourceTypes: ['xmlhttprequest'] },
        action: { type: 'modifyHeaders', requestHeaders: [{ header: 'referer', operation: 'set', value: referrer }] },
      },
    ],
  });
  try {
    return await work();
  } finally {
    await browser.declarativeNetRequest.updateSessionRules({ removeRuleIds: [id] });
  }
}
