// What was checked here, kept in this browser alone. The newest entry first.
import { browser } from 'wxt/browser';
import { readHuman, type Check, type Label, type Says } from '../api/types';
import type { HowGot } from '../ladder/how_got';

export const MAX_ENTRIES = 500;

export interface HistoryEntry {
  checkId: string;
  serverAddress: string;
  /** When it was asked, as ISO 8601. */
  at: string;
  imageUrl: string | null;
  pageUrl: string | null;
  sha256: string | null;
  label: Label;
  score: number | null;
  model: string;
  howGot: HowGot;
  human: Says | null;
  isAppealed: boolean;
}

export function entryOfCheck(check: Check, serverAddress: string, howGot: HowGot, page: { imageUrl: string | null; pageUrl: string | null }): HistoryEntry | null {
  if (!check.verdict) return null;
  const { label, score, model } = check.verdict;
  return {
    checkId: check.id,
    serverAddress,
    at: new Date().toISOString(),
    imageUrl: withoutBytes(page.imageUrl),
    pageUrl: page.pageUrl,
    sha256: check.image?.sha256 ?? null,
    label,
    score,
    model: model.version,
    howGot,
    human: readHuman(check.verdict),
    isAppealed: false,
  };
}

export async function readHistory(): Promise<HistoryEntry[]> {
  const { history } = await browser.storage.local.get('history');
  return Array.isArray(history) ? (history as HistoryEntry[]) : [];
}

/** Put an entry on top; an older one of the same check gives way to it. */
export function addEntry(history: HistoryEntry[], entry: HistoryEntry): HistoryEntry[] {
  const older = history.find((one) => one.checkId === entry.checkId);
  const others = history.filter((one) => one !== older);
  return [{ ...entry, isAppealed: older?.isAppealed ?? entry.isAppealed }, ...others].slice(0, MAX_ENTRIES);
}

export const saveHistory = (history: HistoryEntry[]): Promise<void> => browser.storage.local.set({ history });

export async function markAppealed(checkId: string): Promise<void> {
  const history = await readHistory();
  await saveHistory(history.map((one) => (one.checkId === checkId ? { ...one, isAppealed: true } : one)));
}

/** The entries in which every word of the search is found. */
export function searchHistory(history: HistoryEntry[], search: string, words: (entry: HistoryEntry) => string): HistoryEntry[] {
  const wanted = search.toLowerCase().split(/\s+/).filter(Boolean);
  return history.filter((entry) => {
    const text = `${words(entry)} ${entry.imageUrl ?? ''} ${entry.pageUrl ?? ''} ${entry.sha256 ?? ''}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}

/** A `data:` address is the picture itself, and would fill the history. */
const withoutBytes = (url: string | null): string | null => (url && /^https?:/.test(url) ? url : null);
