// One image of a scanned page: the same ladder, without a panel and without questions.
import type { Browser } from 'wxt/browser';
import type { Label } from '../api/types';
import { fetchFromHost } from '../ladder/host_fetch';
import type { Picture, ReadBytes } from '../ladder/how_got';
import { runCheck } from '../ladder/run_check';
import { originPattern } from '../store/server_address';
import { readSettings } from '../store/settings';
import { serverOf } from './panel_port';

export interface ScanRequest {
  picture: Picture;
  /** What the page could read of its first source. */
  read: ReadBytes | null;
}

/** The label, or null where there is none without asking the reader. */
export async function checkForScan({ picture, read }: ScanRequest, { url, tab }: Browser.runtime.MessageSender): Promise<Label | null> {
  const settings = await readSettings();
  const isWanted = url !== undefined && settings.scannedSites.includes(originPattern(url));
  if (!isWanted || tab?.id === undefined) return null;
  const outcome = await runCheck({
    target: { tabId: tab.id, frameId: 0, isReadable: true, pageUrl: url, picture },
    mode: 'usual',
    isPrivate: settings.isPrivate,
    server: await serverOf(settings),
    hands: {
      readOnPage: async (sourceAt) => (sourceAt === 0 ? read : null),
      fetchFromHost: (source) => fetchFromHost(picture, source, url),
      cropScreen: async () => null,
    },
    onStep: () => {},
    signal: new AbortController().signal,
  });
  return outcome.kind === 'verdict' ? (outcome.check.verdict?.label ?? null) : null;
}
