// What is being done now, with a way out.
import type { Step } from '../ladder/run_check';
import type { Speaker, WordKey } from '../words/words';
import type { Dialog } from './dialog';
import { element } from './element';

const SHOWN: WordKey[] = ['step_getting', 'step_asking', 'step_sending', 'step_detecting'];
const LINE_OF_STEP: Record<Step, number> = { getting: 0, asking: 1, sending: 2, queued: 3, fetching: 3, detecting: 3, done: 3, failed: 3 };

/** Shows the steps; the answer moves them on. */
export function showProgress(dialog: Dialog, say: Speaker, cancel: () => void): (step: Step) => void {
  const lines = SHOWN.map((key) => element('li', {}, say(key)));
  const button = element('button', { type: 'button', onclick: cancel }, say('cancel'));
  dialog.fill(say('step_getting'), element('ol', { class: 'steps' }, ...lines), element('p', { class: 'actions' }, button));
  const show = (step: Step) => {
    const now = LINE_OF_STEP[step];
    lines.forEach((line, at) => {
      line.classList.toggle('past', at < now);
      if (at === now) line.setAttribute('aria-current', 'step');
      else line.removeAttribute('aria-current');
    });
    dialog.announce(say(SHOWN[now] ?? 'step_getting'));
  };
  show('getting');
  return show;
}
