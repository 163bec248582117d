// What the background asks of a frame. It keeps the elements that it was asked about, by number.
import type { Picture, ReadBytes } from '../ladder/how_got';
import { pickPicture } from '../panel/picker';
import type { Tongue } from '../words/words';
import { findByUrl, findChoices, type Shown } from './find';
import { placeOf, type Place } from './place';
import { readHere } from './read_here';

export interface Click {
  srcUrl: string | null;
  tongue: Tongue;
}

export interface Reader {
  find(click: Click): Promise<Picture | 'none' | 'left'>;
  read(ref: number, sourceAt: number): Promise<ReadBytes | null>;
  place(ref: number): Promise<Place | null>;
}

declare global {
  // eslint-disable-next-line no-var
  var ntfReader: Reader | undefined;
}

export function makeReader(): Reader {
  const kept: { element: Element | null; picture: Picture }[] = [];
  const keep = ({ element, described }: Shown): Picture => {
    const picture = { ...described, ref: kept.length };
    kept.push({ element, picture });
    return picture;
  };
  return {
    async find(click) {
      const shown = await findClicked(click);
      return typeof shown === 'string' ? shown : keep(shown);
    },
    async read(ref, sourceAt) {
      const one = kept[ref];
      const source = one?.picture.sources[sourceAt];
      return one && source ? readHere(one.element, one.picture, source) : null;
    },
    async place(ref) {
      const element = kept[ref]?.element;
      return element ? placeOf(element) : null;
    },
  };
}

async function findClicked({ srcUrl, tongue }: Click): Promise<Shown | 'none' | 'left'> {
  if (srcUrl) return findByUrl(srcUrl);
  const choices = findChoices();
  if (choices.length <= 1) return choices[0] ?? 'none';
  return (await pickPicture(choices, tongue)) ?? 'left';
}
