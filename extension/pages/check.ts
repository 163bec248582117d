// The panel on a page of our own, for a tab in which no script of ours may run.
import { browser } from 'wxt/browser';
import { makePanel, type OpenPanel } from '../panel/open';
import { startPage } from './start';

export async function showCheck(): Promise<void> {
  await startPage('panel_title');
  const job = location.hash.slice(1);
  const { [job]: asked } = await browser.storage.session.get(job);
  globalThis.ntfPanel = makePanel(true);
  globalThis.ntfPanel.open(asked as OpenPanel);
}
