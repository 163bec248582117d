import { expect, test } from 'vitest';
import { cssUrls } from '../../pictures/css_urls';

test.each([
  ['none', []],
  ['url("https://a.test/b.jpg")', ['https://a.test/b.jpg']],
  ['url("a\\"b.jpg"), url(c.jpg)', ['a"b.jpg', 'c.jpg']],
  ['linear-gradient(red, blue), url("x.png")', ['x.png']],
  ['image-set(url("small.png") 1dppx, url("large.png") 2dppx)', ['large.png', 'small.png']],
  ['image-set(url("a.avif") type("image/avif") 1dppx, url("b.png") 192dpi)', ['b.png', 'a.avif']],
  ['url("data:image/png;base64,AA==")', ['data:image/png;base64,AA==']],
  ['url("#filter")', []],
  ['url("caf\\e9 .jpg")', ['café.jpg']],
])('%s', (value, urls) => {
  expect(cssUrls(value)).toEqual(urls);
});
