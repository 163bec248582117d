// What a reader can say back: that's wrong, let a person look, and a sentence for a report.
import { CheckProblem } from '../api/problems';
import type { Check, Says, Verdict } from '../api/types';
import type { Speaker, WordKey } from '../words/words';
import { askBackground } from './ask_background';
import type { Dialog } from './dialog';
import { element } from './element';
import { problemSentence } from './problem_view';

export interface Respond {
  check: Check;
  verdict: Verdict;
  dialog: Dialog;
  say: Speaker;
  tongue: string;
}

const MAX_NOTE_CHARACTERS = 1000;
const REASONS = ['know_source', 'looks_wrong', 'other'] as const;

export function respondView(respond: Respond): HTMLElement {
  const { say } = respond;
  return element(
    'section',
    { class: 'respond' },
    element('h2', {}, say('respond_title')),
    element('details', {}, element('summary', {}, say('thats_wrong')), feedbackForm(respond)),
    element('details', {}, element('summary', {}, say('ask_person')), appealForm(respond)),
    element('details', {}, element('summary', {}, say('copy_sentence')), reportField(respond)),
  );
}

function feedbackForm({ check, dialog, say }: Respond): HTMLFormElement {
  const says = choice('says', say('it_is'), (['ai', 'real', 'unsure'] as const).map((value) => [value, say(`human_${value}`)]));
  const reason = choice('reason', say('why'), REASONS.map((value) => [value, say(`reason_${value}` as WordKey)]));
  return sendingForm([says, reason, note(say)], say('send_feedback'), say('feedback_sent'), dialog, say, (form) =>
    askBackground({
      type: 'feedback',
      checkId: check.id,
      says: String(form.get('says')) as Says,
      reason: String(form.get('reason')),
      note: String(form.get('note')),
    }),
  );
}

function appealForm({ check, dialog, say }: Respond): HTMLFormElement {
  const hint = element('p', {}, say('appeal_hint'));
  return sendingForm([hint, note(say)], say('send_appeal'), say('appeal_sent'), dialog, say, (form) =>
    askBackground({ type: 'appeal', checkId: check.id, note: String(form.get('note')) }),
  );
}

function sendingForm(
  fields: Node[],
  button: string,
  done: string,
  dialog: Dialog,
  say: Speaker,
  send: (form: FormData) => Promise<unknown>,
): HTMLFormElement {
  const answer = element('p', { class: 'answer' });
  const submit = element('button', { class: 'primary' }, button);
  const form = element('form', {}, ...fields, submit, answer);
  const tell = (text: string) => {
    answer.textContent = text;
    dialog.announce(text);
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submit.disabled = true;
    send(new FormData(form)).then(
      () => tell(done),
      (error: unknown) => {
        submit.disabled = false;
        tell(error instanceof CheckProblem ? problemSentence(error, say) : say('problem_refused'));
      },
    );
  });
  return form;
}

function choice(name: string, title: string, values: [string, string][]): HTMLElement {
  const options = values.map(([value, text], at) =>
    element('label', {}, element('input', { type: 'radio', name, value, checked: at === 0 }), ` ${text}`),
  );
  return element('fieldset', {}, element('legend', {}, title), ...options);
}

const note = (say: Speaker): HTMLElement =>
  element('label', {}, say('note'), element('textarea', { name: 'note', rows: 2, maxlength: MAX_NOTE_CHARACTERS }));

/** A text field, so that it can be copied by hand where the page may not use the clipboard. */
function reportField({ check, verdict, say, dialog, tongue }: Respond): HTMLElement {
  const field = element('textarea', { readonly: true, rows: 4, 'aria-label': say('copy_sentence') });
  field.value = reportSentence(check, verdict, say, tongue);
  const copy = () => {
    field.select();
    void navigator.clipboard.writeText(field.value).then(
      () => dialog.announce(say('copied')),
      () => document.execCommand('copy') && dialog.announce(say('copied')),
    );
  };
  return element('div', {}, field, element('button', { type: 'button', onclick: copy }, say('copy')));
}

export const reportSentence = (check: Check, verdict: Verdict, say: Speaker, tongue: string): string =>
  say('report', {
    label: say(`label_${verdict.label}`),
    image: check.url ?? `SHA-256 ${check.image?.sha256 ?? '?'}`,
    date: new Date(verdict.decided_at).toLocaleDateString(tongue, { dateStyle: 'long' }),
    check: check.id,
    model: verdict.model.version,
    thresholds: verdict.model.threshold_version,
  });
