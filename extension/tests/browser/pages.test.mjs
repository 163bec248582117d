// Options, history and panel in Chromium: axe finds nothing, and what a reader says reaches the service.
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { pageOf, startChromium } from './harness/chromium.mjs';
import { startDisplay } from './harness/display.mjs';
import { startService } from './harness/fake_service.mjs';
import { startSite } from './harness/image_site.mjs';

const OUTPUT = new URL('output/', import.meta.url).pathname;
const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let display, service, site, browser;

before(async () => {
  await mkdir(OUTPUT, { recursive: true });
  [display, service, site] = await Promise.all([startDisplay(), startService(), startSite()]);
  browser = await startChromium(display, { serviceAddress: service.address });
});

after(async () => {
  await browser?.stop();
  for (const one of [display, service, site]) one?.stop();
});

async function axeOn(page) {
  await page.evaluate(AXE); // by the debugger: the pages' own policy lets no foreign script in
  const { violations } = await page.evaluate(() => window.axe.run(document));
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`), []);
}

/** The panel on a page of our own, as for a tab in which no script may run: the service fetches the image. */
async function openPanel(url, scheme = 'light') {
  const page = await browser.context.newPage();
  await page.emulateMedia({ colorScheme: scheme });
  await page.goto(pageOf(browser, 'options.html'));
  await page.evaluate(async (address) => {
    const { id } = await chrome.tabs.getCurrent();
    const picture = { ref: -1, sources: [{ url: address, shownBy: 'src', mustFit: 'nothing' }], widthPx: 0, heightPx: 0 };
    await chrome.storage.session.set({ job: { tongue: 'en', target: { tabId: id, frameId: 0, isReadable: false, pageUrl: null, picture } } });
  }, url);
  await page.goto(pageOf(browser, 'check.html#job'));
  return page;
}

for (const path of ['options.html', 'past-checks.html', 'popup.html', 'ask.html?url=https%3A%2F%2Fi.test%2Fa.png&tab=1']) {
  test(`axe finds nothing on ${path}`, async () => {
    const page = await browser.context.newPage();
    await page.goto(pageOf(browser, path));
    await page.getByRole('heading', { level: 1 }).waitFor();
    await axeOn(page);
    await page.screenshot({ path: `${OUTPUT}${path.split('.')[0]}.png` });
    await page.close();
  });
}

for (const scheme of ['light', 'dark']) {
  test(`axe finds nothing in the panel, ${scheme}; focus goes in, Esc closes it`, async () => {
    const page = await openPanel(`${site.address}/open/panel-${scheme}.png`, scheme);
    await page.getByText('That\'s wrong').click();
    await page.getByText('Ask a person').first().click();
    assert.equal(await page.evaluate(() => document.querySelector('ntf-layer').shadowRoot.activeElement !== null), true);
    await axeOn(page);
    await page.screenshot({ path: `${OUTPUT}panel-${scheme}.png` });
    await page.keyboard.press('Escape');
    await page.locator('ntf-layer').waitFor({ state: 'detached' });
    await page.close();
  });
}

test('the panel fits at 200 % zoom and from right to left', async () => {
  const page = await openPanel(`${site.address}/open/narrow.png`);
  await page.setViewportSize({ width: 320, height: 500 });
  await page.getByText('That\'s wrong').waitFor();
  await page.evaluate(() => document.querySelector('ntf-layer').shadowRoot.querySelector('dialog').setAttribute('dir', 'rtl'));
  const width = await page.evaluate(() => document.querySelector('ntf-layer').shadowRoot.querySelector('dialog').scrollWidth);
  assert.ok(width <= 320, `${width} px`);
  await page.screenshot({ path: `${OUTPUT}panel-rtl.png` });
  await page.close();
});

test('feedback and an appeal reach the service; a decision appears in the history', async () => {
  const page = await openPanel(`${site.address}/open/words.png`);
  await page.getByText('That\'s wrong').click();
  await page.getByLabel('a real photograph').check();
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await page.locator('.answer').getByText('Thank you').waitFor();
  await page.getByText('Ask a person').first().click();
  await page.getByRole('button', { name: 'Ask for a second look' }).click();
  await page.locator('.answer').getByText('A person will look').waitFor();
  assert.equal(service.feedback.at(-1).says, 'real');
  assert.equal(service.appeals.length, 1);
  service.human = { says: 'real', reason: null, decided_at: '2026-11-02T10:00:00Z', review_id: '5f0c1d1e-2b5e-4c39-9a4d-0f3a3a0c9a11', reverses_label: true };
  await page.goto(pageOf(browser, 'past-checks.html'));
  await page.getByText('A person decided: a real photograph').first().waitFor();
  await page.getByRole('searchbox').fill('words.png');
  assert.equal(await page.locator('.entries > li').count(), 1);
  await axeOn(page);
  await page.screenshot({ path: `${OUTPUT}history.png` });
  await page.close();
});

for (const [status, code, words] of [[401, 'key_required', 'does not accept your key'], [429, 'rate_limited', 'in 7 seconds'], [413, 'too_many_bytes', 'too large'], [503, 'database_unavailable', 'does not answer']]) {
  test(`an answer of ${status} is said in words`, async () => {
    service.nextProblem = { status, code, headers: { 'Retry-After': '7' } };
    const page = await openPanel(`${site.address}/open/problem-${status}.png`);
    await page.locator('.problem').getByText(words).waitFor();
    await page.close();
  });
}
