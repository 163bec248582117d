// Native right-clicks in Firefox, with its protection against fingerprinting on.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { startDisplay } from './harness/display.mjs';
import { startService } from './harness/fake_service.mjs';
import { panelIn, startFirefox } from './harness/firefox.mjs';
import { hashOfName, startSite } from './harness/image_site.mjs';

const OUTPUT = new URL('output/', import.meta.url).pathname;
const ROWS = [
  { name: 'an image', html: '<img id=it src="/open/x1.png">', file: 'x1', how: 'src page' },
  { name: 'one of two backgrounds', html: '<style>div{width:320px;height:240px}</style><div id=it style="background:url(/open/x2.png)"></div><div style="background:url(/open/x3.png)"></div>', file: 'x2', how: 'background page' },
  { name: 'an image made in memory', html: '<img id=it width=320 height=240><script>fetch("/open/x4.png").then(r=>r.blob()).then(b=>{it.src=URL.createObjectURL(b)})</script>', file: 'x4', how: 'blob page' },
  { name: 'a canvas, which fingerprinting protection would fill with noise', html: '<canvas id=it width=320 height=240></canvas><script>const i=new Image();i.src="/open/x5.png";i.onload=()=>it.getContext("2d").drawImage(i,0,0)</script>', how: 'canvas page' },
];
let display, service, site, firefox;

before(async () => {
  await mkdir(OUTPUT, { recursive: true });
  [display, service, site] = await Promise.all([startDisplay(), startService(), startSite()]);
  firefox = await startFirefox(display, service.address, { 'privacy.resistFingerprinting': true });
});

after(async () => {
  await firefox?.stop();
  for (const one of [display, service, site]) one?.stop();
});

for (const { name, html, file, how } of ROWS) {
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
    const panel = await panelIn(firefox, site.elsewhere + path).finally(() => display.screenshot(`${OUTPUT}firefox.png`));
    assert.equal(panel.how, how);
    if (file) assert.equal(service.arrivals[before].sha256, hashOfName(file));
    await page.close();
  });
}
