// What a store looks at: permissions, size, and the linter of Firefox's add-ons.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { test } from 'node:test';
import { promisify } from 'node:util';

const HERE = new URL('../../', import.meta.url);
const MAX_ZIP_BYTES = 400 * 1024;
const PERMISSIONS = ['activeTab', 'contextMenus', 'declarativeNetRequestWithHostAccess', 'scripting', 'storage'];

for (const browser of ['chrome', 'firefox']) {
  test(`${browser}: no host and no warning at install, nothing in any page before a click`, async () => {
    const manifest = JSON.parse(await readFile(new URL(`build/${browser}-mv3/manifest.json`, HERE)));
    assert.equal(manifest.manifest_version, 3);
    assert.deepEqual([...manifest.permissions].sort(), PERMISSIONS);
    assert.equal(manifest.host_permissions, undefined);
    assert.equal(manifest.content_scripts, undefined);
    assert.equal(manifest.web_accessible_resources, undefined);
    assert.equal(manifest.chrome_url_overrides, undefined);
    assert.deepEqual(manifest.optional_host_permissions, ['http://*/*', 'https://*/*']);
  });
}

test('three archives, each browser below its budget', async () => {
  const names = (await readdir(new URL('dist/', HERE))).filter((name) => name.endsWith('.zip'));
  for (const wanted of [/chrome.*\.zip$/, /firefox.*\.zip$/, /sources.*\.zip$/]) assert.ok(names.some((name) => wanted.test(name)), String(wanted));
  for (const name of names) {
    const { size } = await stat(new URL(`dist/${name}`, HERE));
    assert.ok(size < MAX_ZIP_BYTES, `${name}: ${size} bytes`);
  }
});

test('the pictures for a store lie beside the archives, in the size that stores ask for', async () => {
  const folder = new URL('dist/store_pictures/', HERE);
  const names = await readdir(folder);
  assert.deepEqual(names.sort(), ['store-history.jpg', 'store-options.jpg', 'store-scan.jpg', 'store-verdict.jpg']);
  const paths = names.map((name) => new URL(name, folder).pathname);
  const { stdout } = await promisify(execFile)('identify', ['-format', '%m %w %h\n', ...paths]);
  assert.deepEqual(new Set(stdout.trim().split('\n')), new Set(['JPEG 1280 800']));
});

test('web-ext lint finds no error', { timeout: 120_000 }, async () => {
  const { stdout } = await promisify(execFile)('node_modules/.bin/web-ext', ['lint', '--output', 'json', '--source-dir', 'build/firefox-mv3'], { cwd: HERE, maxBuffer: 1e8 }).catch((error) => error);
  const { summary, errors, warnings } = JSON.parse(stdout);
  console.log(`web-ext lint: ${summary.errors} errors, ${summary.warnings} warnings`, warnings.map(({ code }) => code));
  assert.deepEqual(errors, []);
});
