// What the reader has set, kept in the browser's local storage with a version.
import { browser } from 'wxt/browser';

export const SETTINGS_VERSION = 2;
export const LANGUAGES = ['en', 'de', 'fr', 'es', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];

export interface Settings {
  version: typeof SETTINGS_VERSION;
  serverAddress: string;
  key: string;
  language: Language | 'browser';
  /** Ask about an image by its hash alone; nothing is sent without a click. */
  isPrivate: boolean;
  keepsHistory: boolean;
  /** Match patterns of the sites on which images in view are checked by themselves. */
  scannedSites: string[];
}

export const DEFAULTS: Settings = {
  version: SETTINGS_VERSION,
  serverAddress: '',
  key: '',
  language: 'browser',
  isPrivate: false,
  keepsHistory: true,
  scannedSites: [],
};

type Stored = Record<string, unknown>;
/** Each step takes the settings of one version to the next; the first knew no page scan. */
const MIGRATIONS: Record<number, (old: Stored) => Stored> = {
  1: (old) => ({ ...old, version: 2, scannedSites: [] }),
};

/** Stored settings of any version as those of today; what is missing or of the wrong kind gets its default. */
export function migrateSettings(stored: unknown): Settings {
  if (typeof stored !== 'object' || stored === null) return DEFAULTS;
  let settings: Stored = { version: 1, ...stored };
  let step = MIGRATIONS[Number(settings.version)];
  while (step) {
    settings = step(settings);
    step = MIGRATIONS[Number(settings.version)];
  }
  const known = Object.entries(DEFAULTS).map(([name, usual]) => {
    const value = settings[name];
    const isSameKind = typeof value === typeof usual && Array.isArray(value) === Array.isArray(usual);
    return [name, isSameKind ? value : usual];
  });
  return { ...(Object.fromEntries(known) as Settings), version: SETTINGS_VERSION };
}

export async function readSettings(): Promise<Settings> {
  const { settings } = await browser.storage.local.get('settings');
  return migrateSettings(settings);
}

export async function changeSettings(change: Partial<Settings>): Promise<Settings> {
  const settings = { ...(await readSettings()), ...change };
  await browser.storage.local.set({ settings });
  return settings;
}
