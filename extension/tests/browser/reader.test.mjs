// What a reader sets, and what then leaves the browser: nothing without a click, in private mode only a hash.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { pageOf, panelOf, pressInPanel, readSettings, rightClickAndAsk, startChromium, waitFor } from './harness/chromium.mjs';
import { startDisplay } from './harness/display.mjs';
import { KEY, startService } from './harness/fake_service.mjs';
import { hashOfName, startSite } from './harness/image_site.mjs';

const OUTPUT = new URL('output/', import.meta.url).pathname;
const MOST_IN_FLIGHT = 20;
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

const settle = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

async function openPage(path, body) {
  site.pages.set(path, { html: `<!doctype html><title>A page</title><body style="margin:0">${body}` });
  const page = await browser.context.newPage();
  await page.goto(site.address + path, { waitUntil: 'load' });
  return page;
}

async function openOptions() {
  const page = await browser.context.newPage();
  await page.goto(pageOf(browser, 'options.html'));
  await page.getByRole('button', { name: 'Save' }).waitFor();
  return page;
}

test('without a click nothing is sent and no script of ours runs in a page', { timeout: 60_000 }, async () => {
  const names = Array.from({ length: 12 }, (_, number) => `idle${number}`);
  const images = names.map((name) => `<img src="/open/${name}.png" width=320 height=240>`).join('');
  const asked = service.requests.length;
  site.requests.length = 0;
  const page = await openPage('/idle', `${images}<div style="height:3000px"></div>`);
  await page.mouse.move(160, 120);
  await page.mouse.click(160, 120);
  await page.mouse.wheel(0, 2000);
  await page.mouse.wheel(0, -2000);
  await page.reload({ waitUntil: 'load' });
  await settle(3000); // nothing can be waited for where nothing may happen
  assert.equal(service.requests.length, asked, service.requests.slice(asked).join());
  const wanted = ['/idle', '/favicon.ico', ...names.map((name) => `/open/${name}.png`)];
  assert.deepEqual(site.requests.filter((path) => !wanted.includes(path)), []);
  assert.equal(await page.locator('ntf-layer').count(), 0);
  assert.deepEqual(await registered(), []);
  const loaded = await page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => new URL(name).protocol));
  assert.ok(!loaded.includes('chrome-extension:'), loaded.join());
  await page.close();
});

test('the connection test says what works and what does not', { timeout: 60_000 }, async () => {
  const page = await openOptions();
  const press = () => page.getByRole('button', { name: 'Test the connection' }).click();
  await press();
  await page.getByText('The service answers and knows your key. Its detector: fake-1.').waitFor();
  await page.fill('[name=key]', 'another key');
  await press();
  await page.getByText('does not accept your key').waitFor();
  await page.fill('[name=address]', 'http://127.0.0.1:9');
  await press();
  await page.getByText('does not answer').waitFor();
  assert.equal((await readSettings(browser)).key, KEY); // a test saves nothing
  await page.close();
});

test('an invitation becomes a key of the reader’s own', { timeout: 60_000 }, async () => {
  const page = await openOptions();
  await page.fill('[name=address]', `${service.address}/invitations/a-token-of-no-meaning`);
  await page.fill('[name=key]', '');
  const asked = service.requests.length;
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.', { exact: true }).waitFor();
  assert.deepEqual(service.requests.slice(asked), ['POST /v1/invitations/a-token-of-no-meaning/accept']);
  assert.equal(await page.inputValue('[name=address]'), service.address);
  const { serverAddress, key } = await readSettings(browser);
  assert.deepEqual({ serverAddress, key }, { serverAddress: service.address, key: KEY });
  await page.screenshot({ path: `${OUTPUT}invitation.png` });
  await page.close();
});

async function setPrivate(isPrivate) {
  const page = await openOptions();
  await page.getByLabel('Private mode').setChecked(isPrivate);
  await waitFor(async () => (await readSettings(browser)).isPrivate === isPrivate);
  await page.close();
}

