import { expect, test } from 'vitest';
import { referrerFor } from '../../ladder/host_fetch';
import { fitsPicture } from '../../ladder/fits';
import { toBase64, fromBase64, hashBytes } from '../../ladder/bytes';
import type { Source } from '../../ladder/how_got';

const picture = { ref: 0, sources: [], widthPx: 640, heightPx: 480 };
const source = (mustFit: Source['mustFit']): Source => ({ url: null, shownBy: 'src', mustFit });

test.each([
  ['exact', 640, 480, true],
  ['exact', 480, 640, true],
  ['exact', 1280, 960, false],
  ['shape', 1280, 960, true],
  ['shape', 1280, 963, true],
  ['shape', 500, 500, false],
  ['nothing', 1, 1, true],
] as const)('%s: %i × %i', (mustFit, widthPx, heightPx, fits) => {
  expect(fitsPicture(widthPx, heightPx, picture, source(mustFit))).toBe(fits);
});

test.each([
  ['https://a.test/x?y#z', 'https://a.test/i.jpg', 'https://a.test/x?y'],
  ['https://a.test/x', 'https://b.test/i.jpg', 'https://a.test/'],
  ['https://a.test/x', 'http://b.test/i.jpg', null],
  ['chrome://settings/', 'https://b.test/i.jpg', null],
])('the referrer of %s at %s', (page, image, referrer) => {
  expect(referrerFor(page, image)).toBe(referrer);
});

test('bytes survive as text, and hash as the standard says', async () => {
  const bytes = Uint8Array.from({ length: 70_000 }, (_, at) => at % 256);
  expect(fromBase64(toBase64(bytes))).toEqual(bytes);
  expect(await hashBytes(new TextEncoder().encode('abc'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});
