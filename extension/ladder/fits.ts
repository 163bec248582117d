// Whether bytes are the picture that was clicked. A host may answer with another one: a placeholder
// against hotlinking, a smaller copy. Those must never be judged in its place.
import type { Picture, Source } from './how_got';

const SHAPE_TOLERANCE = 0.02;

/** Sides in pixels; a picture may lie on its side until its orientation tag is followed. */
export function fitsPicture(widthPx: number, heightPx: number, picture: Picture, source: Source): boolean {
  if (source.mustFit === 'nothing' || !picture.widthPx || !picture.heightPx) return true;
  const fits = source.mustFit === 'exact' ? hasSides : hasShape;
  return fits(widthPx, heightPx, picture) || fits(heightPx, widthPx, picture);
}

const hasSides = (widthPx: number, heightPx: number, picture: Picture): boolean =>
  widthPx === picture.widthPx && heightPx === picture.heightPx;

function hasShape(widthPx: number, heightPx: number, picture: Picture): boolean {
  const shown = picture.widthPx / picture.heightPx;
  return Math.abs(widthPx / heightPx / shown - 1) <= SHAPE_TOLERANCE + 1 / Math.min(picture.widthPx, picture.heightPx);
}
