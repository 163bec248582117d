// One check from the clicked picture to its verdict: the ladder. It knows no browser; what it needs is passed in.
import { checkBytes, checkUrl, findVerdict, type Server, type Wait } from '../api/client';
import { CheckProblem } from '../api/problems';
import type { Check } from '../api/types';
import { fromBase64, hashBytes } from './bytes';
import { fitsPicture } from './fits';
import type { HowGot, Picture, ReadBytes, Source, Target } from './how_got';

/** `usual`: as the settings say. `send`: the reader has agreed to send. `screen`: take the crop. */
export type Mode = 'usual' | 'send' | 'screen';
export type Step = 'getting' | 'asking' | 'sending' | Check['status'];

export type Outcome =
  | { kind: 'verdict'; check: Check; howGot: HowGot; sentBytes: number }
  | { kind: 'needs_host'; hostUrl: string | null; canCrop: boolean }
  | { kind: 'asks_to_send'; what: 'bytes' | 'address' };

/** What reads on our behalf. Each answers null where it cannot. */
export interface Hands {
  readOnPage(sourceAt: number): Promise<ReadBytes | null>;
  fetchFromHost(source: Source): Promise<Blob | null>;
  cropScreen(): Promise<Blob | null>;
}

export interface Work {
  target: Target;
  mode: Mode;
  isPrivate: boolean;
  server: Server;
  hands: Hands;
  onStep: (step: Step) => void;
  signal: AbortSignal;
}

interface Got {
  blob: Blob;
  howGot: HowGot;
  url: string | null;
}

const MAX_SERVER_FETCHES = 3;

/** @throws CheckProblem why there is no verdict; AbortError when the reader cancelled. */
export async function runCheck(work: Work): Promise<Outcome> {
  work.onStep('getting');
  const got = work.mode === 'screen' ? await getFromScreen(work) : await getBytes(work);
  work.signal.throwIfAborted();
  if (got) return judgeBytes(work, got);
  if (work.mode === 'screen') throw new CheckProblem('image_gone');
  const hasAddress = work.target.picture.sources.some(isOnTheWeb);
  if (work.isPrivate && work.mode === 'usual' && hasAddress) return { kind: 'asks_to_send', what: 'address' };
  return (await judgeByAddress(work)) ?? askForHost(work);
}

async function getFromScreen({ hands, target }: Work): Promise<Got | null> {
  const blob = await hands.cropScreen();
  const shownBy = target.picture.sources[0]?.shownBy ?? 'src';
  return blob && { blob, howGot: { shownBy, readBy: 'screen' }, url: null };
}

/** The original bytes, the best source first: as the page may read them, then as the host gives them to us. */
async function getBytes({ target, hands, signal }: Work): Promise<Got | null> {
  for (const [at, source] of target.picture.sources.entries()) {
    const read = target.isReadable ? await hands.readOnPage(at) : null;
    signal.throwIfAborted();
    const blob = read ? new Blob([fromBase64(read.base64)], { type: read.mediaType }) : await hands.fetchFromHost(source);
    signal.throwIfAborted();
    if (blob) return { blob, howGot: { shownBy: source.shownBy, readBy: read ? 'page' : 'host' }, url: webAddress(source) };
  }
  return null;
}

/** Hash first: a known image is not sent. */
async function judgeBytes(work: Work, { blob, howGot, url }: Got): Promise<Outcome> {
  const { server, signal, onStep } = work;
  onStep('asking');
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const known = await findVerdict(server, await hashBytes(bytes), signal);
  if (known?.verdict) return { kind: 'verdict', check: known, howGot, sentBytes: 0 };
  if (work.isPrivate && work.mode === 'usual') return { kind: 'asks_to_send', what: 'bytes' };
  onStep('sending');
  const check = await checkBytes(server, new Blob([bytes], { type: blob.type }), url, howGot.readBy === 'screen', waiting(work));
  return { kind: 'verdict', check, howGot, sentBytes: bytes.length };
}

/** The server fetches by itself; null where it gets nothing, or another picture than the one on the page. */
async function judgeByAddress(work: Work): Promise<Outcome | null> {
  for (const source of work.target.picture.sources.filter(isOnTheWeb).slice(0, MAX_SERVER_FETCHES)) {
    const check = await checkAddress(work, source);
    if (check && isSamePicture(check, work.target.picture, source)) {
      return { kind: 'verdict', check, howGot: { shownBy: source.shownBy, readBy: 'server' }, sentBytes: 0 };
    }
  }
  return null;
}

async function checkAddress(work: Work, source: Source): Promise<Check | null> {
  work.onStep('sending');
  try {
    return await checkUrl(work.server, source.url ?? '', waiting(work));
  } catch (error) {
    const isAboutTheImage = error instanceof CheckProblem && ['image_gone', 'not_an_image', 'refused'].includes(error.code);
    if (isAboutTheImage) return null;
    throw error;
  }
}

function askForHost({ target }: Work): Outcome {
  const onTheWeb = target.picture.sources.find(isOnTheWeb);
  return { kind: 'needs_host', hostUrl: onTheWeb?.url ?? null, canCrop: target.isReadable };
}

function isSamePicture({ image }: Check, picture: Picture, source: Source): boolean {
  return !image?.width_px || !image.height_px || fitsPicture(image.width_px, image.height_px, picture, source);
}

const waiting = ({ signal, onStep }: Work): Wait => ({ signal, onStatus: onStep });
const webAddress = ({ url }: Source): string | null => (url && /^https?:/.test(url) ? url : null);
const isOnTheWeb = (source: Source): boolean => webAddress(source) !== null;
