// Wiring alone: the menu, the panel's port, and the calls that only an extension may make.
import { browser } from 'wxt/browser';
import { defineBackground } from 'wxt/utils/define-background';
import { onMenuClick } from '../background/menu';
import { addMenu } from '../background/menu_item';
import { answerMessage } from '../background/messages';
import { servePanel } from '../background/panel_port';
import { keepScanRegistered } from '../background/scan_sites';

export default defineBackground(() => {
  browser.runtime.onInstalled.addListener(({ reason }) => {
    void addMenu();
    if (reason === 'install') void browser.runtime.openOptionsPage();
  });
  browser.runtime.onStartup.addListener(() => void addMenu());
  browser.contextMenus.onClicked.addListener((info, tab) => void onMenuClick(info, tab));
  browser.runtime.onConnect.addListener(servePanel);
  browser.runtime.onMessage.addListener(answerMessage);
  browser.permissions.onAdded.addListener(() => void keepScanRegistered());
  browser.permissions.onRemoved.addListener(() => void keepScanRegistered());
  // A page's process that was taken over must not find the key in the storage. Firefox has no such lock.
  void browser.storage.local.setAccessLevel?.({ accessLevel: 'TRUSTED_CONTEXTS' });
});
