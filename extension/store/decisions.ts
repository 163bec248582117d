// Decisions of people about images in the history: asked for again, never the image itself.
import { readHuman, type Check } from '../api/types';
import type { HistoryEntry } from './history';

const MAX_ASKED = 40;

/** The history with what people have decided since, and how many decisions are new. */
export async function findDecisions(
  history: HistoryEntry[],
  read: (checkId: string) => Promise<Check>,
): Promise<{ history: HistoryEntry[]; found: number }> {
  const decided = new Map<string, Partial<HistoryEntry>>();
  await Promise.all(worthAsking(history).map(async ({ checkId, human }) => {
    const check = await read(checkId).catch(() => null); // gone, or another service's: nothing new
    const now = check?.verdict ? readHuman(check.verdict) : null;
    if (now && now !== human) decided.set(checkId, { human: now });
  }));
  return { history: history.map((one) => ({ ...one, ...decided.get(one.checkId) })), found: decided.size };
}

/** Those that a person was asked about, then the newest. */
function worthAsking(history: HistoryEntry[]): HistoryEntry[] {
  const asked = history.filter(({ isAppealed }) => isAppealed);
  const others = history.filter(({ isAppealed, human }) => !isAppealed && !human);
  return [...asked, ...others].slice(0, MAX_ASKED);
}
