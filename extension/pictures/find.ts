// Which picture was clicked. The browser tells the address of an `<img>` and its like; of anything else
// it tells nothing, so where several pictures could be meant, the reader is asked.
import { allElements, isInView } from './elements';
import { describePicture, type Described } from './sources';

const MIN_SIDE_PX = 32;
const MAX_CHOICES = 60;

export interface Shown {
  element: Element | null;
  described: Described;
}

/** The picture with this address; it may be anywhere in the page, so what is in view comes first. */
export function findByUrl(url: string): Shown {
  const named = [...shownIn(document)].filter(({ element, described }) => isNamed(url, element, described));
  const found = named.find(({ element }) => element && isInView(element)) ?? named[0];
  return found ?? { element: null, described: { sources: [{ url, shownBy: nameOf(url), mustFit: 'nothing' }], widthPx: 0, heightPx: 0 } };
}

/** The pictures in view, those under the pointer first. */
export function findChoices(): Shown[] {
  const choices = [...shownIn(document)].filter(({ element }) => element && isInView(element) && isLargeEnough(element));
  const isPointedAt = ({ element }: Shown): boolean => element?.matches(':hover') ?? false;
  return [...choices.filter(isPointedAt).reverse(), ...choices.filter((one) => !isPointedAt(one))].slice(0, MAX_CHOICES);
}

function* shownIn(root: ParentNode): Generator<{ element: Element; described: Described }> {
  for (const element of allElements(root)) {
    const described = describePicture(element);
    if (described) yield { element, described };
  }
}

function isNamed(url: string, element: Element | null, described: Described): boolean {
  const shown = element instanceof HTMLImageElement ? [element.currentSrc, element.src] : [];
  const played = element instanceof HTMLVideoElement ? [element.currentSrc, element.src] : [];
  return [...shown, ...played].includes(url) || described.sources.some((source) => source.url === url);
}

function isLargeEnough(element: Element): boolean {
  const { width, height } = element.getBoundingClientRect();
  return Math.min(width, height) >= MIN_SIDE_PX;
}

const nameOf = (url: string) => (url.startsWith('data:') ? 'inline_data' : url.startsWith('blob:') ? 'blob' : 'src');
