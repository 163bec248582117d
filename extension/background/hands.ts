// The ladder's hands in a real browser.
import { fetchFromHost } from '../ladder/host_fetch';
import type { Target } from '../ladder/how_got';
import type { Hands } from '../ladder/run_check';
import { cropScreen } from '../ladder/screen_crop';
import { placeInFrame, readInFrame, withoutPanel } from './in_frame';

export function handsFor({ tabId, frameId, pageUrl, picture }: Target): Hands {
  return {
    readOnPage: (sourceAt) => readInFrame(tabId, frameId, picture.ref, sourceAt).catch(() => null),
    fetchFromHost: (source) => fetchFromHost(picture, source, pageUrl),
    cropScreen: () =>
      withoutPanel(tabId, async () => {
        const place = await placeInFrame(tabId, frameId, picture.ref);
        return place && cropScreen(tabId, place);
      }),
  };
}
