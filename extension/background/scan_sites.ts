// On which sites the scan runs: where the reader has switched it on, and the browser's permission holds.
import { browser } from 'wxt/browser';
import { changeSettings, readSettings } from '../store/settings';
import { originPattern } from '../store/server_address';

const SCRIPT_ID = 'scan';

/** Make the browser's list of our scripts what the settings say. Without a site there is none. */
export async function keepScanRegistered(): Promise<void> {
  const { scannedSites } = await readSettings();
  const permitted = await Promise.all(scannedSites.map((site) => browser.permissions.contains({ origins: [site] })));
  const matches = scannedSites.filter((_, at) => permitted[at]);
  const registered = await browser.scripting.getRegisteredContentScripts({ ids: [SCRIPT_ID] });
  if (registered.length) await browser.scripting.unregisterContentScripts({ ids: [SCRIPT_ID] });
  if (!matches.length) return;
  await browser.scripting.registerContentScripts([
    { id: SCRIPT_ID, js: ['scan.js'], matches, runAt: 'document_idle', persistAcrossSessions: true },
  ]);
}

export async function stopScanning(pageUrl: string): Promise<void> {
  const { scannedSites } = await readSettings();
  await changeSettings({ scannedSites: scannedSites.filter((site) => site !== originPattern(pageUrl)) });
  await keepScanRegistered();
}
