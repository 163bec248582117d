// Where an element stands in the tab, for a crop of what the screen shows.
import { isInView } from './elements';

/** CSS pixels of the tab's viewport, and how many pixels of the screen each has. */
export interface Place {
  left: number;
  top: number;
  width: number;
  height: number;
  pixelRatio: number;
}

/** Brings the element into view. Null where a frame of another site hides where it stands. */
export async function placeOf(element: Element): Promise<Place | null> {
  if (!isWhollyInView(element)) element.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
  await nextPaint();
  const offset = frameOffset(window);
  if (!offset || !isInView(element)) return null;
  const box = element.getBoundingClientRect();
  const left = Math.max(0, box.left);
  const top = Math.max(0, box.top);
  return {
    left: left + offset.left,
    top: top + offset.top,
    width: Math.min(innerWidth, box.right) - left,
    height: Math.min(innerHeight, box.bottom) - top,
    pixelRatio: devicePixelRatio,
  };
}

function isWhollyInView(element: Element): boolean {
  const { top, left, bottom, right } = element.getBoundingClientRect();
  return top >= 0 && left >= 0 && bottom <= innerHeight && right <= innerWidth;
}

function frameOffset(frame: Window): { left: number; top: number } | null {
  if (frame === frame.top) return { left: 0, top: 0 };
  try {
    const { frameElement } = frame;
    const outer = frameElement && frameOffset(frame.parent);
    if (!frameElement || !outer) return null;
    const box = frameElement.getBoundingClientRect();
    return { left: outer.left + box.left + frameElement.clientLeft, top: outer.top + box.top + frameElement.clientTop };
  } catch {
    return null; // a frame of another site
  }
}

/** Two frames: what was scrolled is drawn by then. A tab in the background draws none, so a timer ends it. */
const nextPaint = (): Promise<void> =>
  new Promise((resolve) => {
    requestAnimationFrame(() => requestAnimationFrame(() => resolve()));
    setTimeout(resolve, 500);
  });
