// Native right-clicks in Firefox, with its protection against fingerprinting on.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { startDisplay } from './harness/display.mjs';
import { startService } from './harness/fake_service.mjs';
import { waitFor } from './harness/chromium.mjs';
import { startFirefox } from './harness/firefox.mjs';
import { hashOfName, startSite } from './harness/image_site.mjs';
import { pngSides } from './harness/png.mjs';

const OUTPUT = new URL('output/', import.meta.url).pathname;
const ROWS = [
  { name: 'an image', html: '<img id=it src="/open/x1.png">', file: 'x1' },
  { name: 'one of two backgrounds', html: '<style>div{width:320px;height:240px}</style><div id=it style="background:url(/open/x2.png)"></div><div style="background:url(/open/x3.png)"></div>', file: 'x2', isPicked: true },
  { name: 'an image made in memory', html: '<img id=it width=320 height=240><script>fetch("/open/x4.png").then(r=>r.blob()).then(b=>{it.src=URL.createObjectURL(b)})</script>', file: 'x4' },
  { name: 'a canvas, which fingerprinting protection would fill with noise', html: '<canvas id=it width=320 height=240></canvas><script>const i=new Image();i.src="/open/x5.png";i.onload=()=>it.getContext("2d").drawImage(i,0,0)</script>' },
];
let display, service, site, firefox;

before(async () => {
  await mkdir(OUTPUT, { recursive: true });
  [display, service, site] = await Promise.all([startDisplay(), startService(), startSite()]);
  firefox = await startFirefox(display, service.address, { preferences: { 'privacy.resistFingerprinting': true } });
});

after(async () => {
  await firefox?.stop();
  for (const one of [display, service, site]) one?.stop();
});

for (const { name, html, file, isPicked } of ROWS) {
  test(name, { timeout: 60_000 }, async () => {
    // Another host than the service's: here the extension has nothing but what the click grants.
    const path = `/firefox/${encodeURIComponent(name)}`;
    site.pages.set(path, { html: `<!doctype html><title>${name}</title><body style="margin:0">${html}` });
    const page = await firefox.browser.newPage();
    await page.goto(site.elsewhere + path);
    await page.bringToFront();
    const edge = await page.evaluate(() => ({ left: window.mozInnerScreenX, top: window.mozInnerScreenY }));
    const before = service.arrivals.length;
    // With the protection on a page does not learn where it stands: the toolbars take this much.
    await display.rightClick((edge.left || 0) + 160, (edge.top || 86) + 120);
    await new Promise((done) => setTimeout(done, 700)); // the native menu tells nobody that it is open
    await display.screenshot(`${OUTPUT}firefox-menu.png`);
    await display.key('Up', 'Return');
    if (isPicked) await pick();
    const arrival = await waitFor(() => service.arrivals[before]).finally(() => takeScreenshot(`${OUTPUT}firefox-${ROWS.findIndex((row) => row.name === name)}.png`));
    assert.equal(arrival.way, 'upload');
    if (file) assert.equal(arrival.sha256, hashOfName(file));
    else assert.deepEqual(pngSides(arrival.bytes), { width: 320, height: 240 });
    await page.close();
  });
}

/** The picker has the focus on what lay under the pointer. */
async function pick() {
  await new Promise((done) => setTimeout(done, 1500)); // the page's script is asked by nobody else
  await display.key('Return');
}

async function takeScreenshot(path) {
  await new Promise((done) => setTimeout(done, 1000)); // for a person to look at: with the picture drawn
  await display.screenshot(path);
}
