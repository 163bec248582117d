// Draws the icons out of the service's own SVG, in the browser that the tests use.
import { mkdir, readFile } from 'node:fs/promises';
import { chromium } from 'playwright-core';

const SIZES_PX = [16, 32, 48, 128];
const here = new URL('..', import.meta.url);
const svg = await readFile(new URL('../api/static/icon.svg', here), 'utf8');
await mkdir(new URL('public/icon', here), { recursive: true });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
const page = await browser.newPage();
for (const size of SIZES_PX) {
  await page.setViewportSize({ width: size, height: size });
  await page.setContent(`<style>body{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${svg}`);
  await page.screenshot({ path: new URL(`public/icon/${size}.png`, here).pathname, omitBackground: true });
}
await browser.close();
