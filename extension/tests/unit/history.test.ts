import { expect, test } from 'vitest';
import type { Check } from '../../api/types';
import { findDecisions } from '../../store/decisions';
import { addEntry, entryOfCheck, MAX_ENTRIES, searchHistory, type HistoryEntry } from '../../store/history';
import { aCheck } from './a_check';

const HOW = { shownBy: 'src', readBy: 'page' } as const;
const entry = (id: string, change: Partial<HistoryEntry> = {}): HistoryEntry => ({
  ...(entryOfCheck(aCheck({ id }), 'https://ntf.test', HOW, { imageUrl: `https://i.test/${id}.jpg`, pageUrl: null }) as HistoryEntry),
  ...change,
});

test('the same check again moves to the top and stays appealed', () => {
  const history = addEntry([entry('b'), entry('a', { isAppealed: true })], entry('a'));
  expect(history.map(({ checkId, isAppealed }) => [checkId, isAppealed])).toEqual([['a', true], ['b', false]]);
});

test('the oldest entry goes when there are too many', () => {
  const full = Array.from({ length: MAX_ENTRIES }, (_, at) => entry(`old-${at}`));
  const history = addEntry(full, entry('new'));
  expect(history).toHaveLength(MAX_ENTRIES);
  expect(history[0]?.checkId).toBe('new');
});

test('a picture that is written into the page is not kept in the history', () => {
  const made = entryOfCheck(aCheck({}), 'https://ntf.test', HOW, { imageUrl: 'data:image/png;base64,AA==', pageUrl: null });
  expect(made?.imageUrl).toBeNull();
});

test('every word of a search must be found', () => {
  const history = [entry('cat'), entry('dog')];
  const words = () => 'Likely AI-made';
  expect(searchHistory(history, 'likely DOG', words).map(({ checkId }) => checkId)).toEqual(['dog']);
  expect(searchHistory(history, 'bird', words)).toEqual([]);
});

test('a decision of a person reaches the entry; what cannot be read changes nothing', async () => {
  const decided = aCheck({ id: 'a' });
  const human = { says: 'real' as const, reason: null, decided_at: '2026-11-02T10:00:00Z', review_id: '5f0c1d1e-2b5e-4c39-9a4d-0f3a3a0c9a11', reverses_label: true };
  const read = async (id: string): Promise<Check> => {
    if (id === 'gone') throw new Error('404');
    return { ...decided, id, verdict: decided.verdict && { ...decided.verdict, human: id === 'a' ? human : null } };
  };
  const before = [entry('a', { isAppealed: true }), entry('b'), entry('gone')];
  const { history, found } = await findDecisions(before, read);
  expect(found).toBe(1);
  expect(history.map((one) => one.human)).toEqual(['real', null, null]);
});
