// What the page itself may read: the original bytes of an address, or a drawing's pixels where it has no others.
import { fitsPicture } from '../ladder/fits';
import type { Picture, ReadBytes, Source } from '../ladder/how_got';

/** Firefox has the page's own `fetch` here, which alone may read the page's `blob:` addresses. */
declare const content: { fetch?: typeof fetch } | undefined;

const FETCH_MILLISECONDS = 10_000;
// A plain square of 64 pixels takes some 300 characters; with noise in it, thousands.
const MAX_PLAIN_CHARACTERS = 800;

/** The bytes of one source, or null where the page cannot read them or they are another picture. */
export async function readHere(element: Element | null, picture: Picture, source: Source): Promise<ReadBytes | null> {
  try {
    const blob = source.url ? await readAddress(source.url) : await readDrawing(element);
    if (!blob || !(await isThePicture(blob, picture, source))) return null;
    return { base64: await asBase64(blob), mediaType: blob.type };
  } catch {
    return null; // closed to the page by CORS, tainted, gone: the next rung may reach it
  }
}

/** Sizes tell a placeholder from the picture. */
async function isThePicture(blob: Blob, picture: Picture, source: Source): Promise<boolean> {
  const bitmap = await createImageBitmap(blob);
  const fits = fitsPicture(bitmap.width, bitmap.height, picture, source);
  bitmap.close();
  return fits;
}

async function readAddress(url: string): Promise<Blob | null> {
  if (url.startsWith('data:')) return readDataUrl(url);
  if (url.startsWith('blob:')) return readBlobUrl(url);
  const isOwn = new URL(url).origin === location.origin;
  // The page has the image already: its cache answers with the very bytes on the screen.
  const init: RequestInit = { cache: 'force-cache', signal: AbortSignal.timeout(FETCH_MILLISECONDS) };
  const answer = await fetch(url, { ...init, credentials: isOwn ? 'include' : 'same-origin' });
  return answer.ok ? answer.blob() : null;
}

async function readBlobUrl(url: string): Promise<Blob> {
  try {
    return await (await fetch(url)).blob();
  } catch (error) {
    if (typeof content === 'undefined' || !content.fetch) throw error;
    return await (await content.fetch(url)).blob();
  }
}

/** RFC 2397, read by hand: a page's policy may forbid fetching it. */
function readDataUrl(url: string): Blob | null {
  const found = /^data:([^,;]*)((?:;[^,;]*)*),(.*)$/s.exec(url);
  if (!found) return null;
  const [, type, parameters, data = ''] = found;
  const text = decodeURIComponent(data);
  const bytes = /;\s*base64\s*$/i.test(parameters ?? '') ? atob(text.replace(/\s/g, '')) : unescapeBytes(data);
  return new Blob([Uint8Array.from(bytes, (letter) => letter.charCodeAt(0))], { type: type ?? '' });
}

const unescapeBytes = (data: string): string =>
  data.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));

async function readDrawing(element: Element | null): Promise<Blob | null> {
  if (!canvasTellsTheTruth()) return null;
  if (element instanceof HTMLCanvasElement) return toPng(element);
  if (!(element instanceof HTMLVideoElement)) return null;
  const canvas = document.createElement('canvas');
  canvas.width = element.videoWidth;
  canvas.height = element.videoHeight;
  canvas.getContext('2d')?.drawImage(element, 0, 0);
  return toPng(canvas);
}

const toPng = (canvas: HTMLCanvasElement): Promise<Blob | null> =>
  new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));

/** By a reader of files: in Firefox a script of ours may not touch the page's arrays. */
const asBase64 = (blob: Blob): Promise<string> =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ''));
    reader.onerror = () => reject(new Error('the bytes cannot be read'));
    reader.readAsDataURL(blob);
  });

/** Some browsers add noise to what is read from a canvas, or empty it; a photograph would then look made.
 * One colour takes few bytes as long as it stays one colour, and two colours differ. */
export function canvasTellsTheTruth(): boolean {
  const [one, other] = ['#b8860b', '#2e5090'].map(plainDrawing);
  return one !== other && [one, other].every((url) => url !== undefined && url.length < MAX_PLAIN_CHARACTERS);
}

function plainDrawing(colour: string): string {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 64;
  const context = canvas.getContext('2d');
  if (!context) return '';
  context.fillStyle = colour;
  context.fillRect(0, 0, 64, 64);
  return canvas.toDataURL('image/png');
}
