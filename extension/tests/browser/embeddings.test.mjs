// Native right-clicks in Chromium on every way to embed an image, and by which rung each was got.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { allow, panelOf, pressInPanel, rightClickAndAsk, startChromium, waitFor } from './harness/chromium.mjs';
import { startDisplay } from './harness/display.mjs';
import { startService } from './harness/fake_service.mjs';
import { hashOfName, imageNamed, startSite } from './harness/image_site.mjs';
import { waysToEmbed } from './harness/ways.mjs';

const OUTPUT = new URL('output/', import.meta.url).pathname;
const LEAST_ROWS = 20;
const table = [];
let display, service, site, other, browser, page;

before(async () => {
  await mkdir(OUTPUT, { recursive: true });
  [display, service, site, other] = await Promise.all([startDisplay(), startService(), startSite(), startSite()]);
  browser = await startChromium(display, { serviceAddress: service.address });
  page = await browser.context.newPage();
});

after(async () => {
  await browser?.stop();
  for (const one of [display, service, site, other]) one?.stop();
  const lines = table.map(({ way, gate, rung, hash }) => `| ${way} | ${gate} | ${rung} | ${hash} |`);
  const text = ['| way | gate | got by | bytes |', '|---|---|---|---|', ...lines].join('\n');
  console.log(text);
  await writeFile(`${OUTPUT}embeddings.md`, `${text}\n`);
});

test('every way to embed an image', { timeout: 280_000 }, async (t) => {
  for (const row of waysToEmbed({ site, other })) await t.test(`${row.way} · ${row.gate}`, () => judgeRow(row));
  const exact = table.filter(({ hash }) => hash === 'the original' || hash === 'as drawn');
  assert.ok(exact.length >= LEAST_ROWS, `${exact.length} rows`);
});

async function judgeRow(row) {
  await open(row);
  const before = service.arrivals.length;
  const box = await page.locator(row.selector).boundingBox();
  await rightClickAndAsk(browser, page, box.x + box.width / 2, box.y + box.height / 2, row.ups);
  if (row.then === 'pick') await pick();
  let panel = await panelOf(browser).catch(async (error) => {
    await display.screenshot(`${OUTPUT}failed.png`);
    await display.key('Escape', 'Escape');
    throw error;
  });
  if (row.then === 'crop') panel = await goOn('Use what', panel);
  if (row.then === 'allow') panel = await allowHost(panel);
  const arrival = service.arrivals.slice(before).at(-1);
  const wanted = row.isDrawn ? await page.evaluate(() => window.expectedHash) : hashOfName(row.name);
  const isExact = arrival?.sha256 === wanted;
  table.push({ ...row, rung: panel.how, hash: isExact ? (row.isDrawn ? 'as drawn' : 'the original') : 'a crop' });
  assert.equal(panel.how, row.expected, panel.text);
  assert.equal(arrival?.isFromScreen, row.then === 'crop');
  if (row.then === 'crop') assert.match(panel.text, /Taken from the screen/);
  else assert.ok(isExact, 'other bytes arrived than those of the file');
}

async function open({ way, gate, url, html, headers, inner = {}, near, isDrawn, selector }) {
  for (const [name, body] of Object.entries(inner)) site.pages.set(`/inner/${name}`, { html: `<!doctype html>${body}` });
  const body = typeof html === 'function' ? html((name) => imageNamed(name).toString('base64')) : html;
  const path = url ?? `/page/${encodeURIComponent(`${way} ${gate}`)}`;
  site.pages.set(path, { html: `<!doctype html><title>${way}</title><body>${body}`, headers });
  await page.goto(near + path, { waitUntil: 'load' });
  await page.bringToFront();
  if (isDrawn) await waitFor(() => page.evaluate(() => window.expectedHash));
  await page.locator(selector).waitFor();
}

async function pick() {
  // The picker has the focus on what lay under the pointer.
  await page.locator('ntf-layer').waitFor({ state: 'attached' });
  await display.screenshot(`${OUTPUT}picker.png`);
  await display.key('Return');
}

async function goOn(button, { text }) {
  assert.match(text, /Neither the page nor the service/);
  await pressInPanel(browser, button);
  return waitFor(async () => {
    const seen = await panelOf(browser);
    return seen.how && seen;
  });
}

async function allowHost({ text }) {
  assert.match(text, /localhost/);
  const opened = browser.context.waitForEvent('page');
  await pressInPanel(browser, 'Allow');
  const ask = await opened;
  await ask.getByRole('button', { name: 'Allow localhost' }).waitFor();
  await display.screenshot(`${OUTPUT}ask.png`);
  await allow(display, () => ask.getByRole('button', { name: 'Allow localhost' }).click(), () => ask.isClosed());
  return waitFor(async () => {
    const seen = await panelOf(browser).catch(() => null);
    return seen?.how && seen;
  });
}
