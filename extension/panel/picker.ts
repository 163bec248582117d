// Asks which picture is meant, where the browser does not say: a button over each, usable by keyboard.
import type { Shown } from '../pictures/find';
import { speaker, type Tongue } from '../words/words';
import { element } from './element';
import { addLayer } from './layer';
import pickerCss from './picker.css?inline';

/** The choice, or null when the reader leaves. */
export function pickPicture(choices: Shown[], tongue: Tongue): Promise<Shown | null> {
  const say = speaker(tongue);
  const layer = addLayer(pickerCss, false);
  const back = document.activeElement;
  const dialog = element('dialog', { 'aria-label': say('pick_title'), lang: tongue }, element('p', { role: 'status' }, say('pick_title')));
  return new Promise((resolve) => {
    const end = (choice: Shown | null) => {
      removeEventListener('scroll', place, true);
      layer.host.remove();
      if (back instanceof HTMLElement) back.focus();
      resolve(choice);
    };
    const buttons = choices.map((choice, at) => {
      const name = `${say('pick_picture', { number: at + 1 })} ${choice.element?.getAttribute('alt') ?? ''}`.trim();
      return element('button', { type: 'button', 'aria-label': name, onclick: () => end(choice) });
    });
    const place = () => choices.forEach(({ element: shown }, at) => putOver(buttons[at], shown));
    dialog.append(...buttons, element('button', { type: 'button', class: 'leave', onclick: () => end(null) }, say('cancel')));
    dialog.addEventListener('cancel', () => end(null));
    layer.root.append(dialog);
    addEventListener('scroll', place, true);
    place();
    dialog.showModal();
    buttons[0]?.focus();
  });
}

function putOver(button: HTMLElement | undefined, shown: Element | null): void {
  const box = shown?.getBoundingClientRect();
  if (!button || !box) return;
  Object.assign(button.style, { left: `${box.left}px`, top: `${box.top}px`, width: `${box.width}px`, height: `${box.height}px` });
}
