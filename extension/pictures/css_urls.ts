// The images that a computed CSS value names. Computed values hold absolute addresses.

interface CssImage {
  url: string;
  /** Pixels of the image for each CSS pixel, from `image-set()`. */
  density: number;
}

const URL_TOKEN = /url\(\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|((?:[^)\\"'\s]|\\.)*))\s*\)/g;
const DENSITY = /^\s*(?:type\([^)]*\)\s*)?([\d.]+)(dppx|x|dpi|dpcm)/;
const DOTS_A_PIXEL = { dppx: 1, x: 1, dpi: 96, dpcm: 96 / 2.54 };

/** Every image in the value, the densest first; of equal ones the topmost layer. */
export function cssUrls(value: string): string[] {
  return cssImages(value)
    .sort((one, other) => other.density - one.density)
    .map(({ url }) => url);
}

function cssImages(value: string): CssImage[] {
  return Array.from(value.matchAll(URL_TOKEN), (found) => {
    const url = unescapeCss(found[1] ?? found[2] ?? found[3] ?? '');
    return { url, density: densityAfter(value.slice(found.index + found[0].length)) };
  }).filter(({ url }) => url !== '' && !url.startsWith('#'));
}

function densityAfter(rest: string): number {
  const found = DENSITY.exec(rest);
  if (!found) return 1;
  return Number(found[1]) / DOTS_A_PIXEL[found[2] as keyof typeof DOTS_A_PIXEL];
}

/** CSS Syntax, section 4.3.7: a backslash before hex digits, or before the character itself. */
const unescapeCss = (text: string): string =>
  text.replace(/\\(?:([0-9a-fA-F]{1,6})\s?|(.))/g, (_, hex: string | undefined, letter: string) =>
    hex ? String.fromCodePoint(parseInt(hex, 16)) : letter,
  );
