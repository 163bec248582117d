// Firefox with the built extension, over WebDriver BiDi.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';
import { waitFor } from './chromium.mjs';
import { KEY } from './fake_service.mjs';

const BUILD = new URL('../../../build/firefox-mv3', import.meta.url).pathname;
// Its question for an optional permission is answered with yes; what a click grants is not touched by it.
const PREFERENCES = { 'extensions.webextOptionalPermissionPrompts': false, 'privacy.resistFingerprinting.letterboxing': false };

export async function startFirefox(display, serviceAddress, preferences = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'ntf-firefox-'));
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
    headless: false,
    userDataDir: folder,
    env: display.env,
    defaultViewport: null,
    args: ['--width=1280', '--height=960'],
    extraPrefsFirefox: { ...PREFERENCES, ...preferences },
  });
  await browser.installExtension(BUILD);
  const options = await waitFor(async () => (await browser.pages()).find((page) => page.url().endsWith('/options.html')));
  await options.waitForSelector('[name=address]');
  await options.type('[name=address]', serviceAddress);
  await options.type('[name=key]', KEY);
  await options.click('button.primary');
  await waitFor(() => options.evaluate(() => document.querySelector('.said').textContent === 'Saved.'));
  return {
    browser,
    options,
    stop: async () => {
      await browser.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** The panel in the tab at this address, read by the extension itself: the page cannot see into it. */
export const panelIn = ({ options }, address) =>
  waitFor(() =>
    options.evaluate(async (url) => {
      const tabs = await browser.tabs.query({});
      for (const { id } of tabs) {
        const [answer] = await browser.scripting
          .executeScript({
            target: { tabId: id },
            args: [url],
            func: (wanted) => {
              const how = location.href === wanted && globalThis.ntfPanel?.root()?.querySelector('[data-how]');
              return how ? { how: how.dataset.how, text: globalThis.ntfPanel.text() } : null;
            },
          })
          .catch(() => []);
        if (answer?.result) return answer.result;
      }
      return null;
    }, address),
  );
