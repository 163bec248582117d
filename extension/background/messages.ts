// What the panel and our own pages ask for, one message each; every answer says how it went.
import { browser, type Browser } from 'wxt/browser';
import { readPicture, sendAppeal, sendFeedback } from '../api/client';
import type { Says } from '../api/types';
import { toBase64 } from '../ladder/bytes';
import { markAppealed } from '../store/history';
import { readSettings } from '../store/settings';
import { onMenuClick } from './menu';
import { addMenu } from './menu_item';
import { describeProblem, serverOf } from './panel_port';
import { checkForScan, type ScanRequest } from './scan_check';
import { keepScanRegistered, stopScanning } from './scan_sites';

export type Message =
  | { type: 'feedback'; checkId: string; says: Says; reason: string; note: string }
  | { type: 'appeal'; checkId: string; note: string }
  | { type: 'picture'; url: string }
  | { type: 'open'; page: 'options' | 'history' }
  | { type: 'ask_host'; url: string; tabId: number }
  | { type: 'host_allowed'; tabId: number }
  | { type: 'settings_changed' }
  | ({ type: 'scan' } & ScanRequest)
  | { type: 'scan_open'; srcUrl: string }
  | { type: 'scan_stop' };

export type Answer = { isDone: true; value: unknown } | ({ isDone: false } & ReturnType<typeof describeProblem>);

/** Listener of `runtime.onMessage`. `true` keeps the channel open, as Chromium wants it. */
export function answerMessage(message: Message, sender: Browser.runtime.MessageSender, reply: (answer: Answer) => void): true {
  act(message, sender).then(
    (value) => reply({ isDone: true, value: value ?? null }),
    (error: unknown) => reply({ isDone: false, ...describeProblem(error) }),
  );
  return true;
}

async function act(message: Message, sender: Browser.runtime.MessageSender): Promise<unknown> {
  switch (message.type) {
    case 'feedback':
      return sendFeedback(await currentServer(), message.checkId, message.says, message.reason, message.note);
    case 'appeal':
      await sendAppeal(await currentServer(), message.checkId, message.note);
      return markAppealed(message.checkId);
    case 'picture':
      return pictureAsText(message.url);
    case 'open':
      return message.page === 'options' ? browser.runtime.openOptionsPage() : openPage('/past-checks.html');
    case 'ask_host':
      return openAskPage(message.url, message.tabId);
    case 'host_allowed':
      return browser.tabs.sendMessage(message.tabId, message);
    case 'settings_changed':
      await keepScanRegistered();
      return addMenu();
    case 'scan':
      return checkForScan(message, sender);
    case 'scan_open':
      return onMenuClick({ srcUrl: message.srcUrl, frameId: sender.frameId, frameUrl: sender.url }, sender.tab);
    case 'scan_stop':
      return stopScanning(sender.url ?? '');
  }
}

const currentServer = async () => serverOf(await readSettings());

async function pictureAsText(url: string): Promise<string> {
  const blob = await readPicture(await currentServer(), url);
  return toBase64(new Uint8Array(await blob.arrayBuffer()));
}

const openPage = (path: '/past-checks.html') => browser.tabs.create({ url: browser.runtime.getURL(path) });

/** A page of ours, since only there may a click ask for a permission. */
async function openAskPage(url: string, tabId: number): Promise<void> {
  const search = new URLSearchParams({ url, tab: String(tabId) });
  const page = browser.runtime.getURL('/ask.html') + `?${search}`;
  await browser.windows.create({ url: page, type: 'popup', width: 480, height: 420 });
}
