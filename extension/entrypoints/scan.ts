// Registered for the sites that the reader has opted in, and for no other.
import { defineUnlistedScript } from 'wxt/utils/define-unlisted-script';
import { startScan } from '../scan/scan';
import { speaker, tongueOf } from '../words/words';

// The settings are closed to scripts in pages: the browser's language has to do here.
export default defineUnlistedScript(() => startScan(speaker(tongueOf({ language: 'browser' }))));
