// The panel over a page: one at a time, opened by the background.
import type { Target } from '../ladder/how_got';
import { directionOf, speaker, type Tongue } from '../words/words';
import { makeDialog, type Dialog } from './dialog';
import { addLayer } from './layer';
import panelCss from './panel.css?inline';
import { startSession } from './session';

export interface OpenPanel {
  /** Null where no picture was found at the click. */
  target: Target | null;
  tongue: Tongue;
}

export interface Panel {
  open(asked: OpenPanel): void;
  hide(): Promise<void>;
  show(): void;
  /** What the panel says now; the tests read it, since the page cannot. */
  text(): string;
  root(): ShadowRoot | null;
}

declare global {
  // eslint-disable-next-line no-var
  var ntfPanel: Panel | undefined;
}

/** `isOwnPage`: a page of this extension, which may see into the panel and keeps it open. */
export function makePanel(isOwnPage = false): Panel {
  let root: ShadowRoot | null = null;
  let dialog: Dialog | null = null;
  return {
    open({ target, tongue }) {
      dialog?.close();
      const layer = addLayer(panelCss, isOwnPage);
      root = layer.root;
      const opened = makeDialog(layer, speaker(tongue), tongue, directionOf(tongue));
      dialog = opened;
      startSession(opened, target, speaker(tongue), tongue);
    },
    async hide() {
      dialog?.setShown(false);
      await new Promise((done) => setTimeout(done, 100)); // until the screen was drawn without it
    },
    show: () => dialog?.setShown(true),
    text: () => dialog?.text() ?? '',
    root: () => root,
  };
}
