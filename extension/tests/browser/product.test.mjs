// From the real service, as `make run` starts it, to a verdict by a native right-click.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pageOf, panelOf, rightClickAndAsk, startChromium, waitFor } from './harness/chromium.mjs';
import { startDisplay } from './harness/display.mjs';
import { startFirefox } from './harness/firefox.mjs';
import { hashOfName, startSite } from './harness/image_site.mjs';

const OUTPUT = new URL('output/', import.meta.url).pathname;
const ROOT = new URL('../../../', import.meta.url).pathname;
const STOP_MILLISECONDS = 20_000;
const STORY = '<!doctype html><title>A story</title><style>body{font:18px/1.6 system-ui;margin:2rem;max-width:34rem}</style><h1>A page with a picture</h1><p>Right-click it, and ask.</p>';
let display, site, browser, product, folder, address, key;

before(async () => {
  await mkdir(OUTPUT, { recursive: true });
  folder = await mkdtemp(join(tmpdir(), 'ntf-product-'));
  const port = await freePort();
  address = `http://127.0.0.1:${port}`;
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('NTF_')));
  const words = ['-m', 'cli', 'run', '--folder', join(folder, 'var'), '--port', String(port)];
  product = spawn(process.env.PYTHON ?? join(ROOT, '.venv/bin/python'), words, { cwd: ROOT, env: environment, stdio: 'ignore' });
  await waitFor(async () => (await fetch(`${address}/readyz`).catch(() => null))?.ok, 120_000);
  ({ key } = JSON.parse(await readFile(join(folder, 'var/first-key.json'), 'utf8')));
  [display, site] = await Promise.all([startDisplay(), startSite()]);
}, { timeout: 200_000 });

after(async () => {
  for (const one of [display, site]) one?.stop();
  const ended = new Promise((done) => product.once('exit', done));
  product.kill('SIGINT');
  await Promise.race([ended, new Promise((done) => setTimeout(done, STOP_MILLISECONDS).unref())]);
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}, { timeout: 60_000 });

test('a right-click gets a verdict of the real service', { timeout: 150_000 }, async (t) => {
  browser = await startChromium(display, { serviceAddress: address, key });
  t.after(() => browser.stop());
  site.pages.set('/story', { html: `${STORY}<img id=it src="/open/story-480x360.png" alt="Colours">` });
  const page = await browser.context.newPage();
  await page.goto(`${site.address}/story`);
  const box = await page.locator('#it').boundingBox();
  await rightClickAndAsk(browser, page, box.x + 100, box.y + 100);
  const panel = await waitFor(() => panelOf(browser).then((seen) => seen.how && seen), 90_000);
  assert.equal(panel.how, 'src page');
  assert.match(panel.text, /Judged by ntf-/);
  await new Promise((done) => setTimeout(done, 1000)); // for the screenshot: with the picture drawn
  await display.screenshot(`${OUTPUT}product.png`);
  await display.storePicture(`${OUTPUT}store-verdict.jpg`);
  for (const [name, path] of [['history', 'past-checks.html'], ['options', 'options.html']]) {
    await page.goto(pageOf(browser, path));
    await page.getByRole('heading', { level: 1 }).waitFor();
    await display.storePicture(`${OUTPUT}store-${name}.jpg`);
  }
});

test('in Firefox too', { timeout: 200_000 }, async (t) => {
  const firefox = await startFirefox(display, address, { key });
  t.after(() => firefox.stop());
  site.pages.set('/fox', { html: `${STORY}<img id=it src="/open/fox-480x360.png" alt="Colours">` });
  const page = await firefox.browser.newPage();
  await page.goto(`${site.elsewhere}/fox`);
  await page.bringToFront();
  const at = await page.evaluate(() => {
    const { left, top } = document.getElementById('it').getBoundingClientRect();
    return { x: window.mozInnerScreenX + left + 100, y: window.mozInnerScreenY + top + 100 };
  });
  await display.rightClick(at.x, at.y);
  await new Promise((done) => setTimeout(done, 700)); // the native menu tells nobody that it is open
  await display.key('Up', 'Return');
  // The driver may not look into the panel: the service tells what it was asked, and what it said.
  const judged = await waitFor(() => askForVerdict(hashOfName('fox-480x360')), 120_000);
  assert.match(judged.verdict.model.version, /^ntf-/);
  assert.equal(judged.url, `${site.elsewhere}/open/fox-480x360.png`);
  await new Promise((done) => setTimeout(done, 3000)); // for the screenshot: until the panel has polled, and drawn
  await display.screenshot(`${OUTPUT}product-firefox.png`);
});

async function askForVerdict(sha256) {
  const answer = await fetch(`${address}/v1/verdicts?sha256=${sha256}`, { headers: { Authorization: `Bearer ${key}` } });
  return answer.ok ? answer.json() : null;
}

const freePort = () =>
  new Promise((found) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => found(port));
    });
  });