const PRIVATE_ROWS = [
  { what: 'the image', question: 'only the image\'s hash was sent', image: () => '/open/private1.png', name: 'private1', how: 'src page', sent: (hash) => [`GET /v1/verdicts?sha256=${hash}`] },
  { what: 'its address', question: 'Send its address to the service', image: () => `${site.elsewhere}/open/private2.png`, name: 'private2', how: 'src server', sent: () => [] },
];

for (const { what, question, image, name, how, sent } of PRIVATE_ROWS) {
  test(`in private mode ${what} is sent when the reader says so, and not before`, { timeout: 90_000 }, async () => {
    await setPrivate(true);
    const page = await openPage(`/${name}`, `<img id=it src="${image()}" width=320 height=240>`);
    const asked = service.requests.length;
    await rightClickAndAsk(browser, page, 160, 120);
    const panel = await panelOf(browser);
    assert.match(panel.text, new RegExp(question));
    assert.deepEqual(service.requests.slice(asked), sent(hashOfName(name)));
    await display.screenshot(`${OUTPUT}private-${name}.png`);
    await pressInPanel(browser, 'Send it');
    const judged = await waitFor(() => panelOf(browser).then((seen) => seen.how && seen));
    assert.equal(judged.how, how);
    assert.equal(service.arrivals.at(-1).sha256, hashOfName(name));
    await setPrivate(false);
    await page.close();
  });
}

test('in private mode closing the question sends nothing', { timeout: 90_000 }, async () => {
  await setPrivate(true);
  const page = await openPage('/private3', '<img id=it src="/open/private3.png" width=320 height=240>');
  await rightClickAndAsk(browser, page, 160, 120);
  await panelOf(browser);
  const asked = service.requests.length;
  await display.key('Escape');
  await page.locator('ntf-layer').waitFor({ state: 'detached' });
  await settle(1500);
  assert.equal(service.requests.length, asked);
  await setPrivate(false);
  await page.close();
});

test('at the browser’s own zoom of 200 % the panel stays in the window', { timeout: 90_000 }, async () => {
  const page = await openPage('/zoom', '<img id=it src="/open/zoom.png" width=320 height=240>');
  await rightClickAndAsk(browser, page, 160, 120);
  await waitFor(() => panelOf(browser).then((seen) => seen.how && seen));
  const seen = await browser.worker.evaluate(async () => {
    const [tab] = await chrome.tabs.query({ active: true, lastFocusedWindow: true });
    await chrome.tabs.setZoom(tab.id, 2);
    const [{ result }] = await chrome.scripting.executeScript({
      target: { tabId: tab.id },
      func: async () => {
        while (innerWidth > 700) await new Promise(requestAnimationFrame);
        const dialog = globalThis.ntfPanel.root().querySelector('dialog');
        const { left, right, top, bottom } = dialog.getBoundingClientRect();
        return { left, right, top, bottom, innerWidth, innerHeight, spills: dialog.scrollWidth - dialog.clientWidth };
      },
    });
    return result;
  });
  await settle(1000); // for the screenshot: with the page drawn anew
  await display.screenshot(`${OUTPUT}zoom.png`);
  await browser.worker.evaluate(async () => chrome.tabs.setZoom((await chrome.tabs.query({ active: true, lastFocusedWindow: true }))[0].id, 1)); // kept for the site
  assert.ok(seen.left >= 0 && seen.top >= 0 && seen.right <= seen.innerWidth && seen.bottom <= seen.innerHeight && seen.spills <= 0, JSON.stringify(seen));
  await page.close();
});

/** What the scan has put over the page. The layer is closed to the page; an extension's script may look. */
const readBadges = () =>
  browser.worker.evaluate(async () => {
    const [tab] = await chrome.tabs.query({ active: true, lastFocusedWindow: true });
    const [{ result }] = await chrome.scripting.executeScript({
      target: { tabId: tab.id },
      func: () => {
        const host = document.querySelector('ntf-layer');
        const root = host && chrome.dom.openOrClosedShadowRoot(host);
        if (!root) return null;
        return {
          names: [...root.querySelectorAll('.badge')].map((one) => one.getAttribute('aria-label')),
          sides: [...root.querySelectorAll('.badge')].map((one) => Math.min(one.getBoundingClientRect().width, one.getBoundingClientRect().height)),
          bar: root.querySelector('.bar')?.textContent ?? '',
        };
      },
    });
    return result;
  });

