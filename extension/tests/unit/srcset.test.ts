import { expect, test } from 'vitest';
import { srcsetCandidates } from '../../pictures/srcset';

const urls = (srcset: string) => srcsetCandidates(srcset).map(({ url }) => url);

test.each([
  ['', []],
  ['a.jpg', ['a.jpg']],
  ['a.jpg 320w, b.jpg 1280w, c.jpg 640w', ['b.jpg', 'c.jpg', 'a.jpg']],
  ['a.jpg, b.jpg 2x', ['b.jpg', 'a.jpg']],
  ['a.jpg 1x,b.jpg 1.5x', ['b.jpg', 'a.jpg']],
  ['  a,b.jpg 100w ,\n c.jpg 200w 300h', ['c.jpg', 'a,b.jpg']],
  ['data:image/png;base64,AA== 1x, b.jpg 2x', ['b.jpg', 'data:image/png;base64,AA==']],
])('%s', (srcset, largestFirst) => {
  expect(urls(srcset)).toEqual(largestFirst);
});
