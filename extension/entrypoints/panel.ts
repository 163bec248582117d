// Put into the top frame of a page, after a click there: the panel.
import { defineUnlistedScript } from 'wxt/utils/define-unlisted-script';
import { makePanel } from '../panel/open';

export default defineUnlistedScript(() => {
  globalThis.ntfPanel ??= makePanel();
});
