// The image that was judged, as the service has it, and its heatmap on demand.
import type { Check } from '../api/types';
import { fromBase64 } from '../ladder/bytes';
import type { Speaker } from '../words/words';
import { askBackground } from './ask_background';
import type { Dialog } from './dialog';
import { element } from './element';

const MAX_SIDE_PX = 360;

/** Drawn on a canvas: the page's policy may forbid an `<img>` of ours. */
export function pictureView({ image, verdict }: Check, dialog: Dialog, say: Speaker): HTMLElement | null {
  if (!image?.picture_url) return null;
  const canvas = element('canvas', { role: 'img', 'aria-label': say('picture_alt'), width: 1, height: 1 });
  const heatmapUrl = verdict?.heatmap_url;
  const button = element('button', { type: 'button', 'aria-pressed': 'false', onclick: toggle }, say('show_heatmap'));
  const facts = element('span', { class: 'hint' }, `${image.width_px ?? '?'} × ${image.height_px ?? '?'} px`);
  const figure = element('figure', {}, canvas, element('figcaption', {}, facts, heatmapUrl ? button : null));
  const pictureUrl = image.picture_url;

  function toggle(): void {
    const isOn = button.getAttribute('aria-pressed') !== 'true';
    void show(isOn && heatmapUrl ? heatmapUrl : pictureUrl).then((isShown) => {
      if (!isShown) return dialog.announce(say('picture_gone'));
      button.setAttribute('aria-pressed', String(isOn));
      canvas.setAttribute('aria-label', say(isOn ? 'heatmap_alt' : 'picture_alt'));
    });
  }

  async function show(url: string): Promise<boolean> {
    try {
      const text = await askBackground<string>({ type: 'picture', url });
      draw(canvas, await createImageBitmap(new Blob([fromBase64(text)])));
      return true;
    } catch {
      return false; // the link is too old, or a format that this browser does not show
    }
  }

  void show(pictureUrl).then((isShown) => {
    canvas.hidden = !isShown;
  });
  return figure;
}

function draw(canvas: HTMLCanvasElement, bitmap: ImageBitmap): void {
  const scale = Math.min(1, MAX_SIDE_PX / Math.max(bitmap.width, bitmap.height));
  // A heatmap has few cells: it is drawn as large as the picture that it lies over.
  if (canvas.width <= 1 || bitmap.width * scale > canvas.width) {
    canvas.width = Math.round(bitmap.width * scale);
    canvas.height = Math.round(bitmap.height * scale);
  }
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
}
