// The dialog itself: in the top layer, focus goes in and comes back, Esc closes.
import type { Speaker } from '../words/words';
import { element, type Child } from './element';
import type { Layer } from './layer';

export interface Dialog {
  /** Put something new into the dialog; `said` is read out to those who do not see it. */
  fill(said: string, ...children: Child[]): void;
  /** Read something out without changing what is there. */
  announce(said: string): void;
  onClose(listener: () => void): void;
  close(): void;
  setShown(isShown: boolean): void;
  text(): string;
}

export function makeDialog({ host, root }: Layer, say: Speaker, language: string, direction: 'ltr' | 'rtl'): Dialog {
  const back = deepestFocus();
  const listeners: (() => void)[] = [];
  const status = element('p', { role: 'status', class: 'for-readers' });
  const body = element('div', { class: 'body' });
  const title = element('h1', { id: 'title', tabindex: '-1' }, say('panel_title'));
  const dialog = element('dialog', { 'aria-labelledby': 'title', lang: language, dir: direction });
  const leave = element('button', { type: 'button', class: 'close', 'aria-label': say('close'), onclick: () => dialog.close() }, '×');
  dialog.append(element('header', {}, title, leave), status, body);
  dialog.addEventListener('close', () => {
    host.remove();
    listeners.forEach((listener) => listener());
    if (back instanceof HTMLElement) back.focus({ preventScroll: true });
  });
  keepKeysIn(dialog);
  root.append(dialog);
  dialog.showModal();
  title.focus();
  return {
    fill(said, ...children) {
      const hadFocus = root.activeElement !== null && body.contains(root.activeElement);
      body.replaceChildren(...children.filter((child): child is Node => child instanceof Node));
      if (hadFocus || root.activeElement === null) title.focus();
      announceIn(status, said);
    },
    announce: (said) => announceIn(status, said),
    onClose: (listener) => void listeners.push(listener),
    close: () => dialog.close(),
    setShown(isShown) {
      // Not by `close`: that would end the check. Not by `display`: that would lose the focus.
      host.style.opacity = isShown ? '' : '0';
      dialog.classList.toggle('away', !isShown);
    },
    text: () => `${status.textContent}\n${body.innerText}`,
  };
}

/** A page's shortcuts must not fire while the reader types in the panel. */
function keepKeysIn(dialog: HTMLDialogElement): void {
  for (const type of ['keydown', 'keypress', 'keyup'] as const) {
    dialog.addEventListener(type, (event) => event.stopPropagation());
  }
}

/** Announce once: a status that is said again is not read again. */
function announceIn(status: HTMLElement, said: string): void {
  if (status.textContent !== said) status.textContent = said;
}

function deepestFocus(): Element | null {
  let focused = document.activeElement;
  while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
  return focused;
}