const pressStop = () =>
  browser.worker.evaluate(async () => {
    const [tab] = await chrome.tabs.query({ active: true, lastFocusedWindow: true });
    await chrome.scripting.executeScript({
      target: { tabId: tab.id },
      func: () => chrome.dom.openOrClosedShadowRoot(document.querySelector('ntf-layer')).querySelector('.bar button').click(),
    });
  });

const registered = () => browser.worker.evaluate(() => chrome.scripting.getRegisteredContentScripts());

/** By keyboard, since the driver may not look into the toolbar's popup: its first button. Again, where the keys came before the button. */
async function switchScanOn() {
  for (let tries = 0; tries < 5; tries++) {
    await browser.worker.evaluate(() => chrome.action.openPopup());
    await waitFor(() => browser.worker.evaluate(async () => (await chrome.runtime.getContexts({ contextTypes: ['POPUP'] })).length));
    await settle(1500); // it tells nobody that it is drawn
    await display.screenshot(`${OUTPUT}popup-over-page.png`);
    await display.key('Tab', 'Return');
    for (let looks = 0; looks < 30; looks++) {
      if ((await registered()).length === 1) return display.key('Escape');
      await settle(100);
    }
    await display.key('Escape');
  }
  throw new Error('the popup did not switch the scan on');
}

test('the scan marks the large images in view, at most twenty at a time, moves nothing, and stops', { timeout: 150_000 }, async () => {
  const large = Array.from({ length: 30 }, (_, number) => `<img src="/open/scan${number}-300x260.png" width=300 height=260 alt="picture ${number}">`);
  const small = '<img src="/open/small-64x64.png" width=64 height=64 alt=small>';
  const far = '<div style="height:4000px"></div><img src="/open/far-300x260.png" width=300 height=260 alt=far>';
  const page = await openPage('/scan', `<p id=end>${small}</p>${large.join('')}${far}`);
  await page.bringToFront();
  await switchScanOn();
  assert.equal(await readBadges(), null); // it begins with the next load
  const places = () => page.evaluate(() => [...document.querySelectorAll('img')].map((one) => one.offsetTop * 10_000 + one.offsetLeft).concat(document.documentElement.scrollHeight));
  const before = await places();
  service.mostInFlight = 0;
  service.holdMilliseconds = 400;
  const asked = service.requests.length;
  await page.reload({ waitUntil: 'load' });
  await page.bringToFront();
  const inView = await page.evaluate(() => [...document.images].filter((one) => one.width >= 256 && one.getBoundingClientRect().top < innerHeight).length);
  const seen = await waitFor(async () => {
    const badges = await readBadges();
    return badges?.names.length >= inView && badges.names.every((name) => !name.startsWith('Being checked')) && badges;
  });
  service.holdMilliseconds = 0;
  await display.storePicture(`${OUTPUT}store-scan.jpg`);
  assert.ok(seen.names.every((name) => /^.+: picture \d+$/.test(name)), seen.names.join());
  assert.ok(seen.sides.every((side) => side >= 24), seen.sides.join()); // WCAG 2.2, 2.5.8
  assert.match(seen.bar, new RegExp(`${seen.names.length} images marked`));
  assert.equal(seen.names.length, inView);
  assert.ok(inView >= 6 && inView <= 30, String(inView));
  assert.ok(service.mostInFlight <= MOST_IN_FLIGHT, String(service.mostInFlight));
  const arrived = service.requests.slice(asked).filter((one) => one.startsWith('POST'));
  assert.equal(arrived.length, seen.names.length); // the small one and the far one were not sent
  assert.deepEqual(await places(), before);
  await pressStop();
  await page.locator('ntf-layer').waitFor({ state: 'detached' });
  await waitFor(async () => (await registered()).length === 0);
  assert.deepEqual((await readSettings(browser)).scannedSites, []);
  const after = service.requests.length;
  await page.reload({ waitUntil: 'load' });
  await settle(2000);
  assert.equal(await readBadges(), null);
  assert.equal(service.requests.length, after);
  await page.close();
});
