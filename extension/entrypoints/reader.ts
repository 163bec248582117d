// Put into the frame that was clicked, after the click: finds the picture, reads it, says where it stands.
import { defineUnlistedScript } from 'wxt/utils/define-unlisted-script';
import { makeReader } from '../pictures/reader';

export default defineUnlistedScript(() => {
  globalThis.ntfReader ??= makeReader();
});
