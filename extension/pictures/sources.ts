// What an element shows, and where its bytes may be had: the rungs of one picture, the best first.
import type { Picture, ShownBy, Source } from '../ladder/how_got';
import { cssUrls } from './css_urls';
import { srcsetCandidates } from './srcset';

export type Described = Omit<Picture, 'ref'>;

/** The picture that this element shows, or null where it shows none. */
export function describePicture(element: Element): Described | null {
  if (element instanceof HTMLImageElement) return ofImage(element);
  if (element instanceof HTMLCanvasElement) return drawn(element.width, element.height, 'canvas');
  if (element instanceof HTMLVideoElement) return ofVideo(element);
  if (element instanceof SVGImageElement) return atUrl(element.href.baseVal, 'svg_image', element);
  if (element instanceof HTMLInputElement && element.type === 'image') return atUrl(element.src, 'input_image', element);
  if (element instanceof HTMLObjectElement && isImageType(element.type, element.data)) return atUrl(element.data, 'object', element);
  if (element instanceof HTMLEmbedElement && isImageType(element.type, element.src)) return atUrl(element.src, 'object', element);
  return ofStyle(element);
}

function ofImage(image: HTMLImageElement): Described | null {
  const { naturalWidth: widthPx, naturalHeight: heightPx, currentSrc } = image;
  const shown = currentSrc || image.src;
  if (!shown || !image.complete || !widthPx) return null;
  const best = bestOfSrcset(image);
  // With densities or sizes the browser's natural size is in CSS pixels: only the shape can be compared.
  const mustFit = best.length ? 'shape' : 'exact';
  const usual: Source = { url: shown, shownBy: best.length ? 'srcset' : 'src', mustFit };
  const larger = best.filter((url) => url !== shown).map((url): Source => ({ url, shownBy: 'srcset', mustFit: 'shape' }));
  const before = best.indexOf(shown);
  const sources = before < 0 ? [...larger, usual] : [...larger.slice(0, before), usual, ...larger.slice(before)];
  return { sources: sources.map(nameInline), widthPx, heightPx };
}

/** The candidates of the `srcset` that the browser chose from, the largest first; other sources may show other pictures. */
function bestOfSrcset(image: HTMLImageElement): string[] {
  const sources = image.parentElement instanceof HTMLPictureElement ? [...image.parentElement.querySelectorAll('source')] : [];
  for (const { srcset } of [...sources, image]) {
    const urls = srcsetCandidates(srcset).map(({ url }) => absolute(url, image));
    if (urls.includes(image.currentSrc)) return urls;
  }
  return [];
}

function ofVideo(video: HTMLVideoElement): Described | null {
  const hasStarted = video.currentTime > 0 || !video.paused || !video.poster;
  if (!hasStarted) return atUrl(video.poster, 'video_poster', video);
  if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null;
  return drawn(video.videoWidth, video.videoHeight, 'video_frame');
}

function ofStyle(element: Element): Described | null {
  const ofElement = styleSources(element, null, 'background');
  const ofPseudo = ['::before', '::after'].flatMap((pseudo) => styleSources(element, pseudo, 'pseudo_element'));
  const sources = [...ofElement, ...ofPseudo];
  return sources.length ? { sources: sources.map(nameInline), widthPx: 0, heightPx: 0 } : null;
}

function styleSources(element: Element, pseudo: string | null, shownBy: ShownBy): Source[] {
  const style = getComputedStyle(element, pseudo);
  if (pseudo && style.content === 'none') return [];
  const values = [style.backgroundImage, style.content, style.borderImageSource];
  return values.flatMap(cssUrls).map((url) => ({ url, shownBy, mustFit: 'nothing' }));
}

function atUrl(address: string, shownBy: ShownBy, element: Element): Described | null {
  if (!address) return null;
  const source: Source = { url: absolute(address, element), shownBy, mustFit: 'nothing' };
  return { sources: [nameInline(source)], widthPx: 0, heightPx: 0 };
}

const drawn = (widthPx: number, heightPx: number, shownBy: ShownBy): Described | null =>
  widthPx && heightPx ? { sources: [{ url: null, shownBy, mustFit: 'nothing' }], widthPx, heightPx } : null;

/** Bytes that stand in the page itself are called so, whatever shows them. */
function nameInline(source: Source): Source {
  if (source.url?.startsWith('data:')) return { ...source, shownBy: 'inline_data' };
  if (source.url?.startsWith('blob:')) return { ...source, shownBy: 'blob' };
  return source;
}

const isImageType = (type: string, address: string): boolean =>
  type.startsWith('image/') || (!type && /\.(jpe?g|png|webp|gif|avif|bmp|tiff?)([?#]|$)/i.test(address));

function absolute(address: string, element: Element): string {
  return URL.canParse(address, element.baseURI) ? new URL(address, element.baseURI).href : address;
}
