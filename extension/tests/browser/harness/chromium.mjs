// Chromium with the built extension, as a reader has it: no permission was given by hand.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { KEY } from './fake_service.mjs';

export const BUILD = new URL('../../../build/chrome-mv3', import.meta.url).pathname;
const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--window-position=0,0', '--window-size=1280,1000'];
const WAIT_MILLISECONDS = 30_000;

export async function startChromium(display, { serviceAddress, key = KEY }, build = BUILD) {
  const folder = await mkdtemp(join(tmpdir(), 'ntf-chromium-'));
  const context = await chromium.launchPersistentContext(folder, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: false,
    viewport: null,
    env: display.env,
    args: [...ARGUMENTS, `--disable-extensions-except=${build}`, `--load-extension=${build}`],
  });
  const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent('serviceworker'));
  const id = new URL(worker.url()).host;
  const browser = { context, worker, id, display, folder };
  await saveServer(browser, serviceAddress, key);
  return {
    ...browser,
    stop: async () => {
      await context.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** The service's address and key as they stand in the options now. */
export const readSettings = ({ worker }) => worker.evaluate(async () => (await chrome.storage.local.get('settings')).settings);

export const pageOf = ({ id }, path) => `chrome-extension://${id}/${path}`;

/** Through the options page, as a reader does it, with the browser's own question answered by keyboard. */
async function saveServer({ context, id, display }, address, key) {
  // The extension opens it by itself when it is installed.
  const isOptions = (one) => one.url() === pageOf({ id }, 'options.html');
  const page = await waitFor(() => context.pages().find(isOptions));
  await page.getByRole('button', { name: 'Save' }).waitFor();
  await page.fill('[name=address]', address);
  await page.fill('[name=key]', key);
  await allow(display, () => page.getByRole('button', { name: 'Save' }).click(), () => page.getByText('Saved.', { exact: true }).isVisible());
}

export async function waitFor(find, milliseconds = WAIT_MILLISECONDS) {
  const deadline = Date.now() + milliseconds;
  for (;;) {
    const found = await find();
    if (found) return found;
    if (Date.now() > deadline) throw new Error('it did not come');
    await new Promise((done) => setTimeout(done, 100));
  }
}

/** Presses what asks for a permission, and says yes to the browser's own question: its first button is No. */
export async function allow(display, press, hasHappened) {
  for (let tries = 0; tries < 5; tries++) {
    await press();
    await pause(1200); // a native window tells nobody that it is open
    await display.key('Tab', 'Return');
    for (let looks = 0; looks < 20; looks++) {
      if (await hasHappened()) return;
      await pause(100);
    }
  }
  throw new Error('the browser gave no permission');
}

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** A right-click of the mouse in the middle of what the selector names, then our item in the menu. */
export async function rightClickAndAsk({ display }, page, x, y, ups = 2) {
  const edge = await page.evaluate(() => ({ left: screenX + (outerWidth - innerWidth) / 2, top: screenY + outerHeight - innerHeight }));
  await page.bringToFront();
  await display.rightClick(edge.left + x, edge.top + y);
  await new Promise((done) => setTimeout(done, 500)); // the native menu tells nobody that it is open
  await display.key(...Array(ups).fill('Up'), 'Return');
}

/** What the panel in the tab says, once it has come to an end: its text, how the image was got, its buttons. */
export async function panelOf({ worker }, wanted = 'end') {
  const deadline = Date.now() + WAIT_MILLISECONDS;
  for (;;) {
    const seen = await worker.evaluate(readPanel).catch((error) => ({ error: String(error) }));
    if (seen?.isOpen && (wanted === 'open' || seen.isEnd)) return seen;
    if (Date.now() > deadline) throw new Error(`no panel: ${JSON.stringify(seen)}`);
    await new Promise((done) => setTimeout(done, 150));
  }
}

async function readPanel() {
  const [tab] = await chrome.tabs.query({ active: true, lastFocusedWindow: true });
  const [answer] = await chrome.scripting.executeScript({
    target: { tabId: tab.id },
    func: () => {
      const root = globalThis.ntfPanel?.root();
      if (!root?.querySelector('dialog[open]')) return { isOpen: false };
      return {
        isOpen: true,
        isEnd: root.querySelector('.steps') === null,
        how: root.querySelector('[data-how]')?.dataset.how ?? null,
        text: globalThis.ntfPanel.text(),
        buttons: [...root.querySelectorAll('button')].map((one) => one.textContent),
      };
    },
  });
  return answer?.result;
}

/** Press one of the panel's buttons, by its text's beginning. */
export const pressInPanel = ({ worker }, text) =>
  worker.evaluate(async (wanted) => {
    const [tab] = await chrome.tabs.query({ active: true, lastFocusedWindow: true });
    await chrome.scripting.executeScript({
      target: { tabId: tab.id },
      args: [wanted],
      func: (start) => [...globalThis.ntfPanel.root().querySelectorAll('button')].find((one) => one.textContent.startsWith(start)).click(),
    });
  }, text);
