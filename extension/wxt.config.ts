import { defineConfig } from 'wxt';

// Both browsers show no warning for these. Hosts are asked for one at a time, when one is needed.
const PERMISSIONS = ['contextMenus', 'activeTab', 'scripting', 'storage', 'declarativeNetRequestWithHostAccess'];

export default defineConfig({
  manifestVersion: 3,
  outDir: 'build',
  imports: false,
  manifest: ({ browser }) => ({
    name: '__MSG_extension_name__',
    description: '__MSG_extension_description__',
    default_locale: 'en',
    permissions: PERMISSIONS,
    optional_host_permissions: ['http://*/*', 'https://*/*'],
    action: { default_title: '__MSG_extension_name__' },
    ...(browser === 'firefox'
      ? {
          browser_specific_settings: {
            gecko: {
              id: 'ntf@natural-trace-forensics.invalid',
              strict_min_version: '140.0',
              // The image that was asked about goes to the server that the reader has set.
              data_collection_permissions: { required: ['websiteContent'] },
            },
            gecko_android: { strict_min_version: '142.0' },
          },
        }
      : { minimum_chrome_version: '120' }),
  }),
  zip: {
    name: 'ntf-extension',
    excludeSources: ['build/**', 'dist/**', 'tests/**/output/**', 'store_pictures/**', 'node_modules/**'],
  },
});
