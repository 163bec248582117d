import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Picture, Source } from '../../ladder/how_got';
import { runCheck, type Hands, type Mode, type Work } from '../../ladder/run_check';
import { aCheck } from './a_check';

const BYTES = new TextEncoder().encode('the original bytes');
const SHA256 = createHash('sha256').update(BYTES).digest('hex');
const READ = { base64: Buffer.from(BYTES).toString('base64'), mediaType: 'image/jpeg' };
const SOURCE: Source = { url: 'https://i.test/a.jpg', shownBy: 'src', mustFit: 'exact' };

/** What the service was asked, as `METHOD path`, and what it answers by that. */
let asked: string[];
let answers: Record<string, () => Response>;
/** The last form that was sent. */
let sent: FormData | undefined;

const json = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });
const problem = (status: number, code: string) => json({ code, detail: code, status }, status);

beforeEach(() => {
  asked = [];
  answers = { [`GET /v1/verdicts?sha256=${SHA256}`]: () => problem(404, 'verdict_not_found'), 'POST /v1/checks': () => json(aCheck({})) };
  vi.stubGlobal('fetch', async (address: string, init: RequestInit) => {
    const call = `${init.method ?? 'GET'} ${address.replace('https://ntf.test', '')}`;
    asked.push(call);
    if (init.body instanceof FormData) sent = init.body;
    return (answers[call] ?? (() => problem(404, 'not_found')))();
  });
});
afterEach(() => vi.unstubAllGlobals());

const NO_HANDS: Hands = { readOnPage: async () => null, fetchFromHost: async () => null, cropScreen: async () => null };

function run(hands: Partial<Hands>, change: { mode?: Mode; isPrivate?: boolean; picture?: Partial<Picture> } = {}) {
  const picture: Picture = { ref: 0, sources: [SOURCE], widthPx: 640, heightPx: 480, ...change.picture };
  const work: Work = {
    target: { tabId: 1, frameId: 0, isReadable: true, pageUrl: 'https://p.test/', picture },
    mode: change.mode ?? 'usual',
    isPrivate: change.isPrivate ?? false,
    server: { address: 'https://ntf.test', key: 'k' },
    hands: { ...NO_HANDS, ...hands },
    onStep: () => {},
    signal: new AbortController().signal,
  };
  return runCheck(work);
}

test('a known image sends its hash alone', async () => {
  answers[`GET /v1/verdicts?sha256=${SHA256}`] = () => json(aCheck({}));
  const outcome = await run({ readOnPage: async () => READ });
  expect(outcome).toMatchObject({ kind: 'verdict', sentBytes: 0, howGot: { shownBy: 'src', readBy: 'page' } });
  expect(asked).toEqual([`GET /v1/verdicts?sha256=${SHA256}`]);
});

test('an unknown image is sent after its hash', async () => {
  const outcome = await run({ readOnPage: async () => READ });
  expect(outcome).toMatchObject({ kind: 'verdict', sentBytes: BYTES.length });
  expect(asked).toEqual([`GET /v1/verdicts?sha256=${SHA256}`, 'POST /v1/checks']);
});

test('in private mode nothing is sent without a click, neither bytes nor address', async () => {
  expect(await run({ readOnPage: async () => READ }, { isPrivate: true })).toEqual({ kind: 'asks_to_send', what: 'bytes' });
  expect(await run({}, { isPrivate: true })).toEqual({ kind: 'asks_to_send', what: 'address' });
  expect(asked).toEqual([`GET /v1/verdicts?sha256=${SHA256}`]);
  expect(await run({}, { isPrivate: true, mode: 'send' })).toMatchObject({ kind: 'verdict', howGot: { readBy: 'server' } });
});

test('an allowed host is asked before the service is', async () => {
  const outcome = await run({ fetchFromHost: async () => new Blob([BYTES]) });
  expect(outcome).toMatchObject({ howGot: { readBy: 'host' } });
});

test('the best source that can be read is taken', async () => {
  const large: Source = { url: 'https://i.test/large.jpg', shownBy: 'srcset', mustFit: 'shape' };
  const outcome = await run({ readOnPage: async (at) => (at === 1 ? READ : null) }, { picture: { sources: [large, SOURCE] } });
  expect(outcome).toMatchObject({ howGot: { shownBy: 'src', readBy: 'page' } });
});

test('where the service got another picture, the reader is asked for the host', async () => {
  answers['POST /v1/checks'] = () => json(aCheck({ image: { ...aCheck({}).image!, width_px: 1, height_px: 1 } }));
  expect(await run({})).toEqual({ kind: 'needs_host', hostUrl: SOURCE.url, canCrop: true });
});

test('where the service could not fetch, too', async () => {
  answers['POST /v1/checks'] = () => json(aCheck({ status: 'failed', verdict: null, error: { code: 'fetch_refused', message: '403' } }));
  expect(await run({})).toMatchObject({ kind: 'needs_host' });
});

test('what a page draws has no address to ask for', async () => {
  const drawn: Source = { url: null, shownBy: 'canvas', mustFit: 'nothing' };
  expect(await run({}, { picture: { sources: [drawn] } })).toEqual({ kind: 'needs_host', hostUrl: null, canCrop: true });
  expect(asked).toEqual([]);
});

test('of a crop the service is told that a screen showed it, and of a file it is not', async () => {
  await run({ cropScreen: async () => new Blob([BYTES]) }, { mode: 'screen' });
  expect(sent?.get('taken_from_screen')).toBe('true');
  await run({ readOnPage: async () => READ });
  expect(sent?.has('taken_from_screen')).toBe(false);
});

test.each([
  [401, 'key_required', 'key_wrong'],
  [413, 'too_many_bytes', 'too_large'],
  [503, 'database_unavailable', 'server_away'],
  [429, 'rate_limited', 'rate_limited'],
])('an answer of %i is the problem %s', async (status, code, expected) => {
  answers['POST /v1/checks'] = () => problem(status, code);
  await expect(run({ readOnPage: async () => READ })).rejects.toMatchObject({ code: expected });
});
