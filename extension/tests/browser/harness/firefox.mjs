// Firefox with the built extension, over WebDriver BiDi.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';
import { KEY } from './fake_service.mjs';

const OPEN_MILLISECONDS = 4000;
const ADDRESS_FIELD = { x: 640, y: 220 }; // in the window of this size
const BUILD = new URL('../../../build/firefox-mv3', import.meta.url).pathname;
// Its question for an optional permission is answered with yes; what a click grants is not touched by it.
const PREFERENCES = { 'extensions.webextOptionalPermissionPrompts': false, 'privacy.resistFingerprinting.letterboxing': false };

export async function startFirefox(display, serviceAddress, { key = KEY, preferences = {} } = {}) {
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
  await saveServer(display, serviceAddress, key);
  return {
    browser,
    stop: async () => {
      await browser.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** The options open by themselves. The driver may not look into pages of an extension: mouse and keyboard may. */
async function saveServer(display, address, key) {
  await pause(OPEN_MILLISECONDS);
  await display.click(ADDRESS_FIELD.x, ADDRESS_FIELD.y);
  await display.type(address);
  await display.key('Tab');
  await display.type(key);
  await display.key('Return');
  await pause(1000);
}

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
