import { expect, test } from 'vitest';
import { DEFAULTS, migrateSettings, SETTINGS_VERSION } from '../../store/settings';

test('nothing stored gives the defaults', () => {
  expect(migrateSettings(undefined)).toEqual(DEFAULTS);
});

test('settings of the first version keep what they hold and get what is new', () => {
  const first = { version: 1, serverAddress: 'https://a.test', key: 'k', isPrivate: true };
  expect(migrateSettings(first)).toEqual({ ...DEFAULTS, serverAddress: 'https://a.test', key: 'k', isPrivate: true });
});

test('what is of the wrong kind falls back, what is unknown goes', () => {
  const damaged = { version: SETTINGS_VERSION, key: 7, scannedSites: 'all', keepsHistory: false, colour: 'red' };
  expect(migrateSettings(damaged)).toEqual({ ...DEFAULTS, keepsHistory: false });
});
